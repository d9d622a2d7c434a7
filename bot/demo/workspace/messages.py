"""Posting, editing and deleting: the one place where a conversation changes, the page hears of it and apps too."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from operator import eq
from typing import Any

from .changes import Changes
from .shapes import message_json, page_channel, page_message
from .state import State
from .things import App, Channel, JsonObject, Message
from .views import completed_blocks

REMEMBERED_BLOCKS = 20
Emit = Callable[[str, JsonObject, Channel], None]  # (subscription, event, where it happened)


class Messages:
    """The writing side of all conversations."""

    def __init__(self, state: State, changes: Changes, emit: Emit) -> None:
        self._state, self._changes, self._emit = state, changes, emit

    def post(self, channel: Channel, *, user: str, text: str, **fields: Any) -> Message:
        """A message that stays. `fields` are those of `Message`; blocks are completed with ids."""
        message = self._new(channel, user, text, fields)
        self._state.store(channel, message)
        self._tell("message", channel, message)
        self._emit_message(channel, {**message_json(self._state, message, with_metadata=True)})
        return message

    def post_ephemeral(self, channel: Channel, to: str, *, user: str, text: str, **fields: Any) -> Message:
        """A message for one person's eyes, gone when they reload; one who is away never gets it."""
        message = self._new(channel, user, text, fields)
        message.ephemeral_to = to
        if not self._state.users[to].is_away:
            channel.ephemerals.setdefault(to, []).append(message)
            self._tell("message", channel, message)
        return message

    def edit(self, channel: Channel, message: Message, **fields: Any) -> None:
        """Change an own message; earlier blocks are remembered because a stale client may still show them."""
        message.earlier_blocks = [*message.earlier_blocks, message.blocks][-REMEMBERED_BLOCKS:]
        if "blocks" in fields:
            fields["blocks"] = completed_blocks(self._state, fields["blocks"])
        for name, value in fields.items():
            setattr(message, name, value)
        message.edited_ts = self._state.new_ts()
        self._tell("message_changed", channel, message)
        if message.ephemeral_to is not None:
            return
        changed = message_json(self._state, message, with_metadata=True)
        self._emit_message(channel, {"type": "message", "subtype": "message_changed", "message": changed})

    def delete(self, channel: Channel, message: Message) -> None:
        """Remove a message; a parent with replies leaves a tombstone."""
        previous = message_json(self._state, message)
        if message.ephemeral_to is not None:
            channel.ephemerals[message.ephemeral_to].remove(message)
            return self._tell_deleted(channel, message)
        self._state.remove(channel, message)
        if message.deleted:
            self._tell("message_changed", channel, message)
        else:
            self._tell_deleted(channel, message)
        gone = {"subtype": "message_deleted", "deleted_ts": message.ts, "previous_message": previous}
        return self._emit_message(channel, {"type": "message", "hidden": True, **gone})

    def decorated(self, channel: Channel, message: Message) -> None:
        """Reactions or pins changed: the page draws the message again."""
        self._tell("message_changed", channel, message)

    def channels_changed(self) -> None:
        """Memberships, names or archives changed: every page gets its list anew."""
        for user_id in self._changes.listeners():
            event = {"type": "channels", "channels": self.visible_channels(user_id)}
            self._changes.tell(event, partial(eq, user_id))
        self._changes.wake()

    def direct_message(self, app: App, user_id: str) -> Channel:
        """The direct messages between an app and a person; a new conversation shows up in the page's list."""
        is_new = (app.app_id, user_id) not in self._state.direct_messages
        channel = self._state.direct_message(app, user_id)
        if is_new:
            self.channels_changed()
        return channel

    def visible_channels(self, user_id: str) -> list[JsonObject]:
        """The conversations a person may open."""
        channels = self._state.channels.values()
        return [page_channel(channel) for channel in channels if self._state.is_visible(channel, user_id)]

    def _new(self, channel: Channel, user: str, text: str, fields: JsonObject) -> Message:
        fields["blocks"] = completed_blocks(self._state, fields.get("blocks") or [])
        return Message(ts=self._state.new_ts(), channel=channel.id, user=user, text=text, **fields)

    def _sees(self, channel: Channel, message: Message, who: str) -> bool:
        if message.ephemeral_to is not None:
            return who == message.ephemeral_to
        return self._state.is_visible(channel, who)

    def _tell(self, kind: str, channel: Channel, message: Message) -> None:
        if not self._changes.listeners():
            return self._changes.wake()
        event = {"type": kind, "message": page_message(message)}
        self._changes.tell(event, lambda who: self._sees(channel, message, who))
        if message.thread_ts and (parent := channel.messages.get(message.thread_ts)) is not message and parent:
            changed = {"type": "message_changed", "message": page_message(parent)}  # its number of replies
            self._changes.tell(changed, lambda who: self._sees(channel, parent, who))
        return None

    def _tell_deleted(self, channel: Channel, message: Message) -> None:
        event = {"type": "message_deleted", "channel": channel.id, "ts": message.ts}
        self._changes.tell(event, lambda who: self._sees(channel, message, who))

    def _emit_message(self, channel: Channel, event: JsonObject) -> None:
        subscription = f"message.{channel.scope_family}"
        kind = {"im": "im", "groups": "group", "channels": "channel"}[channel.scope_family]
        ts = event.get("ts") or self._state.new_ts()
        self._emit(
            subscription,
            {**event, "channel": channel.id, "channel_type": kind, "ts": ts, "event_ts": ts},
            channel,
        )
