"""How a request changes: state, audit row and the places that show it, together in one transaction or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from bot.domain.audit import Entry
from bot.domain.lines import Line, LineKind, line
from bot.domain.people import Account
from bot.domain.plan import difference
from bot.domain.request import Event, Request, State, after
from bot.domain.run import Run
from bot.domain.surface import Place, PlaceKind
from bot.ports import Transaction
from bot.service.looking import Look


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Who or what made a change, and from which surface. No account: the bot itself."""

    actor: Account | None = None
    surface: str = "bot"
    reason: str = ""
    detail: Mapping[str, object] = field(default_factory=dict)


BOT = Cause()

# What else must show an event, beside the card.
SHOWN_AT: Mapping[Event, tuple[Place, ...]] = MappingProxyType(
    {
        Event.START: (Place(PlaceKind.PROGRESS), Place(PlaceKind.INCIDENT, "started")),
        Event.LOOK_AGAIN: (Place(PlaceKind.PROGRESS),),
        Event.LOSE_SIGHT: (Place(PlaceKind.PROGRESS), Place(PlaceKind.INCIDENT, "ended")),
        Event.DRIFT: (Place(PlaceKind.PROGRESS),),
        **{
            event: (Place(PlaceKind.PROGRESS), Place(PlaceKind.END), Place(PlaceKind.INCIDENT, "ended"))
            for event in (Event.VERIFY, Event.FINISH, Event.FINISH_PARTLY, Event.FAIL, Event.CANCEL, Event.CLOSE)
        },
    }
)


def advance(tx: Transaction, request: Request, event: Event, cause: Cause, **fields: Any) -> Request | None:
    """Let `event` happen to `request`: compare-and-set, audit row, messages. None when it may not happen (any more)."""
    state = after(request.state, event)
    if state is None:
        return None
    now = replace(request, state=state, updated_at=tx.now, **fields)
    if not tx.requests.move(request, now):
        return None
    drawn_anew = frozen(now) if event is Event.DRIFT else {}
    record(tx, now, event.value, cause, before=request.state.value, after=state.value, **drawn_anew)
    show(tx, now, *{card(request): None, card(now): None}, *_shown_at(event, request))
    return now


def _shown_at(event: Event, before: Request) -> tuple[Place, ...]:
    """A request that never ran has no progress to show."""
    places = SHOWN_AT.get(event, ())
    if before.state is State.APPROVED and event in (Event.DRIFT, Event.FAIL, Event.LOSE_SIGHT):
        return tuple(place for place in places if place.kind is not PlaceKind.PROGRESS)
    return places


def card(request: Request) -> Place:
    """A revision has a card of its own; the one before it then says by what it was replaced."""
    return Place(PlaceKind.CARD, str(request.revision))


def show(tx: Transaction, request: Request, *places: Place) -> None:
    for place in places:
        tx.surfaces.want(request.id, place)


def say(tx: Transaction, request: Request, line: Line, *, once: str = "") -> None:
    """Add a line to the thread. `once` names a fact that is told one time only, whoever tells it again."""
    key = once or f"{line.kind}.{tx.now.timestamp():.6f}"
    place = Place(PlaceKind.LINE, key)
    tx.surfaces.want(request.id, place, data=line.as_data(), once=True)


def tell_requester(tx: Transaction, request: Request, line: Line) -> None:
    """The same line by direct message: whoever asked need not be in the approvals channel."""
    asker = request.requester
    if not asker.is_operator:
        place = Place(PlaceKind.NOTE, f"{asker}/{line.kind}")
        tx.surfaces.want(request.id, place, data=line.as_data(), user=asker.user)


def record(
    tx: Transaction, request: Request, action: str, cause: Cause, outcome: str = "done", **detail: object
) -> None:
    facts = {**cause.detail, **detail}
    if cause.reason:
        facts["reason"] = cause.reason
    tx.audit.append(
        Entry(
            action=action,
            outcome=outcome,
            request_id=request.id,
            revision=request.revision,
            actor=cause.actor,
            surface=cause.surface,
            digest=request.plan.digest,
            detail=facts,
        )
    )


def frozen(request: Request) -> dict[str, Any]:
    """What the audit keeps of each revision: the plan's text, of which approvals carry the digest, and the checks."""
    return {
        "plan": request.plan.code,
        "plan_text": request.plan.text,
        "changes": list(request.plan_change),
        "checks": [f"{finding.level}: {finding.check}" for finding in request.findings],
    }


def save_run(tx: Transaction, run: Run) -> None:
    """Write the run and let its progress message follow."""
    tx.runs.save(run)
    tx.surfaces.want(run.request_id, Place(PlaceKind.PROGRESS))


def redraw(tx: Transaction, request: Request, look: Look, cause: Cause) -> Request | None:
    """What was approved is no longer what would happen: a new revision, no approvals, and the difference shown."""
    changes = difference(request.plan, look.plan) or tuple(finding.sentence for finding in look.findings)
    now = advance(
        tx,
        request,
        Event.DRIFT,
        cause,
        revision=request.revision + 1,
        group=look.snapshot.group,
        environment=look.environment or request.environment,
        plan=look.plan,
        snapshot=look.snapshot,
        findings=look.findings,
        plan_change=changes,
    )
    if now:
        say(tx, now, line(LineKind.DRIFTED, revision=now.revision, changes=list(changes)), once=f"drift.{now.revision}")
    return now
