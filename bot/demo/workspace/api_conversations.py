"""conversations.*: who is where, what was said, and opening direct messages.

https://docs.slack.dev/reference/methods?family=conversations
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from .arguments import Refused
from .paging import next_cursor, page_of
from .shapes import channel_json, message_json
from .state import ts_key
from .things import Channel, JsonObject, Message
from .web_api import Ask, method

KINDS = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


@method("conversations.open")
def open_conversation(ask: Ask) -> JsonObject:
    """Open the direct messages with one person; several at once are another kind that no app here needs."""
    if ask.args.get("channel"):
        return {"channel": {"id": ask.channel(scope="write").id}}
    wanted = [one.strip() for one in (ask.args.get("users") or "").split(",") if one.strip()]
    if not wanted:
        raise Refused("users_list_not_supplied")
    if len(wanted) > 1:
        ask.require_scope("mpim:write")
        raise Refused("method_not_supported_for_channel_type")
    ask.require_scope("im:write")
    user = ask.state.users.get(wanted[0])
    if user is None:
        raise Refused("user_not_found")
    if user.deleted:
        raise Refused("user_disabled")
    if user.is_bot:
        raise Refused("cannot_dm_bot")
    key = (ask.app.app_id, user.id)
    was_open = key in ask.state.direct_messages
    if ask.args.get("prevent_creation") and not was_open:
        raise Refused("channel_not_found")
    channel = ask.messages.direct_message(ask.app, user.id)
    seen = {"no_op": True, "already_open": True} if was_open else {}
    whole = channel_json(ask.state, channel, ask.app) if ask.args.get("return_im") else {"id": channel.id}
    return seen | {"channel": whole}


@method("conversations.info")
def info(ask: Ask) -> JsonObject:
    """One conversation."""
    channel = ask.channel(scope="read")
    count = bool(ask.args.get("include_num_members"))
    return {"channel": channel_json(ask.state, channel, ask.app, with_count=count)}


@method("conversations.members")
def members(ask: Ask) -> JsonObject:
    """The members of a conversation, page by page."""
    channel = ask.channel(scope="read")
    page, cursor = page_of(list(channel.members), ask.args)
    return {"members": page} | next_cursor(cursor)


@method("conversations.list")
def list_conversations(ask: Ask) -> JsonObject:
    """The conversations of the wanted kinds that the app may know of."""
    kinds = (ask.args.get("types") or "public_channel").replace(" ", "").split(",")
    if set(kinds) - KINDS.keys():
        raise Refused("invalid_types")
    families = {KINDS[kind] for kind in kinds}
    for family in families:
        ask.require_scope(f"{family}:read")
    found = [c for c in ask.state.channels.values() if c.scope_family in families and _is_known(ask, c)]
    if ask.args.get("exclude_archived"):
        found = [channel for channel in found if not channel.is_archived]
    page, cursor = page_of(found, ask.args)
    channels = [channel_json(ask.state, one, ask.app, with_count=not one.is_im) for one in page]
    return {"channels": channels} | next_cursor(cursor)


def _is_known(ask: Ask, channel: Channel) -> bool:
    return channel.scope_family == "channels" or ask.app.bot_user_id in channel.members


@method("conversations.join")
def join(ask: Ask) -> JsonObject:
    """Join a public channel."""
    channel = ask.channel()
    if channel.is_archived:
        raise Refused("is_archived")
    if channel.is_private or channel.is_im:
        raise Refused("method_not_supported_for_channel_type")
    if ask.app.bot_user_id in channel.members:
        ask.warnings.append("already_in_channel")
    channel.members[ask.app.bot_user_id] = None
    ask.messages.channels_changed()
    return {"channel": channel_json(ask.state, channel, ask.app)}


@method("conversations.history")
def history(ask: Ask) -> JsonObject:
    """Top-level messages, the newest first."""
    channel = _readable(ask)
    window = _between(ask, channel.timeline)[::-1]
    page, cursor = page_of(window, ask.args, most=999)
    shown = [_shown(ask, channel.messages[ts]) for ts in page]
    more = next_cursor(cursor) if cursor else {}
    return {"messages": shown, "has_more": bool(cursor), "pin_count": len(channel.pins)} | more


@method("conversations.replies")
def replies(ask: Ask) -> JsonObject:
    """A thread: the parent, then the replies, the oldest first."""
    channel = _readable(ask)
    message = channel.messages.get(ask.args["ts"])
    if message is None:
        raise Refused("thread_not_found")
    parent = channel.messages.get(message.thread_ts or message.ts, message)
    page, cursor = page_of([parent.ts, *_between(ask, parent.replies)], ask.args, default=1000)
    shown = [_shown(ask, channel.messages[ts]) for ts in page]
    return {"messages": shown, "has_more": bool(cursor)} | (next_cursor(cursor) if cursor else {})


def _readable(ask: Ask) -> Channel:
    channel = ask.channel(scope="history")
    if ask.app.bot_user_id not in channel.members:
        raise Refused("not_in_channel")
    return channel


def _between(ask: Ask, timeline: list[str]) -> list[str]:
    """The part of a timeline within `oldest` and `latest`; `inclusive` counts for limits that are given."""
    oldest, latest = ask.args.get("oldest") or "", ask.args.get("latest") or ""
    for name, value in (("oldest", oldest), ("latest", latest)):
        if value and value != "now" and not value.replace(".", "", 1).isdigit():
            raise Refused(f"invalid_ts_{name}")
    inclusive = bool(ask.args.get("inclusive"))
    start, end = 0, len(timeline)
    if oldest:
        start = (bisect_left if inclusive else bisect_right)(timeline, ts_key(oldest))
    if latest and latest != "now":
        end = (bisect_right if inclusive else bisect_left)(timeline, ts_key(latest))
    return timeline[start:end]


def _shown(ask: Ask, message: Message) -> JsonObject:
    return message_json(ask.state, message, with_metadata=bool(ask.args.get("include_all_metadata")))
