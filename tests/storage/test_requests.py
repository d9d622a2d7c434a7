"""Requests and approvals, as the core may rely on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.domain.facts import GroupId, ProjectAlias, Site
from bot.domain.request import OPEN_STATES, Request, RequestId, State
from bot.domain.surface import Place, PlaceKind
from bot.ports import StoreError, Transaction
from storage.database import Database
from storage.unit_of_work import SqlStore
from tests.storage.samples import ANNA, BEN, NOON, approval, attempt, call, finished_run, plan, request


def add(*requests: Request) -> Callable[[Transaction], list[bool]]:
    def work(tx: Transaction) -> list[bool]:
        return [tx.requests.add(each) for each in requests]

    return work


async def test_a_request_comes_back_as_it_was_stored(store: SqlStore) -> None:
    asked = request(servers=3, plan_change=("+ srv-9",), decided_by=BEN, decided_at=NOON)
    await store.run(lambda tx: tx.requests.add(asked))
    assert await store.read(lambda tx: tx.requests.get(asked.id)) == asked


async def test_text_that_postgresql_cannot_hold_is_replaced_not_refused(store: SqlStore) -> None:
    asked = request(reason="a\0b \ud800 c")
    await store.run(lambda tx: tx.requests.add(asked))
    found = await store.read(lambda tx: tx.requests.get(asked.id))
    assert found is not None
    assert found.reason == "a\ufffdb \ufffd c"


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "'; DROP TABLE request; --", "x" * 10_000, ""])
async def test_an_id_that_nobody_could_have_made_is_unknown(store: SqlStore, name: str) -> None:
    unknown, group_id = RequestId(name), GroupId(name)
    await store.run(lambda tx: tx.requests.add(request()))
    assert await store.read(lambda tx: (tx.requests.get(unknown), tx.requests.view(unknown))) == (None, None)
    assert await store.read(lambda tx: tx.requests.open_for(ProjectAlias(name), group_id)) is None
    assert await store.read(lambda tx: tx.audit.of(unknown)) == []


async def test_a_name_that_postgresql_cannot_hold_is_replaced_not_refused(store: SqlStore) -> None:
    asked = request()
    odd = approval(asked, name="B\0e\ud800n")
    await store.run(lambda tx: [tx.requests.add(asked), tx.approvals.add(odd)])
    [found] = await store.read(lambda tx: tx.approvals.of(asked.id, 1))
    assert found.name == "B\0e\ufffdn"


async def test_a_group_has_one_open_request(store: SqlStore) -> None:
    added = await store.run(add(request("r-1"), request("r-2")))
    assert added == [True, False]
    other = request("r-3", "group-2")
    assert await store.run(lambda tx: tx.requests.add(other))
    assert await store.read(lambda tx: tx.requests.open_for(ProjectAlias("eu-de"), GroupId("group-2"))) == other


@pytest.mark.parametrize("state", State)
async def test_only_an_open_request_stands_in_the_way_of_the_next(store: SqlStore, state: State) -> None:
    await store.run(lambda tx: tx.requests.add(request("r-1", state=state)))
    assert await store.run(lambda tx: tx.requests.add(request("r-2"))) is (state not in OPEN_STATES)


async def test_a_move_needs_the_state_that_was_read(store: SqlStore) -> None:
    asked = request()
    denied, approved = replace(asked, state=State.DENIED), replace(asked, state=State.APPROVED)
    await store.run(lambda tx: tx.requests.add(asked))
    assert await store.run(lambda tx: tx.requests.move(asked, denied))
    assert not await store.run(lambda tx: tx.requests.move(asked, approved))
    assert await store.read(lambda tx: tx.requests.get(asked.id)) == denied


@pytest.mark.parametrize("stale", [replace(request(), revision=2), request(plan=plan(servers=2))])
async def test_a_move_needs_the_revision_and_the_plan_that_were_read(store: SqlStore, stale: Request) -> None:
    await store.run(lambda tx: tx.requests.add(request()))
    assert not await store.run(lambda tx: tx.requests.move(stale, replace(stale, state=State.APPROVED)))


async def test_a_move_writes_what_was_replaced_and_nothing_else(store: SqlStore, database: Database) -> None:
    asked = request()
    await store.run(lambda tx: tx.requests.add(asked))
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE request SET ticket = 'CHG-9'"))
    drawn = replace(asked, revision=2, plan=plan(servers=2), plan_change=("+ srv-2",), decided_by=BEN, decided_at=NOON)
    assert await store.run(lambda tx: tx.requests.move(asked, drawn))
    assert await store.read(lambda tx: tx.requests.get(asked.id)) == replace(drawn, ticket="CHG-9")


async def test_a_move_to_the_same_is_one(store: SqlStore) -> None:
    asked = request()
    await store.run(lambda tx: tx.requests.add(asked))
    assert await store.run(lambda tx: tx.requests.move(asked, asked))
    assert await store.read(lambda tx: tx.requests.get(asked.id)) == asked


async def test_a_plan_that_was_edited_in_the_database_is_no_longer_the_approved_one(
    store: SqlStore, database: Database
) -> None:
    asked = request()
    await store.run(lambda tx: tx.requests.add(asked))
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE request SET plan_json = replace(plan_json, 'pair-1', 'pair-2')"))
    found = await store.read(lambda tx: tx.requests.get(asked.id))
    assert found is not None
    assert found.plan.digest != asked.plan.digest
    assert not await store.run(lambda tx: tx.requests.move(found, replace(found, state=State.APPROVED)))


async def test_those_in_a_state_are_told_with_the_moment_of_their_last_change(store: SqlStore) -> None:
    pending = request("r-1", "group-1")
    await store.run(add(pending, request("r-2", "group-2")))
    await store.run(lambda tx: tx.requests.move(pending, replace(pending, state=State.EXPIRED)))
    assert list(await store.read(lambda tx: tx.requests.last_moved(State.PENDING))) == ["r-2"]
    assert await store.read(lambda tx: tx.requests.last_moved(State.EXPIRED)) == {"r-1": pending.updated_at}


async def test_requests_in_states_come_page_by_page(store: SqlStore) -> None:
    asked = [request(f"r-{n}", f"group-{n}") for n in range(5)]
    await store.run(add(*asked, request("r-9", "group-9", state=State.DENIED)))
    first = await store.read(lambda tx: tx.requests.in_states([State.PENDING], limit=3))
    rest = await store.read(lambda tx: tx.requests.in_states([State.PENDING], limit=3, after=first[-1].id))
    assert [each.id for each in first + rest] == [each.id for each in asked]


async def test_recent_requests_come_newest_first(store: SqlStore) -> None:
    asked = [request(f"r-{n}", f"group-{n}", created_at=NOON + timedelta(minutes=n)) for n in range(4)]
    await store.run(add(*asked))
    newest = await store.read(lambda tx: tx.requests.recent(limit=2))
    older = await store.read(lambda tx: tx.requests.recent(limit=9, before=newest[-1].created_at))
    assert [each.id for each in newest] == ["r-3", "r-2"]
    assert [each.id for each in older] == ["r-1", "r-0"]


async def test_requests_are_counted_by_person_and_by_state(store: SqlStore) -> None:
    await store.run(
        add(
            request("r-1", "group-1"),
            request("r-2", "group-2", state=State.DENIED),
            request("r-3", "group-3", requester=BEN),
            request("r-4", "group-4", created_at=NOON - timedelta(days=1)),
        )
    )
    assert await store.read(lambda tx: tx.requests.of_requester(ANNA, since=NOON)) == 2
    counts = await store.read(lambda tx: tx.requests.count_by_state())
    assert (counts[State.PENDING], counts[State.DENIED], counts[State.FAILED]) == (3, 1, 0)
    assert set(counts) == set(State)


async def test_a_break_glass_request_that_ran_owes_a_review(store: SqlStore) -> None:
    owing = request("r-1", state=State.VERIFIED, break_glass=True)
    withdrawn = request("r-2", "group-2", state=State.WITHDRAWN, break_glass=True, created_at=NOON - timedelta(days=1))
    await store.run(add(owing, withdrawn))
    assert await store.read(lambda tx: tx.requests.owing_review(ANNA)) == owing
    assert await store.read(lambda tx: tx.requests.owing_review(BEN)) is None
    assert await store.run(lambda tx: tx.requests.move(owing, replace(owing, review="It was needed.")))
    assert await store.read(lambda tx: tx.requests.owing_review(ANNA)) is None


async def test_a_person_approves_a_revision_once(store: SqlStore) -> None:
    asked = request()
    await store.run(lambda tx: tx.requests.add(asked))
    assert await store.run(lambda tx: tx.approvals.add(approval(asked)))
    assert not await store.run(lambda tx: tx.approvals.add(approval(asked, ANNA, person_id="person-UBEN")))
    assert await store.read(lambda tx: tx.approvals.of(asked.id, 1)) == (approval(asked),)


async def test_an_approval_does_not_count_for_another_revision(store: SqlStore) -> None:
    asked = request()
    await store.run(lambda tx: [tx.requests.add(asked), tx.approvals.add(approval(asked))])
    assert await store.read(lambda tx: tx.approvals.of(asked.id, 2)) == ()
    assert await store.run(lambda tx: tx.approvals.add(approval(replace(asked, revision=2))))


async def test_a_retracted_approval_counts_no_more_and_stays_as_evidence(store: SqlStore) -> None:
    asked = request()
    await store.run(lambda tx: [tx.requests.add(asked), tx.approvals.add(approval(asked))])
    assert await store.run(lambda tx: tx.approvals.retract(asked.id, 1, "person-UBEN"))
    assert not await store.run(lambda tx: tx.approvals.retract(asked.id, 1, "person-UBEN"))
    assert await store.read(lambda tx: tx.approvals.of(asked.id, 1)) == ()
    assert await store.run(lambda tx: tx.approvals.add(approval(asked)))
    assert len(await store.read(lambda tx: tx.approvals.all_of(asked.id))) == 2


async def test_a_view_holds_all_that_a_message_needs(store: SqlStore) -> None:
    asked = request()
    stopped, hour = NOON, timedelta(hours=1)
    run = finished_run(asked, stopped_at=stopped, verified_at=stopped + hour, running_at=stopped + 2 * hour)
    yes = [approval(asked, at=NOON + timedelta(seconds=1)), approval(asked, ANNA)]

    def work(tx: Transaction) -> None:
        tx.requests.add(asked)
        for each in yes:
            tx.approvals.add(each)
        tx.approvals.add(approval(asked, ANNA, person_id="gone"))
        tx.approvals.retract(asked.id, 1, "gone")
        tx.runs.save(run)
        tx.runs.fence(attempt(asked))
        for revision in ("9", "10"):
            tx.surfaces.want(asked.id, Place(PlaceKind.CARD, revision))

    await store.run(work)
    view = await store.read(lambda tx: tx.requests.view(asked.id))
    assert view is not None
    assert (view.request, view.run, view.attempt) == (asked, run, attempt(asked))
    assert view.approvals == tuple(reversed(yes))
    assert view.card is not None
    assert view.card.place.key == "10"


async def test_a_view_of_a_fresh_request_has_no_run_and_an_unknown_one_has_no_view(store: SqlStore) -> None:
    asked = request()
    await store.run(lambda tx: tx.requests.add(asked))
    view = await store.read(lambda tx: tx.requests.view(asked.id))
    assert view is not None
    assert (view.approvals, view.run, view.attempt, view.card) == ((), None, None, None)
    unknown = request("nobody").id
    assert await store.read(lambda tx: tx.requests.view(unknown)) is None


async def test_history_measures_the_same_direction_and_counts_failovers(store: SqlStore) -> None:
    minute = timedelta(minutes=1)

    def work(tx: Transaction) -> None:
        for number, (to, minutes) in enumerate([(Site.TARGET, 10), (Site.SOURCE, 99), (Site.TARGET, 20)]):
            began = NOON + number * timedelta(days=1)
            asked = request(f"r-{number}", to=to, state=State.VERIFIED, created_at=began)
            tx.requests.add(asked)
            tx.runs.fence(attempt(asked, answered_at=began + minute))
            end = began + minutes * minute
            tx.runs.save(finished_run(asked, stopped_at=began, verified_at=end - 2 * minute, running_at=end))

    await store.run(work)
    there = await store.read(lambda tx: tx.requests.history(ProjectAlias("eu-de"), GroupId("group-1"), Site.TARGET))
    assert there.outages == (20 * minute, 10 * minute)
    assert there.reversals == (17 * minute, 7 * minute)
    assert there.earlier_failovers == 2
    back = await store.read(lambda tx: tx.requests.history(ProjectAlias("eu-de"), GroupId("group-1"), Site.SOURCE))
    assert (back.outages, back.earlier_failovers) == ((99 * minute,), 2)


async def test_a_request_does_not_count_itself_as_an_earlier_failover(store: SqlStore) -> None:
    before = request("r-0", state=State.VERIFIED, created_at=NOON)
    itself = request("r-1", state=State.VERIFIED, created_at=NOON + timedelta(hours=1))
    end = NOON + timedelta(minutes=9)
    runs = [finished_run(one, stopped_at=NOON, verified_at=end, running_at=end) for one in (before, itself)]
    await store.run(lambda tx: [tx.requests.add(before), tx.requests.add(itself), *map(tx.runs.save, runs)])
    view = await store.read(lambda tx: tx.requests.view(itself.id))
    assert view is not None
    assert (len(view.history.outages), view.history.earlier_failovers) == (1, 1)


async def test_a_confirmed_service_ends_the_outage(store: SqlStore) -> None:
    asked = request(state=State.VERIFIED)
    minute = timedelta(minutes=1)
    run = finished_run(asked, stopped_at=NOON, verified_at=NOON + minute, running_at=NOON + 2 * minute)
    confirmed = replace(run, confirmed_at=NOON + 5 * minute)
    await store.run(lambda tx: [tx.requests.add(asked), tx.runs.save(confirmed)])
    found = await store.read(lambda tx: tx.requests.history(asked.project, asked.group.id, Site.TARGET))
    assert found.outages == (5 * minute,)
    assert found.reversals == ()  # nobody knows when the order was accepted


async def test_the_fence_stands_once_and_for_ever(store: SqlStore) -> None:
    asked = request()
    await store.run(lambda tx: tx.requests.add(asked))
    assert await store.run(lambda tx: tx.runs.fence(attempt(asked)))
    assert not await store.run(lambda tx: tx.runs.fence(attempt(asked, executor="worker-2")))
    settled = attempt(asked, answered_at=NOON)
    await store.run(lambda tx: tx.runs.settle(settled))
    assert await store.read(lambda tx: tx.runs.attempt(asked.id)) == settled
    assert not await store.run(lambda tx: tx.runs.fence(attempt(asked)))


async def test_an_attempt_that_was_never_fenced_cannot_be_settled(store: SqlStore) -> None:
    with pytest.raises(LookupError, match="no attempt"):
        await store.run(lambda tx: tx.runs.settle(attempt(request())))


async def test_a_run_is_written_over_itself(store: SqlStore) -> None:
    asked = request()
    run = finished_run(asked, stopped_at=NOON, verified_at=NOON, running_at=NOON)
    await store.run(lambda tx: [tx.requests.add(asked), tx.runs.save(run), tx.runs.save(replace(run, executor="w2"))])
    found = await store.read(lambda tx: tx.runs.get(asked.id))
    assert found == replace(run, executor="w2")


async def test_cloud_calls_are_kept_in_their_order(store: SqlStore) -> None:
    asked = request()
    calls = [call("/a"), call("/b"), call("/c")]
    await store.run(lambda tx: [tx.requests.add(asked), tx.runs.record_calls(asked.id, calls)])
    assert await store.read(lambda tx: tx.runs.calls(asked.id)) == calls


async def test_a_run_is_enqueued_for_the_revision_that_was_approved(
    store: SqlStore, enqueued: list[tuple[str, int]]
) -> None:
    await store.run(lambda tx: tx.runs.enqueue(request().id, 3))
    assert enqueued == [("r-1", 3)]


async def test_a_row_of_an_unknown_request_is_refused(store: SqlStore) -> None:
    with pytest.raises(StoreError):
        await store.run(lambda tx: tx.runs.record_calls(request("nobody").id, [call()]))
