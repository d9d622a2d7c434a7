"""What people may still do while a run is under way or over: answer, cancel, look again, close, confirm, review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bot.domain.lines import LineKind, line
from bot.domain.people import Person
from bot.domain.policy import Action, Refusal
from bot.domain.request import Event, Request, State
from bot.domain.run import HardStopAnswer, Question, Run, Step, StepState
from bot.domain.surface import Place, PlaceKind
from bot.ports import Transaction
from bot.service.changes import advance, record, save_run, say, show
from bot.service.clicks import Click, cause_of, judge, note, who
from bot.service.desk import Desk
from bot.service.outcomes import Acting, Done, Missing, NothingToAnswer, PlanChanged, Refused, TooLate

Change = Callable[[Transaction, Request, Run], Request | None]
LOST = Place(PlaceKind.QUESTION, Question.LOOK_AGAIN.value)
RAN = frozenset({State.VERIFIED, State.UNVERIFIED, State.PARTLY})


async def cancel(desk: Desk, click: Click) -> Acting:
    """Ask the run to stop before the reversal; it starts the same servers again."""

    def ask(tx: Transaction, request: Request, run: Run) -> Request | None:
        if request.state is not State.RUNNING or tx.runs.attempt(request.id) is not None or run.cancel_requested_by:
            return None
        save_run(tx, replace(run, cancel_requested_by=click.actor))
        say(tx, request, line(LineKind.CANCEL_ASKED, account=str(click.actor)))
        return request

    return await _steer(desk, click, Steer(action=Action.CANCEL, change=ask))


async def answer_hard_stop(desk: Desk, click: Click, answer: HardStopAnswer) -> Acting:
    """Servers that do not stop softly: force them off, wait on, or cancel."""

    def write(tx: Transaction, request: Request, run: Run) -> Request | None:
        if run.question is not Question.HARD_STOP:
            return None
        save_run(tx, replace(run, hard_stop=answer, answered_by=click.actor, question=None))
        show(tx, request, Place(PlaceKind.QUESTION, Question.HARD_STOP))
        return request

    return await _steer(desk, click, Steer(action=Action.ANSWER, change=write, detail={"answer": answer.value}))


async def look_again(desk: Desk, click: Click) -> Acting:
    """The outcome was unknown: read the group once more. Nothing is sent."""

    def again(tx: Transaction, request: Request, run: Run) -> Request | None:
        looking = advance(tx, request, Event.LOOK_AGAIN, cause_of(click))
        if looking is None:
            return None
        save_run(tx, replace(run, question=None, answered_by=click.actor))
        say(tx, looking, line(LineKind.LOOKED_AGAIN, account=str(click.actor)))
        show(tx, looking, LOST)
        tx.runs.enqueue(looking.id, looking.revision)
        return looking

    return await _steer(desk, click, Steer(action=Action.ANSWER, change=again))


async def close(desk: Desk, click: Click) -> Acting:
    """A person ends a request whose outcome nobody could tell. The group is free for a new request."""

    def end(tx: Transaction, request: Request, run: Run) -> Request | None:
        closed = advance(
            tx, request, Event.CLOSE, cause_of(click), decided_by=click.actor, decision_reason=click.reason
        )
        if closed:
            save_run(tx, replace(run, question=None))
            show(tx, closed, LOST)
            say(tx, closed, line(LineKind.CLOSED, account=str(click.actor), reason=click.reason))
        return closed

    return await _steer(desk, click, Steer(action=Action.ANSWER, change=end, needs_reason=True))


async def confirm_service(desk: Desk, click: Click) -> Acting:
    """A person says that the service is back: the fifth clock stops."""

    def confirm(tx: Transaction, request: Request, run: Run) -> Request | None:
        if request.state not in RAN or run.confirmed_at is not None:
            return None
        done = replace(run.step(Step.CONFIRM), state=StepState.DONE, ended_at=tx.now)
        confirmed = replace(run.with_step(done), confirmed_by=click.actor, confirmed_at=tx.now)
        save_run(tx, confirmed)
        say(tx, request, line(LineKind.CONFIRMED, account=str(click.actor)))
        show(tx, request, Place(PlaceKind.END))
        return request

    return await _steer(desk, click, Steer(action=Action.CONFIRM, change=confirm))


async def review(desk: Desk, click: Click) -> Acting:
    """What the break-glass person writes afterwards, before it may be done again."""

    def write(tx: Transaction, request: Request, run: Run) -> Request | None:
        written = replace(request, review=click.reason)
        is_due = request.break_glass and request.state.is_final and not request.review
        if not is_due or not tx.requests.move(request, written):
            return None
        say(tx, written, line(LineKind.REVIEWED, account=str(click.actor)))
        return written

    return await _steer(desk, click, Steer(action=Action.REVIEW, change=write, needs_reason=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Steer:
    """What is asked of a run or of its end, and what the audit row says beside it."""

    action: Action
    change: Change
    needs_reason: bool = False
    detail: Mapping[str, object] = field(default_factory=dict)


async def _steer(desk: Desk, click: Click, steer: Steer) -> Acting:
    person = await who(desk, click.actor)
    outcome = await desk.store.run(lambda tx: _steered(tx, desk, click, person, steer))
    desk.notifier.wake()
    return outcome


def _steered(tx: Transaction, desk: Desk, click: Click, person: Person | None, steer: Steer) -> Acting:
    request = tx.requests.hold(click.request_id)
    obstacle = _obstacle(tx, desk, request, click, person, steer)
    if request is None or obstacle:
        note(tx, click, steer.action, stopped := obstacle or Missing())
        return stopped
    run = tx.runs.get(request.id) or Run(request_id=request.id, revision=request.revision)
    changed = steer.change(tx, request, run)
    if changed is None:
        late = TooLate(request=request) if steer.action is Action.CANCEL else NothingToAnswer(request=request)
        note(tx, click, steer.action, late)
        return late
    if changed.state is request.state:  # a change of state has its row already
        record(tx, changed, steer.action.value, replace(cause_of(click), detail=steer.detail))
    return Done(request=changed)


def _obstacle(
    tx: Transaction, desk: Desk, request: Request | None, click: Click, person: Person | None, steer: Steer
) -> Missing | Refused | PlanChanged | None:
    """A button of an earlier revision answers nothing: its run is over, and the question now is another one."""
    if request is None:
        return Missing()
    decision = judge(tx, desk, request, steer.action, click, person)
    if decision.reason:
        return Refused(reason=decision.reason)
    if click.revision is not None and click.revision != request.revision:
        return PlanChanged(clicked=click.revision, request=request)
    if steer.needs_reason and not click.reason.strip():
        return Refused(reason=Refusal.NO_REASON)
    return None
