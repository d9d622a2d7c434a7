"""chat.*: posting, updating, deleting, ephemerals and permalinks, with what the real Slack refuses.

https://docs.slack.dev/reference/methods/chat.postMessage
"""

from __future__ import annotations

import json
from typing import Any

from .arguments import Refused
from .blocks import MESSAGE_TEXT, check_blocks, message_length
from .composition import Notebook
from .shapes import message_json
from .state import ts_key
from .things import Channel, JsonObject, Message
from .web_api import Ask, method

POSTED_TEXT, UPDATED_TEXT, MARKDOWN_TEXT = 40_000, 4_000, 12_000
# No figure is published; Slack's own SDK pages speak of "a few kilobytes".
LARGEST_METADATA = 16_000
MOST_ATTACHMENTS = 100


@method("chat.postMessage")
def post_message(ask: Ask) -> JsonObject:
    """Post where the app may: its channels, public ones with chat:write.public, direct messages."""
    channel = _destination(ask)
    _may_post(ask, channel)
    content = _content(ask, longest=None)
    if ask.args.get("thread_ts"):
        content["thread_ts"] = _thread_of(channel, ask.args["thread_ts"])
    if metadata := _metadata(ask):
        content["metadata"] = metadata
    message = ask.messages.post(channel, **_author(ask), **content)
    shape = message_json(ask.state, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shape}


@method("chat.postEphemeral")
def post_ephemeral(ask: Ask) -> JsonObject:
    """Show something to one member of the channel; metadata is ignored, and nothing is kept."""
    channel = ask.channel()
    user_id = str(ask.args["user"])
    _may_post(ask, channel)
    if user_id not in channel.members or ask.state.users[user_id].deleted:
        raise Refused("user_not_in_channel")
    content = _content(ask, longest=POSTED_TEXT)
    thread_ts = ask.args.get("thread_ts")
    message = ask.messages.post_ephemeral(channel, user_id, thread_ts=thread_ts, **_author(ask), **content)
    return {"message_ts": message.ts}


@method("chat.update")
def update_message(ask: Ask) -> JsonObject:
    """Edit an own message while the workspace's edit window is open; what is not given stays."""
    channel = ask.channel()
    message = _own(ask, channel, "ts", "cant_update_message")
    if channel.is_archived:
        raise Refused("is_inactive")
    window_seconds = ask.state.edit_window_seconds
    if window_seconds is not None and ask.state.now() - float(message.ts) > window_seconds:
        raise Refused("edit_window_closed")
    content = _content(ask, longest=UPDATED_TEXT, replacing=message)
    if ask.args.get("metadata") is not None:
        content["metadata"] = _metadata(ask) or None
    ask.messages.edit(channel, message, **content)
    shape = message_json(ask.state, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shape}


@method("chat.delete")
def delete_message(ask: Ask) -> JsonObject:
    """Delete an own message."""
    channel = ask.channel()
    message = _own(ask, channel, "ts", "cant_delete_message")
    ask.messages.delete(channel, message)
    return {"channel": channel.id, "ts": message.ts}


@method("chat.getPermalink")
def get_permalink(ask: Ask) -> JsonObject:
    """The address of a message; replies carry their thread."""
    channel = ask.channel()
    message = channel.messages.get(ask.args["message_ts"])
    if message is None:
        raise Refused("message_not_found")
    link = f"{ask.url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _destination(ask: Ask) -> Channel:
    """A channel id, a person (their direct messages) or a channel name."""
    wanted = str(ask.args["channel"])
    if wanted in ask.state.users:
        user = ask.state.users[wanted]
        if user.is_bot:
            raise Refused("cannot_dm_bot")
        return ask.messages.direct_message(ask.app, wanted)
    if wanted not in ask.state.channels:
        name = wanted.removeprefix("#")
        named = next((c for c in ask.state.channels.values() if c.name == name and not c.is_im), None)
        ask.args["channel"] = named.id if named else wanted
    return ask.channel()


def _may_post(ask: Ask, channel: Channel) -> None:
    if channel.is_archived:
        raise Refused("is_archived")
    if channel.is_im and ask.state.messages_tab_disabled:
        raise Refused("messages_tab_disabled")
    if channel.im_user and ask.state.users[channel.im_user].deleted:
        raise Refused("channel_not_found")
    may_post_unjoined = ask.method == "chat.postMessage" and "chat:write.public" in ask.app.scopes
    if ask.app.bot_user_id not in channel.members and not may_post_unjoined:
        raise Refused("not_in_channel")
    if ask.args.keys() & {"username", "icon_emoji", "icon_url"}:
        ask.require_scope("chat:write.customize")


def _author(ask: Ask) -> JsonObject:
    author = {"user": ask.app.bot_user_id, "bot_id": ask.app.bot_id, "app_id": ask.app.app_id}
    return author | ({"username": ask.args["username"]} if ask.args.get("username") else {})


def _thread_of(channel: Channel, thread_ts: str) -> str:
    """The parent's ts; a ts that never was, or is gone, is kept and lands on top level when stored."""
    parent = channel.messages.get(ts_key(thread_ts))
    if parent is not None and parent.thread_ts not in (None, parent.ts):
        raise Refused("cannot_reply_to_message")
    return ts_key(thread_ts)


def _own(ask: Ask, channel: Channel, name: str, refusal: str) -> Message:
    message = channel.messages.get(ask.args[name])
    if message is None or message.deleted:
        raise Refused("message_not_found")
    if message.app_id != ask.app.app_id:
        raise Refused(refusal)
    return message


def _content(ask: Ask, *, longest: int | None, replacing: Message | None = None) -> dict[str, Any]:
    """text, blocks and attachments, checked. `longest` None truncates at 40,000 with a warning instead."""
    args = ask.args
    markdown, text = args.get("markdown_text"), args.get("text")
    if markdown is not None and (text or args.get("blocks")):
        raise Refused("markdown_text_conflict")
    if markdown is not None and len(markdown) > MARKDOWN_TEXT:
        raise Refused("msg_too_long")
    content: dict[str, Any] = {n: args[n] for n in ("blocks", "attachments") if args.get(n) is not None}
    _check_content(ask, content, replacing)
    if text is not None or markdown is not None or replacing is None:
        content["text"] = _text(ask, markdown or text or "", longest)
    if not any(content.values()):
        raise Refused("no_text")
    return content


def _text(ask: Ask, text: str, longest: int | None) -> str:
    if longest is not None and len(text) > longest:
        raise Refused("msg_too_long")
    if len(text) > POSTED_TEXT:
        ask.warnings.append("message_truncated")
    return text[:POSTED_TEXT]


def _check_content(ask: Ask, content: dict[str, Any], replacing: Message | None) -> None:
    blocks = content.get("blocks", [])
    if not isinstance(blocks, list):
        raise Refused("invalid_blocks_format")
    notes = Notebook(new_blocks_available=ask.state.new_blocks_available)
    check_blocks(notes, blocks, "message")
    if notes.errors:
        raise Refused("invalid_blocks", *notes.errors)
    if message_length(blocks) > MESSAGE_TEXT:
        raise Refused("msg_blocks_too_long")
    if replacing is not None and blocks and _is_rich(replacing.blocks) and not _is_rich(blocks):
        raise Refused("block_mismatch")
    attachments = content.get("attachments", [])
    if not isinstance(attachments, list):
        raise Refused("invalid_attachments")
    if len(attachments) > MOST_ATTACHMENTS:
        raise Refused("too_many_attachments")


def _is_rich(blocks: list[JsonObject]) -> bool:
    return any(block["type"] == "rich_text" for block in blocks)


def _metadata(ask: Ask) -> JsonObject:
    """Checked metadata: an event type and a flat payload (work objects pass), or {} for none."""
    metadata = ask.args.get("metadata")
    if not metadata:
        return {}
    if not isinstance(metadata, dict):
        raise Refused("invalid_metadata_format")
    if len(json.dumps(metadata)) > LARGEST_METADATA:
        raise Refused("metadata_too_large")
    if "entities" in metadata and "event_type" not in metadata:
        return metadata
    payload = metadata.get("event_payload")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(payload, dict):
        raise Refused("invalid_metadata_schema")
    if metadata.keys() - {"event_type", "event_payload", "entities"} or not all(map(_is_flat, payload.values())):
        raise Refused("invalid_metadata_schema")
    return metadata


def _is_flat(value: Any) -> bool:
    """Slack keeps strings, numbers, booleans and lists of them."""
    scalars = (str, int, float, bool, type(None))
    return isinstance(value, scalars) or (isinstance(value, list) and all(isinstance(v, scalars) for v in value))
