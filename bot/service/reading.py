"""What people may read: a request, the lists of App Home, the login guidance. Reading decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.facts import Catalogue, ProjectAlias
from bot.domain.people import Account, Person
from bot.domain.policy import Action, Refusal, decide, rule_for
from bot.domain.request import OPEN_STATES, Request, RequestId, State
from bot.ports import RequestView, Transaction
from bot.service.clicks import Click, judge, note, who
from bot.service.desk import Desk
from bot.service.outcomes import Done, Missing, NothingToAnswer, Refused

Showing = Done | Missing | Refused | NothingToAnswer
RAN = frozenset({State.VERIFIED, State.UNVERIFIED, State.PARTLY})


@dataclass(frozen=True, slots=True, kw_only=True)
class Desktop:
    """App Home of one person."""

    mine: tuple[Request, ...]
    to_decide: tuple[Request, ...]
    running: tuple[Request, ...]
    recent: tuple[Request, ...]


NOTHING = Desktop(mine=(), to_decide=(), running=(), recent=())


async def search(desk: Desk, project: ProjectAlias, text: str, *, limit: int = 100) -> Catalogue:
    return await desk.cloud.search(project, text, limit=limit)


async def view(desk: Desk, request_id: RequestId) -> RequestView | None:
    return await desk.store.read(lambda tx: tx.requests.view(request_id))


async def show_login(desk: Desk, click: Click) -> Showing:
    """Whether this person may read the login guidance; shown again or not, it is an audit row."""
    person = await who(desk, click.actor)
    return await desk.store.run(lambda tx: _show_login(tx, desk, click, person))


def _show_login(tx: Transaction, desk: Desk, click: Click, person: Person | None) -> Showing:
    outcome = _login_shown(tx, desk, click, person)
    note(tx, click, Action.SEE_LOGIN, outcome)
    return outcome


def _login_shown(tx: Transaction, desk: Desk, click: Click, person: Person | None) -> Showing:
    request = tx.requests.get(click.request_id)
    if request is None:
        return Missing()
    decision = judge(tx, desk, request, Action.SEE_LOGIN, click, person)
    if decision.reason:
        return Refused(reason=decision.reason)
    return Done(request=request) if request.state in RAN else NothingToAnswer(request=request)


async def recent(desk: Desk, account: Account, *, limit: int = 20) -> tuple[Request, ...] | Refused:
    """What is open, then what ended last, for every full member."""
    reader = await _reader(desk, account)
    if isinstance(reader, Refused):
        return reader
    found = await desk.store.read(lambda tx: (tx.requests.in_states(OPEN_STATES), tx.requests.recent(limit=limit)))
    return tuple({request.id: request for requests in found for request in requests}.values())[:limit]


async def desktop(desk: Desk, account: Account) -> Desktop:
    """Nothing for those who may not look."""
    person = await _reader(desk, account)
    if isinstance(person, Refused):
        return NOTHING
    open_requests, recent, approved = await desk.store.read(lambda tx: _on_desktop(tx, account))
    return Desktop(
        mine=tuple(request for request in open_requests if request.requester == account),
        to_decide=tuple(r for r in open_requests if r.id not in approved and _may_decide(desk, r, person)),
        running=tuple(r for r in open_requests if r.state in (State.RUNNING, State.NEEDS_PERSON)),
        recent=tuple(request for request in recent if request.state.is_final),
    )


async def _reader(desk: Desk, account: Account) -> Person | Refused:
    """Whoever may check a group may also read what became of requests."""
    person = await who(desk, account)
    if person is None:
        return Refused(reason=Refusal.NOBODY_KNOWS)
    decision = decide(desk.policy, None, Action.CHECK, person, now=desk.clock.now())
    return Refused(reason=decision.reason) if decision.reason else person


def _on_desktop(tx: Transaction, account: Account) -> tuple[list[Request], list[Request], set[RequestId]]:
    """What is open, what was last, and what this account has approved already."""
    open_requests = tx.requests.in_states(OPEN_STATES)
    pending = (request for request in open_requests if request.state is State.PENDING)
    approved = {r.id for r in pending if account in {a.account for a in tx.approvals.of(r.id, r.revision)}}
    return open_requests, tx.requests.recent(limit=10), approved


def _may_decide(desk: Desk, request: Request, person: Person) -> bool:
    if request.state is not State.PENDING:
        return False
    rule = rule_for(desk.policy, request.group)
    now = desk.clock.now()
    right = decide(desk.policy, rule, Action.APPROVE, person, request=request, now=now, has_stepped_up=True)
    return right.is_allowed
