"""The things a workspace is made of: people, channels, messages, views, apps.

They are mutable on purpose, because they *are* the state of the simulated Slack; everything that leaves the
package is a plain dict (see `shapes`) or a frozen record (see `records`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class User:
    """A member of the workspace, or a stranger who is only seen through a shared channel."""

    id: str
    name: str
    real_name: str
    team_id: str
    email: str
    color: str
    title: str = ""
    tz: str = "Etc/UTC"
    is_bot: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    is_away: bool = False  # an ephemeral message never reaches somebody who is away
    updated: int = 0


@dataclass(slots=True, kw_only=True)
class Usergroup:
    """A user group (`subteam`): its members may approve things elsewhere, so tests take people out of it."""

    id: str
    handle: str
    name: str
    members: dict[str, None] = field(default_factory=dict)
    is_disabled: bool = False


@dataclass(slots=True, kw_only=True)
class Message:
    """One message; `thread_ts` is set on replies, and on a parent once it has replies."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[JsonObject] = field(default_factory=list)
    attachments: list[JsonObject] = field(default_factory=list)
    bot_id: str | None = None
    app_id: str | None = None
    thread_ts: str | None = None
    replies: list[str] = field(default_factory=list)
    metadata: JsonObject | None = None
    edited_ts: str | None = None
    ephemeral_to: str | None = None
    deleted: bool = False  # a tombstone: the parent of a thread that is still there
    username: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    earlier_blocks: list[list[JsonObject]] = field(default_factory=list)  # what a stale client may still draw
    values: JsonObject = field(default_factory=dict)  # state of the inputs, per block and action


@dataclass(slots=True, kw_only=True)
class Channel:
    """A conversation. `timeline` holds the ts of top-level messages in order; replies hang on their parent."""

    id: str
    name: str
    created: int
    is_private: bool = False
    is_im: bool = False
    im_user: str | None = None
    im_app: str | None = None
    is_ext_shared: bool = False
    is_archived: bool = False
    topic: str = ""
    members: dict[str, None] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    timeline: list[str] = field(default_factory=list)
    ephemerals: dict[str, list[Message]] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[JsonObject] = field(default_factory=list)

    @property
    def scope_family(self) -> str:
        """The first half of the scopes that guard this kind of conversation, as in `groups:read`."""
        if self.is_im:
            return "im"
        return "groups" if self.is_private else "channels"


@dataclass(slots=True, kw_only=True)
class View:
    """A modal or an App Home tab as Slack stores it; `body` is what the app sent, blocks completed with ids."""

    id: str
    app_id: str
    user: str
    body: JsonObject
    hash: str
    root_view_id: str
    previous_view_id: str | None = None
    values: JsonObject = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class App:
    """An installed app with its tokens and the way it is reached."""

    app_id: str
    name: str
    bot_id: str
    bot_user_id: str
    bot_token: str
    app_token: str
    signing_secret: str
    verification_token: str
    scopes: frozenset[str]
    commands: dict[str, tuple[str, str]]  # command -> (description, usage hint)
    shortcuts: dict[str, str]  # callback_id -> name
    events: frozenset[str]
    request_url: str | None
    socket_mode: bool
    is_installed: bool = True
