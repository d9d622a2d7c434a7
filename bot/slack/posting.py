"""One message onto Slack or changed there: the calls, what their answers mean, and the search for a lost one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.slack.cards import Message
from bot.slack.client import Answer, Done, Limited, Lost, Refused, Wire
from bot.slack.ids import MESSAGE_EVENT
from bot.slack.spots import EXTERNAL, NO_CHANNEL, Spot

# What an answer's error means. https://docs.slack.dev/reference/methods/chat.postMessage#errors
CHANNEL_TROUBLE = frozenset(
    {
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "is_inactive",
        "restricted_action",
        "restricted_action_read_only_channel",
        "no_permission",
        "team_access_not_granted",
        EXTERNAL,
        NO_CHANNEL,
    }
)
THREAD_TROUBLE = frozenset({"thread_not_found", "cannot_reply_to_message", "restricted_action_thread_locked"})
CONTENT_TROUBLE = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"})
TOKEN_TROUBLE = frozenset(
    {"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope"}
)
UNEDITABLE = frozenset({"edit_window_closed", "cant_update_message", "block_mismatch", "streaming_state_conflict"})

SEARCH_PAGES = 5
CLOCK_SKEW = timedelta(minutes=5)  # between the database's clock and Slack's


@dataclass(frozen=True, slots=True)
class Posted:
    """`thread_ts` is the thread that Slack really put it in; `text` what a message that was found says."""

    channel: str
    ts: str
    thread_ts: str = ""
    text: str = ""


async def post(wire: Wire, spot: Spot, message: Message, key: str) -> Posted | Refused | Limited | Lost:
    """`key` stands in the metadata, by which the message is found again. Blocks that Slack refuses are left out."""
    arguments: dict[str, Any] = {
        "channel": spot.channel,
        "metadata": {"event_type": MESSAGE_EVENT, "event_payload": {"key": key}},
        "unfurl_links": False,
        "unfurl_media": False,
    }
    if spot.thread_ts:
        arguments["thread_ts"] = spot.thread_ts
    answer = await wire.call("chat.postMessage", text=message.text, blocks=message.blocks, **arguments)
    if isinstance(answer, Refused) and answer.error in CONTENT_TROUBLE:
        answer = await wire.call("chat.postMessage", text=message.text, **arguments)
    if not isinstance(answer, Done):
        return answer
    body = answer.body
    thread_ts = str(body.get("message", {}).get("thread_ts") or "")
    return Posted(str(body.get("channel") or spot.channel), str(body.get("ts", "")), thread_ts)


async def edit(wire: Wire, channel: str, ts: str, message: Message) -> Answer:
    answer = await wire.call("chat.update", channel=channel, ts=ts, text=message.text, blocks=message.blocks)
    if isinstance(answer, Refused) and answer.error in CONTENT_TROUBLE:
        answer = await wire.call("chat.update", channel=channel, ts=ts, text=message.text, blocks=[])
    return answer


async def whisper(wire: Wire, spot: Spot, user: str, message: Message) -> Answer:
    """Ephemeral: nobody else sees it, nothing keeps it, nothing finds it again."""
    thread = {"thread_ts": spot.thread_ts} if spot.thread_ts else {}
    return await wire.call(
        "chat.postEphemeral", channel=spot.channel, user=user, text=message.text, blocks=message.blocks, **thread
    )


async def search(
    wire: Wire, spot: Spot, key: str, since: datetime, *, but: str = ""
) -> Posted | Refused | Limited | Lost | None:
    """The message with this key that was posted after `since`, if Slack has it. `but`: the one that it replaces."""
    cursor = ""
    for _ in range(SEARCH_PAGES):
        answer = await _page(wire, spot, since - CLOCK_SKEW, cursor)
        if not isinstance(answer, Done):
            return answer
        for found in answer.body.get("messages", ()):
            if key_of(found) == key and found["ts"] != but:
                return Posted(spot.channel, str(found["ts"]), spot.thread_ts, str(found.get("text", "")))
        cursor = str((answer.body.get("response_metadata") or {}).get("next_cursor") or "")
        if not cursor:
            return None
    return None


async def _page(wire: Wire, spot: Spot, oldest: datetime, cursor: str) -> Answer:
    arguments: dict[str, Any] = {
        "channel": spot.channel,
        "oldest": f"{oldest.timestamp():.6f}",
        "include_all_metadata": True,
        "limit": 200,
    }
    if cursor:
        arguments["cursor"] = cursor
    if spot.thread_ts:
        return await wire.call("conversations.replies", ts=spot.thread_ts, **arguments)
    return await wire.call("conversations.history", **arguments)


def key_of(message: dict[str, Any]) -> str:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    return str(payload.get("key", "")) if metadata.get("event_type") == MESSAGE_EVENT else ""


def likeness(message: Message) -> str:
    """Equal for messages that look the same."""
    return json.dumps([message.text, message.blocks], sort_keys=True)
