"""The people and channels of the demo: who asks, who approves, who may not, and where it is talked about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .things import App, Channel, User, Usergroup
from .workspace import DEFAULT_EVENTS, Workspace

SCOPES = (
    "chat:write",
    "chat:write.public",
    "commands",
    "im:write",
    "im:history",
    "im:read",
    "users:read",
    "users:read.email",
    "usergroups:read",
    "channels:read",
    "channels:history",
    "groups:read",
    "groups:history",
    "reactions:write",
    "pins:write",
    "bookmarks:write",
    "team:read",
)
COMMANDS = (("/failover", "Request a planned failover", "[group] | help"),)
SHORTCUTS = (("open_failover", "Request a failover"),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """A workspace with everybody in it; `tokens` is what a bot needs, without the address, which starting adds."""

    slack: Workspace
    app: App
    requester: User
    approvers: tuple[User, User]
    bystander: User
    guest: User
    approvals: Channel
    incidents: Channel
    general: Channel
    approver_group: Usergroup
    tokens: dict[str, str]


def standalone(
    *,
    scopes: Iterable[str] = SCOPES,
    commands: Iterable[tuple[str, ...]] = COMMANDS,
    shortcuts: Iterable[tuple[str, str]] = SHORTCUTS,
    events: Iterable[str] = DEFAULT_EVENTS,
    request_url: str | None = None,
    socket_mode: bool = True,
    **workspace: Any,
) -> Cast:
    """A workspace with the demo's cast, not yet started; `workspace` are arguments of `Workspace`."""
    slack = Workspace(**workspace)
    rosa, amir, chen, pat, gus = _people(slack)
    staff = (rosa, amir, chen, pat)
    app = slack.install_app(
        "failover-bot",
        scopes=scopes,
        commands=commands,
        shortcuts=shortcuts,
        events=events,
        request_url=request_url,
        socket_mode=socket_mode,
    )
    bot = app.bot_user_id
    return Cast(
        slack=slack,
        app=app,
        requester=rosa,
        approvers=(amir, chen),
        bystander=pat,
        guest=gus,
        general=slack.add_channel("general", members=staff, topic="Everybody"),
        approvals=slack.add_channel("dr-approvals", members=(*staff, gus, bot), topic="Failover requests"),
        incidents=slack.add_channel("incidents", members=(*staff, bot), topic="What is going on"),
        approver_group=slack.add_usergroup("dr-approvers", members=(amir, chen), name="DR approvers"),
        tokens={name: value for name, value in slack.environment(app).items() if name != "SLACK_API_URL"},
    )


def _people(slack: Workspace) -> tuple[User, User, User, User, User]:
    add = slack.add_user
    return (
        add("rosa", real_name="Rosa Lindqvist", title="Site reliability engineer", tz="Europe/Stockholm"),
        add("amir", real_name="Amir Haddad", title="Platform lead, approver", tz="Europe/Berlin"),
        add("chen", real_name="Chen Wei", title="Application owner, approver", tz="Asia/Singapore"),
        add("pat", real_name="Pat Novak", title="Product analyst, no rights", tz="Europe/Prague"),
        add("gus", real_name="Gus Meyer", title="Consultant, guest", is_restricted=True),
    )
