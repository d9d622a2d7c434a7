"""Requests and approvals: the rows that decide. A request changes only by compare-and-set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from sqlalchemy import bindparam, func, select, text, update
from sqlmodel import col

from bot.domain.facts import GroupId, ProjectAlias, Site
from bot.domain.people import Account
from bot.domain.request import OPEN_STATES, Approval, Request, RequestId, State
from bot.domain.surface import PlaceKind
from bot.ports import History, RequestView, Standing
from bot.statement import Statement
from storage.codec import decode, encode
from storage.insights import history
from storage.request_row import changed_columns, columns_of, request_of
from storage.scope import Held, Scope
from storage.standing import REQUEST_ID, approvals_of, beside, its_approvals, standing, with_it, with_its_run
from storage.surfaces import surface_of
from storage.tables import (
    COUNTS,
    IS_OPEN,
    OWES_REVIEW,
    ApprovalRow,
    RequestRow,
    SurfaceRow,
    Words,
    table_of,
)

AS_READ = ("as_state", "as_revision", "as_digest")
NEVER_RAN = (State.PENDING, State.DENIED, State.EXPIRED, State.WITHDRAWN, State.SUPERSEDED)


_REQUEST = select(RequestRow).where(col(RequestRow.id) == REQUEST_ID)
_BY_ID = Statement(_REQUEST)
# PostgreSQL lets others go on inserting rows that point to it; an SQLite file has one writer anyway.
_HELD = Statement(_REQUEST.with_for_update(key_share=True))
_OPEN = Statement(
    select(RequestRow).where(
        col(RequestRow.project) == bindparam("project", type_=Words),
        col(RequestRow.group_id) == bindparam("group_id", type_=Words),
        text(IS_OPEN),
    )
)
_MOVE = Statement(
    update(table_of(RequestRow)).where(
        col(RequestRow.id) == bindparam("as_id"),
        col(RequestRow.state) == bindparam("as_state"),
        col(RequestRow.revision) == bindparam("as_revision"),
        col(RequestRow.digest) == bindparam("as_digest"),
    )
)


class SqlRequests:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, request: Request) -> bool:
        return self._scope.insert_new(RequestRow, columns_of(request))

    def get(self, request_id: RequestId) -> Request | None:
        return _request_or_none(self._scope.row(_BY_ID, request_id=request_id))

    def hold(self, request_id: RequestId) -> Request | None:
        """Two queries: the second one brings what whoever decides asks next, the clock and the approvals."""
        if request_id in self._scope.held:
            return self._scope.held[request_id].request
        request, row = self._hold(request_id, its_approvals(self._scope.is_sqlite))
        if request is not None:
            self._scope.approvals[request_id, request.revision] = approvals_of(row.approvals_json)
        return request

    def _hold(self, request_id: RequestId, beside_it: Statement) -> tuple[Request | None, Any]:
        """The locked row, and what `beside_it` says after the lock: only a query that begins then sees what others
        wrote beside the row while it waited."""
        held, [row] = self._scope.together(_HELD, beside_it, request_id=request_id)
        self._scope.told(row.asked_at)
        for one in held:
            self._scope.held[request_id] = Held(request_of(one), (one.state, one.revision, one.digest))
        return (self._scope.held[request_id].request if held else None), row

    def view(self, request_id: RequestId) -> RequestView | None:
        """Two queries: the rows of the request, then the history of its group."""
        row = self._scope.row(_VIEW, request_id=request_id)
        if row is None:
            return None
        request, card = request_of(row), _card_in(row)
        return RequestView(
            request=request,
            **beside(row),
            history=history(
                self._scope, request.project, request.group.id, request.to, before=request.created_at
            ),  # without its own run: what is shown later must be what was known then
            card=surface_of(card) if card.id is not None else None,
        )

    def standing(self, request_id: RequestId) -> Standing | None:
        """One query."""
        row = self._scope.row(standing(self._scope.is_sqlite), request_id=request_id)
        if row is None:
            return None
        self._scope.told(row.asked_at)
        return Standing(request=request_of(row), **beside(row))

    def hold_all(self, request_id: RequestId) -> Standing | None:
        """Two queries."""
        request, row = self._hold(request_id, with_its_run(self._scope.is_sqlite))
        if request is None:
            return None
        standing = Standing(request=request, **beside(row))
        if standing.attempt is None:
            self._scope.unfenced.add(request_id)
        return standing

    def open_for(self, project: ProjectAlias, group_id: GroupId) -> Request | None:
        return _request_or_none(self._scope.row(_OPEN, project=project, group_id=group_id))

    def move(self, before: Request, now: Request) -> bool:
        """False: the row is not as `before` any more. A row that is held cannot have changed, so nobody waits."""
        as_read = (before.state.value, before.revision, before.plan.digest)
        values = changed_columns(before, now) | dict(zip(AS_READ, as_read, strict=True))
        held = self._scope.held.pop(before.id, None)
        if held is None or held.as_read != as_read:
            return self._scope.change(_MOVE, **values, as_id=before.id) == 1
        self._scope.later(_MOVE, must_touch=True, **values, as_id=before.id)
        self._scope.held[before.id] = Held(now, (now.state.value, now.revision, now.plan.digest))
        return True

    def in_states(self, states: Iterable[State], *, limit: int = 500, after: RequestId | None = None) -> list[Request]:
        wanted = sorted(states)
        statement = select(RequestRow).where(col(RequestRow.state).in_(wanted))
        if OPEN_STATES.issuperset(wanted):
            # Leads to the index that holds the open ones alone, and away from walking the whole history by its ids:
            # to SQLite's statistics, which know only how many rows a state has on average, that looks cheaper.
            statement = statement.where(text(IS_OPEN))
            return self._many(_after(statement, after).order_by(col(RequestRow.id).concat("")).limit(limit))
        return self._many(_after(statement, after).order_by(col(RequestRow.id)).limit(limit))

    def last_moved(self, state: State) -> Mapping[RequestId, datetime]:
        statement = select(col(RequestRow.id), col(RequestRow.updated_at)).where(col(RequestRow.state) == state.value)
        if state in OPEN_STATES:
            statement = statement.where(text(IS_OPEN))
        return {RequestId(request_id): updated_at for request_id, updated_at in self._scope.rows(statement)}

    def of_requester(self, account: Account, *, since: datetime) -> int:
        mine = (col(RequestRow.requester) == str(account), col(RequestRow.created_at) >= since)
        count: int | None = self._scope.value(select(func.count()).select_from(RequestRow).where(*mine))
        return count or 0

    def recent(self, *, limit: int = 20, before: datetime | None = None) -> list[Request]:
        statement = select(RequestRow)
        if before is not None:
            statement = statement.where(col(RequestRow.created_at) < before)
        newest_first = (col(RequestRow.created_at).desc(), col(RequestRow.id).desc())
        return self._many(statement.order_by(*newest_first).limit(limit))

    def owing_review(self, account: Account) -> Request | None:
        """The oldest break-glass request of this person that came to something and has no review yet."""
        mine = (col(RequestRow.requester) == str(account), text(OWES_REVIEW))
        ran = col(RequestRow.state).not_in(NEVER_RAN)
        oldest = select(RequestRow).where(*mine, ran).order_by(col(RequestRow.created_at)).limit(1)
        return _request_or_none(self._scope.row(oldest))

    def history(self, project: ProjectAlias, group_id: GroupId, to: Site) -> History:
        return history(self._scope, project, group_id, to)

    def count_by_state(self) -> Mapping[State, int]:
        statement = select(col(RequestRow.state), func.count()).group_by(col(RequestRow.state))
        counts = dict(tuple(row) for row in self._scope.rows(statement))
        return {state: counts.get(state.value, 0) for state in State}

    def _many(self, statement: Any) -> list[Request]:
        return [request_of(row) for row in self._scope.rows(statement)]


def _request_or_none(row: RequestRow | None) -> Request | None:
    return request_of(row) if row is not None else None


def _after(statement: Any, request_id: RequestId | None) -> Any:
    return statement if request_id is None else statement.where(col(RequestRow.id) > request_id)


_CARD_NAMES = tuple(column.name for column in table_of(SurfaceRow).c)


def _card_in(row: Any) -> Any:
    return SimpleNamespace(**dict(zip(_CARD_NAMES, row[-len(_CARD_NAMES) :], strict=True)))


def _view() -> Any:
    """The request and what stands beside it, with the columns of its newest card at the end."""
    card, cards = table_of(SurfaceRow).alias("card"), table_of(SurfaceRow).alias("cards")
    newest = select(func.max(cards.c.id)).where(
        cards.c.request_id == RequestRow.id, cards.c.kind == PlaceKind.CARD.value
    )
    of_card = [column.label(f"card_{column.name}") for column in card.c]
    return with_it(*table_of(RequestRow).c).add_columns(*of_card).outerjoin(card, card.c.id == newest.scalar_subquery())


_VIEW = Statement(_view())


_APPROVALS = (
    select(col(ApprovalRow.body_json))
    .where(col(ApprovalRow.request_id) == bindparam("request_id"))
    .order_by(col(ApprovalRow.id))
)
_ALL_APPROVALS = Statement(_APPROVALS)
_COUNTING_APPROVALS = Statement(_APPROVALS.where(col(ApprovalRow.revision) == bindparam("revision"), text(COUNTS)))
_RETRACT = Statement(
    update(table_of(ApprovalRow)).where(
        col(ApprovalRow.request_id) == bindparam("as_request"),
        col(ApprovalRow.revision) == bindparam("as_revision"),
        col(ApprovalRow.person_id) == bindparam("as_person"),
        text(COUNTS),
    )
)


class SqlApprovals:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, approval: Approval) -> bool:
        values = {
            "request_id": approval.request_id,
            "revision": approval.revision,
            "person_id": approval.person_id,
            "account": str(approval.account),
            "digest": approval.digest,
            "at": approval.at,
            "body_json": encode(approval, Approval),
        }
        before = self._scope.approvals.pop((approval.request_id, approval.revision), None)
        is_first = before is not None and all(other.person_id != approval.person_id for other in before)
        return self._scope.insert_new(ApprovalRow, values, is_free=is_first)

    def of(self, request_id: RequestId, revision: int) -> tuple[Approval, ...]:
        """Those of a request that is held are known already: nobody else can add one."""
        known = self._scope.approvals.get((request_id, revision))
        return self._read(_COUNTING_APPROVALS, request_id=request_id, revision=revision) if known is None else known

    def all_of(self, request_id: RequestId) -> tuple[Approval, ...]:
        return self._read(_ALL_APPROVALS, request_id=request_id)

    def retract(self, request_id: RequestId, revision: int, person_id: str) -> bool:
        self._scope.approvals.clear()
        theirs = {"as_request": request_id, "as_revision": revision, "as_person": person_id}
        return self._scope.change(_RETRACT, **theirs, retracted_at=self._scope.now) == 1

    def _read(self, statement: Statement, **values: Any) -> tuple[Approval, ...]:
        return tuple(decode(body, Approval) for body in self._scope.values(statement, **values))
