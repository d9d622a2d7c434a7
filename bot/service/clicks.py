"""A click, wherever it came from, and what is asked of each one first: who, may they, does it still mean anything."""

from __future__ import annotations

from dataclasses import dataclass

from bot.call_log import about
from bot.domain.audit import Entry
from bot.domain.errors import CloudError, PeopleError, Problem
from bot.domain.people import Account, Person
from bot.domain.policy import Action, Decision, Policy, Refusal, accounts_of, decide, rule_for
from bot.domain.request import Request, RequestId, State
from bot.ports import Transaction
from bot.service.changes import Cause, record
from bot.service.desk import Desk
from bot.service.looking import Look, look
from bot.service.outcomes import AlreadyDecided, Expired, Missing, PlanChanged, Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """What a person did, wherever it was: a button, a form, a command, the command line."""

    request_id: RequestId
    revision: int | None  # None: the surface shows no revision (a command), the current one is meant
    actor: Account
    surface: str
    reason: str = ""
    acknowledged: frozenset[str] = frozenset()
    has_stepped_up: bool = False


async def who(desk: Desk, actor: Account) -> Person | None:
    """A live look at the person; None when nobody can say, which is a no."""
    try:
        return await desk.person(actor)
    except PeopleError:
        return None


async def fresh_look(desk: Desk, request: Request, *, at_once: bool = False) -> Look | Problem:
    """A look that is not older than half a minute, or than this click, as long as not many click at once."""
    group, per_minute, seconds = request.group, desk.limits.asks_per_group_per_minute, desk.clock.monotonic()
    must_look = at_once and desk.pace.allows(
        ("look", group.project, group.id), per_minute=per_minute, now_seconds=seconds
    )
    if not must_look and (seen := last_look(desk, request)):
        return seen
    try:
        with about(request.id):
            snapshot = await desk.cloud.snapshot(request.project, request.group.id)
    except CloudError as error:
        return error.problem
    return look(snapshot, request.to, request.options, desk.policy, desk.clock.now())


def last_look(desk: Desk, request: Request) -> Look | None:
    """What the request itself shows, while that still counts as now."""
    now = desk.clock.now()
    if now - request.snapshot.taken_at >= desk.limits.fresh_for:
        return None
    return look(request.snapshot, request.to, request.options, desk.policy, now)


def standing(tx: Transaction, click: Click) -> Request | Missing | AlreadyDecided | Expired | PlanChanged:
    """The request, if this click can still mean anything, and held: whoever clicks meanwhile waits for our answer."""
    request = tx.requests.hold(click.request_id)
    if request is None:
        return Missing()
    if request.is_expired(tx.now) or request.state is State.EXPIRED:
        return Expired(at=request.expires_at)
    if request.state.is_final:
        return AlreadyDecided(state=request.state, by=request.decided_by, at=request.decided_at)
    if click.revision is not None and click.revision != request.revision:
        return PlanChanged(clicked=click.revision, request=request)
    return request


def judge(
    tx: Transaction, desk: Desk, request: Request, action: Action, click: Click, person: Person | None
) -> Decision:
    """The one decision function, with what the transaction sees now."""
    if person is None:
        return Decision(reason=Refusal.NOBODY_KNOWS)
    return decide(
        desk.policy,
        rule_for(desk.policy, request.group),
        action,
        person,
        request=request,
        approvals=tx.approvals.of(request.id, request.revision),
        now=tx.now,
        is_review_owed=action is Action.BREAK_GLASS and owes_review(tx, desk.policy, person),
        has_stepped_up=click.has_stepped_up,
    )


def owes_review(tx: Transaction, policy: Policy, person: Person) -> bool:
    """With any account: the review is owed by the human being."""
    return any(tx.requests.owing_review(account) is not None for account in accounts_of(policy, person))


def cause_of(click: Click) -> Cause:
    return Cause(actor=click.actor, surface=click.surface, reason=click.reason)


def note(tx: Transaction, click: Click, action: Action, outcome: object) -> None:
    """The audit row of a click that changed nothing."""
    word = word_of(outcome)
    request = tx.requests.get(click.request_id)
    if request:
        record(tx, request, action.value, cause_of(click), outcome=word, clicked=click.revision)
        return
    asked = str(click.request_id)[:40]
    tx.audit.append(
        Entry(action=action.value, outcome=word, actor=click.actor, surface=click.surface, detail={"asked": asked})
    )


def word_of(outcome: object) -> str:
    """How the audit names an answer: `AlreadyDecided` → `already_decided`, a refusal by its reason."""
    if isinstance(outcome, Refused):
        return outcome.reason.value
    name = type(outcome).__name__
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")
