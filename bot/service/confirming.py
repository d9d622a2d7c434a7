"""The second factor: a link is opened, a code is typed, and the approval that waited for it is counted at once."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.people import Account
from bot.domain.request import Request
from bot.ports import RequestView, StepUp, Transaction
from bot.service.approving import approve_in, look_around
from bot.service.changes import Cause, record
from bot.service.clicks import Click
from bot.service.desk import Desk
from bot.service.outcomes import AlreadyApproved, Approved, Approving
from bot.service.stepping import factor_of, hash_of

SURFACE = "step-up page"
ACTION = "step_up"
WRONG = "wrong_code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """What the page shows: the request as it is now, and whose second factor it asks for."""

    view: RequestView
    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOver:
    """Unknown, used, expired, or of an earlier revision: one answer for all, so that nobody learns which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEnrolled:
    """This person has no second factor yet."""

    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongCode:
    """Not the code of this person at this time, or one that was used before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TooManyCodes:
    """So many wrong codes that even the right one is not taken for a while."""


Obstacle = LinkOver | NotEnrolled | WrongCode | TooManyCodes
Confirming = Approving | Obstacle


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A link that holds, with the time step of the code that was typed for it."""

    link: StepUp
    counter: int


async def open_link(desk: Desk, token: str) -> Invited | LinkOver:
    """Nothing is used up by looking: mail scanners and previews open links too."""
    return await desk.store.read(lambda tx: _opened(tx, token))


async def confirm(desk: Desk, token: str, code: str, acknowledged: frozenset[str]) -> Confirming:
    """Count the approval that this link was made for. The code is judged before anything else is asked or looked at."""
    proof = await desk.store.run(lambda tx: _proof(tx, desk, token, code))
    if not isinstance(proof, Proof):
        return proof
    click = Click(
        request_id=proof.link.request_id,
        revision=proof.link.revision,
        actor=proof.link.account,
        surface=SURFACE,
        acknowledged=acknowledged,
        has_stepped_up=True,
    )
    seen = await look_around(desk, click)

    def work(tx: Transaction) -> Confirming:
        again = _proof(tx, desk, token, code, is_spent=True)
        if not isinstance(again, Proof):
            return again
        outcome = approve_in(tx, desk, click, seen)
        if isinstance(outcome, Approved | AlreadyApproved):
            tx.step_ups.use(proof.link.token_hash)
        return outcome

    outcome = await desk.store.run(work)
    desk.notifier.wake()
    return outcome


def _opened(tx: Transaction, token: str) -> Invited | LinkOver:
    link = _standing(tx, token)
    view = tx.requests.view(link.request_id) if link else None
    return Invited(view=view, account=link.account) if link and view else LinkOver()


def _standing(tx: Transaction, token: str) -> StepUp | None:
    link = tx.step_ups.get(hash_of(token))
    if link is None or link.used_at is not None or link.expires_at <= tx.now:
        return None
    request = tx.requests.get(link.request_id)
    return link if request and request.revision == link.revision else None


def _proof(tx: Transaction, desk: Desk, token: str, code: str, *, is_spent: bool = False) -> Proof | Obstacle:
    """`is_spent`: the code counts now, and never again."""
    link = _standing(tx, token)
    request = tx.requests.get(link.request_id) if link else None
    if link is None or request is None or desk.step_up is None:
        return _over(tx, token)
    who = factor_of(link.account)
    factor = tx.second_factors.get(who)
    if factor is None:
        return _noted(tx, request, link, NotEnrolled(account=link.account), "not_enrolled")
    if _wrong_codes(tx, desk, link) >= desk.limits.codes_per_link_time:
        return _noted(tx, request, link, TooManyCodes(), "too_many_codes")
    counter = desk.step_up.counter_of(factor.sealed_secret, code, tx.now)
    if counter is None or counter <= factor.last_counter:
        return _noted(tx, request, link, WrongCode(), WRONG)
    if is_spent and not tx.second_factors.accept(who, counter):
        return _noted(tx, request, link, WrongCode(), WRONG)
    return Proof(link=link, counter=counter)


def _over(tx: Transaction, token: str) -> LinkOver:
    """A link that we gave away leaves a trace, whoever follows it too late; an invented one is nobody's."""
    link = tx.step_ups.get(hash_of(token))
    request = tx.requests.get(link.request_id) if link else None
    if link and request:
        _noted(tx, request, link, LinkOver(), "link_over")
    return LinkOver()


def _wrong_codes(tx: Transaction, desk: Desk, link: StepUp) -> int:
    """Of this person for this request, with any link: the audit remembers them across processes and restarts."""
    since = tx.now - desk.limits.step_up_for
    return sum(
        row.entry.action == ACTION and row.entry.outcome == WRONG and row.entry.actor == link.account
        for row in tx.audit.of(link.request_id)
        if row.at >= since
    )


def _noted(tx: Transaction, request: Request, link: StepUp, obstacle: Obstacle, outcome: str) -> Obstacle:
    record(tx, request, ACTION, Cause(actor=link.account, surface=SURFACE), outcome=outcome)
    return obstacle
