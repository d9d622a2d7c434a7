"""What is to be shown and how it ended, as values, and what each end means for the row."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from bot.domain.audit import Entry
from bot.domain.policy import Rule
from bot.domain.surface import PRIORITY_OF, PlaceKind, Priority, Surface
from bot.ports import RequestView, Transaction
from bot.slack.cards import Message

PROGRESS_GAP = timedelta(seconds=3)  # between two edits of one progress message
REPAIR_PAUSE = timedelta(seconds=1)  # until the new card stands
URGENT = frozenset({Priority.DECISION, Priority.RESULT})
FOLLOWS_CARD = frozenset({PlaceKind.PROGRESS, PlaceKind.QUESTION, PlaceKind.END})


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A surface with everything that is needed to show it, read in one transaction."""

    surface: Surface
    view: RequestView
    rule: Rule | None
    message: Message
    look: str

    @property
    def kind(self) -> PlaceKind:
        return self.surface.place.kind

    @property
    def is_urgent(self) -> bool:
        return PRIORITY_OF[self.kind] in URGENT

    @property
    def is_replaced(self) -> bool:
        """The card of an earlier revision."""
        return self.kind is PlaceKind.CARD and self.surface.place.key != str(self.view.request.revision)

    @property
    def key(self) -> str:
        """By which the posted message is found again; ids only, because metadata is readable by every app."""
        return f"{self.surface.request_id}/{self.surface.place}/{self.surface.id}"


@dataclass(frozen=True, slots=True)
class Shown:
    """Slack shows it. `moved_because` is set when that is not the place where it belongs."""

    channel: str = ""
    ts: str = ""
    thread_ts: str = ""
    moved_because: str = ""


@dataclass(frozen=True, slots=True)
class Later:
    error: str
    seconds: float
    is_unsent: bool = True  # it certainly did not arrive


@dataclass(frozen=True, slots=True)
class Gone:
    """The message that we knew is not there any more."""

    error: str


@dataclass(frozen=True, slots=True)
class ParentGone:
    """The thread that we knew is not there any more."""

    error: str
    thread_ts: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    error: str


End = Shown | Later | Gone | ParentGone | GivenUp


def settle(tx: Transaction, due: Due, end: End) -> None:
    """Write down how it ended; what people will miss in Slack stands in the audit."""
    surface = due.surface
    match end:
        case Shown():
            write_shown(tx, surface, end)
            if end.moved_because:
                _record(tx, surface, "message_moved", end.moved_because)
        case Later(error, seconds):
            tx.surfaces.failed(surface.id, error=error, not_before=tx.now + timedelta(seconds=seconds))
        case Gone(error):
            lose(tx, surface)
            _record(tx, surface, "message_gone", error)
        case ParentGone(error, thread_ts):
            _lose_card(tx, due, thread_ts)
            tx.surfaces.failed(surface.id, error=error, not_before=tx.now + REPAIR_PAUSE)
        case GivenUp(error):
            tx.surfaces.failed(surface.id, error=error, not_before=None, is_dead=True)
            _record(tx, surface, "message_given_up", error)
        case _:
            assert_never(end)


def write_shown(tx: Transaction, surface: Surface, shown: Shown) -> None:
    tx.surfaces.shown(
        surface.id,
        rendered=surface.wanted,
        channel=shown.channel,
        ts=shown.ts,
        thread_ts=shown.thread_ts,
        not_before=tx.now + PROGRESS_GAP if surface.place.kind is PlaceKind.PROGRESS else None,
    )


def lose(tx: Transaction, surface: Surface) -> None:
    """It will be posted again; with a card, what hangs in its thread as well, for its thread went with it."""
    tx.surfaces.lost(surface.id)
    if surface.place.kind is PlaceKind.CARD:
        for follower in tx.surfaces.of(surface.request_id):
            if follower.place.kind in FOLLOWS_CARD and follower.thread_ts == surface.ts:
                tx.surfaces.lost(follower.id)


def _lose_card(tx: Transaction, due: Due, thread_ts: str) -> None:
    """Only the card that we hung on: somebody else may have repaired it meanwhile."""
    card = tx.surfaces.find(due.surface.request_id, due.view.card.place) if due.view.card else None
    if card and card.ts == thread_ts:
        lose(tx, card)
        _record(tx, card, "message_gone", "thread_not_found")


def _record(tx: Transaction, surface: Surface, action: str, error: str) -> None:
    detail = {"place": str(surface.place), "channel": surface.channel, "ts": surface.ts}
    tx.audit.append(Entry(action=action, outcome=error, request_id=surface.request_id, surface="slack", detail=detail))
