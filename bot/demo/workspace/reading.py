"""What a person sees: the messages of a channel or a thread, with the ephemerals meant for them."""

from __future__ import annotations

from .shapes import page_message
from .state import State
from .things import Channel, JsonObject, Message


def messages_for(user_id: str, channel: Channel, thread_ts: str | None = None) -> list[JsonObject]:
    """Oldest first; without `thread_ts` what is on top level, with it the parent and its replies."""
    if thread_ts is None:
        found = [channel.messages[ts] for ts in channel.timeline]
    else:
        parent = channel.messages.get(thread_ts)
        found = [parent, *(channel.messages[ts] for ts in parent.replies)] if parent else []
    private = [one for one in channel.ephemerals.get(user_id, []) if one.thread_ts == thread_ts]
    if private:
        found = sorted([*found, *private], key=lambda message: message.ts)
    return [page_message(message) for message in found]


def forget_ephemerals(state: State, user_id: str) -> None:
    """What a reload does."""
    for channel in state.channels.values():
        channel.ephemerals.pop(user_id, None)


def everything(state: State) -> JsonObject:
    """All messages there are, in every channel, ephemerals included, in the order they were posted."""
    found: list[Message] = []
    for channel in state.channels.values():
        found += channel.messages.values()
        found += [message for some in channel.ephemerals.values() for message in some]
    return {"messages": [page_message(one) for one in sorted(found, key=lambda message: message.ts)]}
