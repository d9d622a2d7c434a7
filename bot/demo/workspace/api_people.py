"""users.*, usergroups.*, team.info: who people are, which is what approvals are decided on.

https://docs.slack.dev/reference/methods?family=users
"""

from __future__ import annotations

from .arguments import Refused
from .paging import next_cursor, page_of
from .shapes import user_json
from .things import JsonObject, User, Usergroup
from .web_api import Ask, method


@method("users.info")
def user_info(ask: Ask) -> JsonObject:
    """One person."""
    user = ask.state.users.get(str(ask.args.get("user")))
    if user is None:
        raise Refused("user_not_found")
    return {"user": _shown(ask, user)}


@method("users.list")
def list_users(ask: Ask) -> JsonObject:
    """Everybody, also those who left; strangers of shared channels are not listed."""
    own = [user for user in ask.state.users.values() if not user.is_stranger]
    page, cursor = page_of(own, ask.args, default=len(own) or 1, most=max(1000, len(own)))
    members = [_shown(ask, user) for user in page]
    return {"members": members, "cache_ts": int(ask.state.now())} | next_cursor(cursor)


@method("users.lookupByEmail")
def lookup_by_email(ask: Ask) -> JsonObject:
    """The person with an address; people who left are not found."""
    wanted = str(ask.args["email"]).lower()
    for user in ask.state.users.values():
        if user.email.lower() == wanted and not user.deleted and not user.is_bot:
            return {"user": _shown(ask, user)}
    raise Refused("users_not_found")


@method("usergroups.list")
def list_usergroups(ask: Ask) -> JsonObject:
    """All user groups, with their members on request."""
    _require_plan(ask)
    shown = [group for group in ask.state.usergroups.values() if _is_wanted(ask, group)]
    return {"usergroups": [_group(ask, group) for group in shown]}


@method("usergroups.users.list")
def list_usergroup_users(ask: Ask) -> JsonObject:
    """The members of one user group."""
    _require_plan(ask)
    group = ask.state.usergroups.get(str(ask.args["usergroup"]))
    if group is None or not _is_wanted(ask, group):
        raise Refused("no_such_subteam")
    return {"users": list(group.members)}


@method("team.info")
def team_info(ask: Ask) -> JsonObject:
    """The workspace."""
    if ask.args.get("team") not in (None, "", ask.state.team_id):
        raise Refused("team_not_found")
    team = {"id": ask.state.team_id, "name": ask.state.team_name, "domain": ask.state.team_domain}
    return {"team": team | {"email_domain": "", "icon": {"image_default": True}, "url": f"{ask.url}/"}}


def _shown(ask: Ask, user: User) -> JsonObject:
    return user_json(
        ask.state,
        user,
        with_email="users:read.email" in ask.app.scopes,
        with_locale=bool(ask.args.get("include_locale")),
    )


def _require_plan(ask: Ask) -> None:
    if not ask.state.has_user_groups:
        raise Refused("plan_upgrade_required")


def _is_wanted(ask: Ask, group: Usergroup) -> bool:
    return not group.is_disabled or bool(ask.args.get("include_disabled"))


def _group(ask: Ask, group: Usergroup) -> JsonObject:
    shape: JsonObject = {
        "id": group.id,
        "team_id": ask.state.team_id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
        "description": "",
        "date_delete": 1 if group.is_disabled else 0,
    }
    if ask.args.get("include_users"):
        shape["users"] = list(group.members)
    if ask.args.get("include_count"):
        shape["user_count"] = len(group.members)
    return shape
