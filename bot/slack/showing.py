"""How one message gets onto Slack: sent or edited, and each way in which that can fail has its way out."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field, replace
from typing import TypeVar

from bot.domain.surface import PlaceKind, SurfaceId
from bot.ports import Store
from bot.slack import texts
from bot.slack.blocks import section
from bot.slack.cards import Message
from bot.slack.client import Done, Limited, Lost, Refused, Wire
from bot.slack.ends import FOLLOWS_CARD, Due, End, GivenUp, Gone, Later, ParentGone, Shown
from bot.slack.pace import Pace
from bot.slack.posting import (
    CHANNEL_TROUBLE,
    THREAD_TROUBLE,
    TOKEN_TROUBLE,
    UNEDITABLE,
    Posted,
    edit,
    post,
    search,
    whisper,
)
from bot.slack.spots import IN_DIRECT, NO_ACCOUNT, Spot, Spots, user_of

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 3.0  # a longer wait is not slept here: the surface goes back and others come first
TOKEN_SECONDS = 60.0
FIRST_BACK_OFF_SECONDS = 0.5
LONGEST_BACK_OFF_SECONDS = 30.0
URGENT_BACK_OFF_SECONDS = 8.0  # decisions and results follow soon after Slack is back
MOST_ATTEMPTS = 8  # at an error that nobody foresaw
REMEMBERED = 2000
T = TypeVar("T")

MAY_MOVE = FOLLOWS_CARD | {PlaceKind.CARD}  # what the requester must see, wherever


@dataclass(slots=True)
class Showing:
    """Remembers, for speed only, what it showed and what certainly did not arrive; a restart loses nothing."""

    store: Store
    wire: Wire
    spots: Spots
    pace: Pace = field(default_factory=Pace)
    _unsent: dict[SurfaceId, int] = field(default_factory=dict)  # at which count of attempts nothing had arrived
    _looks: dict[SurfaceId, tuple[int, str]] = field(default_factory=dict)  # what we showed last, at which count

    async def show(self, due: Due) -> End:
        end = await self._show(due)
        match end:
            case Shown():
                _remember(self._looks, due.surface.id, (due.surface.wanted, due.look))
            case Later() if end.is_unsent:
                _remember(self._unsent, due.surface.id, due.surface.attempts + 1)
        return end

    async def _show(self, due: Due) -> End:
        surface = due.surface
        if due.kind is PlaceKind.POINTER:
            return await self._whisper(due)
        is_new = not surface.ts or due.kind is PlaceKind.LOGIN  # guidance that is asked for again is sent again
        if not is_new and not self._is_orphaned(due) and not await self._must_leave(due):
            return await self._edit(due, surface.channel, surface.ts, surface.thread_ts)
        spot = await self.spots.find(surface, due.view, due.rule)
        return await self._post(due, spot) if isinstance(spot, Spot) else await self._no_spot(due, spot)

    def _is_orphaned(self, due: Due) -> bool:
        """It hangs in the thread of a card that was replaced: the next one stands in the new thread."""
        card, surface = due.view.card, due.surface
        is_elsewhere = card is not None and bool(card.ts) and surface.thread_ts not in ("", card.ts)
        return due.kind in FOLLOWS_CARD and is_elsewhere

    async def _must_leave(self, due: Due) -> bool:
        """Outsiders were let into the channel meanwhile. The card stays: its buttons must go away."""
        return due.kind in FOLLOWS_CARD and await self.spots.is_external(due.surface.channel)

    async def _no_spot(self, due: Due, trouble: Refused | Limited | Lost) -> End:
        if isinstance(trouble, Refused) and trouble.error in CHANNEL_TROUBLE:
            return await self._move(due, trouble.error)
        return self._failure(due, "conversations.open", "", trouble)

    async def _post(self, due: Due, spot: Spot, *, moved_because: str = "", is_looked_for: bool = False) -> End:
        is_unsent = self._unsent.get(due.surface.id) == due.surface.attempts
        if due.surface.sent_at and not is_unsent and not is_looked_for:
            found = await search(self.wire, spot, due.key, due.surface.sent_at, but=due.surface.ts)
            if isinstance(found, Posted):
                return await self._edit(due, found.channel, found.ts, found.thread_ts, found=found)
            if isinstance(found, Limited | Lost):
                return self._failure(due, "search", spot.channel, found)
        wait = self.pace.wait_for_post(spot.channel, is_urgent=due.is_urgent, patience=PATIENCE_SECONDS)
        if wait > PATIENCE_SECONDS:
            return Later("waits for its turn", wait, is_unsent=False)
        await asyncio.sleep(wait)
        await self.store.run(lambda tx: tx.surfaces.sending(due.surface.id))
        message = _explained(due.message, due, moved_because) if moved_because else due.message
        answer = await post(self.wire, spot, message, due.key)
        return await self._posted(due, spot, answer, moved_because)

    async def _posted(self, due: Due, spot: Spot, answer: Posted | Refused | Limited | Lost, moved_because: str) -> End:
        match answer:
            case Posted() if spot.thread_ts and answer.thread_ts != spot.thread_ts:
                await self.wire.call("chat.delete", channel=answer.channel, ts=answer.ts)
                return ParentGone("thread_not_found", spot.thread_ts)
            case Posted():
                return Shown(answer.channel, answer.ts, answer.thread_ts, moved_because)
            case Refused() if answer.error in THREAD_TROUBLE and spot.thread_ts:
                return ParentGone(answer.error, spot.thread_ts)
            case Refused() if answer.error in CHANNEL_TROUBLE and not moved_because:
                self.spots.forget(spot.channel)
                return await self._move(due, answer.error)
            case _:
                return self._failure(due, "chat.postMessage", spot.channel, answer)

    async def _move(self, due: Due, error: str) -> End:
        """The place can't be used: what the requester must see goes to the requester; the rest is given up."""
        if due.kind not in MAY_MOVE or due.is_replaced:
            return GivenUp(error)
        spot = await self.spots.requester(due.view)
        if not isinstance(spot, Spot):
            return GivenUp(error) if isinstance(spot, Refused) else self._failure(due, "conversations.open", "", spot)
        return await self._post(due, spot, moved_because=error)

    async def _edit(self, due: Due, channel: str, ts: str, thread_ts: str, *, found: Posted | None = None) -> End:
        """`found`: by a search, after its answer was lost."""
        if self._looks.get(due.surface.id) == (due.surface.rendered, due.look):
            return Shown(channel, ts, thread_ts)
        is_progress = due.kind is PlaceKind.PROGRESS
        wait = self.pace.wait_for_edit(channel, is_progress=is_progress, patience=PATIENCE_SECONDS)
        if wait > PATIENCE_SECONDS:
            return Later("waits for its turn", wait, is_unsent=False)
        await asyncio.sleep(wait)
        answer = await edit(self.wire, channel, ts, due.message)
        match answer:
            case Done():
                return Shown(channel, ts, thread_ts)
            case Refused("message_not_found"):
                return Gone(answer.error)
            case Refused() if answer.error in UNEDITABLE and found and found.text == due.message.text:
                return Shown(channel, ts, thread_ts)
            case Refused() if answer.error in UNEDITABLE:
                return await self._say_again(due, channel, ts, thread_ts, is_looked_for=found is not None)
            case Refused() if answer.error in CHANNEL_TROUBLE:
                return await self._move(due, answer.error)
            case _:
                return self._failure(due, "chat.update", channel, answer)

    async def _say_again(self, due: Due, channel: str, ts: str, thread_ts: str, *, is_looked_for: bool) -> End:
        """What may not be edited is said anew: a card's news in its thread, anything else in its place."""
        if due.kind is not PlaceKind.CARD:
            return await self._post(due, Spot(channel, thread_ts), is_looked_for=is_looked_for)
        answer = await post(self.wire, Spot(channel, ts), due.message, f"{due.key}/{due.surface.wanted}")
        if isinstance(answer, Posted):
            return Shown(channel, ts)
        return self._failure(due, "chat.postMessage", channel, answer)

    async def _whisper(self, due: Due) -> End:
        """Once: a pointer that was seen is not repeated."""
        if due.surface.rendered:
            return Shown(due.surface.channel, due.surface.ts, due.surface.thread_ts)
        spot = await self.spots.find(due.surface, due.view, due.rule)
        if not isinstance(spot, Spot):
            return await self._no_spot(due, spot)
        if spot.channel.startswith("D"):
            return Shown(spot.channel)  # the guidance itself stands there
        answer = await whisper(self.wire, spot, user_of(due.surface), due.message)
        match answer:
            case Done():
                return Shown(spot.channel, str(answer.body.get("message_ts", "")), spot.thread_ts)
            case Refused():
                return GivenUp(answer.error)
            case _:
                return self._failure(due, "chat.postEphemeral", spot.channel, answer)

    def _failure(self, due: Due, method: str, channel: str, answer: object) -> End:
        """What is left: wait as Slack asks, back off, or give up where trying again can't help."""
        match answer:
            case Limited(seconds):
                self.pace.block(method, channel, seconds)
                return Later("ratelimited", seconds)
            case Lost(reason):
                return Later(reason, _back_off(due), is_unsent=False)
            case Refused(error) if error in TOKEN_TROUBLE:
                log.error("Slack refuses the bot's token: %s. Messages wait until it works again.", error)
                return Later(error, TOKEN_SECONDS)
            case Refused(error) if (
                due.kind in IN_DIRECT or error == NO_ACCOUNT or due.surface.attempts >= MOST_ATTEMPTS
            ):
                return GivenUp(error)
            case Refused(error):
                return Later(error, _back_off(due))
            case _:
                return Later("unexpected answer", LONGEST_BACK_OFF_SECONDS)


def _explained(message: Message, due: Due, error: str) -> Message:
    """Away from its place a message says why, so that somebody can repair the place."""
    channel = due.rule.approvals_channel if due.rule else ""
    return replace(message, blocks=[section(texts.moved(channel, error)), *message.blocks])


def _back_off(due: Due) -> float:
    longest = URGENT_BACK_OFF_SECONDS if due.is_urgent else LONGEST_BACK_OFF_SECONDS
    return min(longest, FIRST_BACK_OFF_SECONDS * 2.0 ** min(due.surface.attempts, 10))


def _remember(memory: dict[SurfaceId, T], key: SurfaceId, value: T) -> None:
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]
