"""The small methods: who am I, open a socket, react, pin, bookmark, and the echo test.

https://docs.slack.dev/reference/methods
"""

from __future__ import annotations

from .arguments import Refused
from .state import ts_key
from .things import Channel, JsonObject, Message
from .web_api import Ask, method

MOST_PINS, MOST_REACTIONS, MOST_BOOKMARKS = 100, 50, 100


@method("api.test")
def api_test(ask: Ask) -> JsonObject:
    """Echo, or fail as asked."""
    if ask.args.get("error"):
        raise Refused(str(ask.args["error"]))
    return {"args": ask.args}


@method("auth.test")
def auth_test(ask: Ask) -> JsonObject:
    """Who the token belongs to."""
    shape = {
        "url": f"{ask.url}/",
        "team": ask.state.team_name,
        "user": ask.app.name,
        "team_id": ask.state.team_id,
        "user_id": ask.app.bot_user_id,
        "bot_id": ask.app.bot_id,
        "is_enterprise_install": False,
    }
    if ask.token_kind == "app":
        return {"app_name": ask.app.name, "app_id": ask.app.app_id}
    return shape


@method("apps.connections.open")
def open_connection(ask: Ask) -> JsonObject:
    """A single-use WebSocket address."""
    if not ask.app.socket_mode:
        raise Refused("socket_mode_not_enabled")
    if ask.deliveries.sockets.is_refusing:
        raise Refused("internal_error")
    ticket = ask.deliveries.sockets.new_ticket(ask.app)
    return {"url": f"{ask.url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={ask.app.app_id}"}


@method("reactions.add")
def add_reaction(ask: Ask) -> JsonObject:
    """Add an emoji to a message."""
    channel, message = _message(ask)
    name = ask.args["name"].strip(":")
    if not name or not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise Refused("invalid_name")
    people = message.reactions.setdefault(name, [])
    if ask.app.bot_user_id in people:
        raise Refused("already_reacted")
    if len(message.reactions) > MOST_REACTIONS:
        raise Refused("too_many_emoji")
    people.append(ask.app.bot_user_id)
    ask.messages.decorated(channel, message)
    return {}


@method("pins.add")
def add_pin(ask: Ask) -> JsonObject:
    """Pin a message to its channel."""
    if not ask.args.get("timestamp"):
        raise Refused("no_item_specified")
    channel, message = _message(ask)
    if message.ts in channel.pins:
        raise Refused("already_pinned")
    if len(channel.pins) >= MOST_PINS:
        raise Refused("too_many_pins")
    channel.pins.append(message.ts)
    return {}


def _message(ask: Ask) -> tuple[Channel, Message]:
    channel = ask.channel()
    if ask.app.bot_user_id not in channel.members:
        raise Refused("not_in_channel")
    if channel.is_archived and ask.method == "reactions.add":
        raise Refused("is_archived")
    stamp = str(ask.args["timestamp"])
    if not stamp.replace(".", "", 1).isdigit():
        raise Refused("bad_timestamp")
    message = channel.messages.get(ts_key(stamp))
    if message is None or message.deleted:
        raise Refused("message_not_found")
    return channel, message


@method("bookmarks.add")
def add_bookmark(ask: Ask) -> JsonObject:
    """Add a link to a channel's bookmarks."""
    channel = ask.channel(name="channel_id")
    if ask.app.bot_user_id not in channel.members:
        raise Refused("permission_denied")
    if ask.args["type"] != "link":
        raise Refused("invalid_bookmark_type")
    if not str(ask.args.get("link") or "").startswith(("http://", "https://")):
        raise Refused("invalid_link")
    if len(channel.bookmarks) >= MOST_BOOKMARKS:
        raise Refused("too_many_bookmarks")
    wanted = {name: ask.args.get(name) for name in ("title", "link", "emoji", "type")}
    bookmark = {"id": ask.state.new_id("Bk"), "channel_id": channel.id, **wanted}
    channel.bookmarks.append(bookmark)
    return {"bookmark": bookmark}
