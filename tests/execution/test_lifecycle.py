"""A run from the last approval to its end, and every way in which it may end otherwise."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.domain.facts import GroupId, ProjectAlias, ServerId, Snapshot
from bot.domain.plan import Options
from bot.domain.request import State
from bot.domain.run import AttemptOutcome, HardStopAnswer, Question, Step, StepState
from bot.domain.surface import PlaceKind
from tests.domain.requests import account
from tests.execution.bench import APPROVER, Bench, FakePeople, healthy
from tests.fakes.cloud import FakeCloud, Reply

G1 = GroupId("g-1")
DB, WEB = ServerId("g-1-db-1-eu-de-01"), ServerId("g-1-web-1-eu-de-01")
DB_AFTER, WEB_AFTER = ServerId("g-1-db-1-eu-de-02"), ServerId("g-1-web-1-eu-de-02")


async def test_an_approved_request_is_run_to_its_verified_end(bench: Bench) -> None:
    async with bench.worker():
        await bench.approved()
        await bench.until(State.VERIFIED)
    assert len(bench.cloud.posts) == 1
    assert await bench.lines() == [
        "started",
        "checked",
        "stopping",
        "stopped",
        "submitted",
        "job_done",
        "verified",
        "starting",
        "starting",
        "running",
    ]
    assert [s.user for s in await bench.surfaces(PlaceKind.LOGIN)] == ["U1"]
    assert [s.user for s in await bench.surfaces(PlaceKind.POINTER)] == ["U1"]


async def test_the_last_wave_stops_first_and_the_first_wave_starts_first(sqlite_bench: Bench) -> None:
    async with sqlite_bench.worker():
        await sqlite_bench.approved()
        await sqlite_bench.until(State.VERIFIED)
    assert sqlite_bench.cloud.orders == [
        ("stop", (WEB,)),
        ("stop", (DB,)),
        ("start", (DB_AFTER,)),
        ("start", (WEB_AFTER,)),
    ]


async def test_wave_zero_is_a_wave_of_production_like_any_other(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    facts = healthy()
    first, *others = facts.instances
    bench.cloud = FakeCloud({G1: replace(facts, instances=(replace(first, wave=0), *others))})
    async with bench.worker():
        await bench.approved()
        await bench.until(State.VERIFIED)
    assert bench.cloud.orders[1] == ("stop", (DB,))
    assert "dr_stopped" not in await bench.lines()


async def test_servers_are_left_alone_when_the_request_says_so(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.cloud = FakeCloud({G1: healthy(is_on=False)})
    async with bench.worker():
        await bench.approved(options=Options(stop_servers=False, start_servers=False))
        await bench.until(State.VERIFIED)
    run = await bench.run()
    assert bench.cloud.orders == []
    assert (run.step(Step.STOP).state, run.step(Step.START).state) == (StepState.SKIPPED, StepState.SKIPPED)


async def test_a_dr_server_that_runs_by_mistake_is_stopped_first(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    request = await bench.approved(enqueue=False)
    bench.cloud.set_power(DB_AFTER, "ACTIVE")
    async with bench.worker():
        ended = await bench.until(State.VERIFIED, State.PENDING)
    if ended.state is State.VERIFIED:
        assert bench.cloud.orders[0] == ("stop", (DB_AFTER,))
        assert "dr_stopped" in await bench.lines()
    else:  # the preflight calls it a blocker: then nobody is surprised by a stopped server either
        assert bench.cloud.orders == []
        assert request.revision + 1 == ended.revision


async def test_a_changed_plan_goes_back_to_the_approvers(bench: Bench) -> None:
    approved = await bench.approved()
    bench.cloud.snapshots[G1] = healthy(servers=("db-1", "web-1", "app-9"))
    bench.cloud.__post_init__()
    async with bench.worker():
        request = await bench.until(State.PENDING)
    assert request.revision == approved.revision + 1
    assert any("app-9" in change for change in request.plan_change)
    assert request.expires_at > request.updated_at + timedelta(hours=3)
    assert (bench.cloud.posts, bench.cloud.orders) == ([], [])
    assert await bench.lines() == ["drifted"]


async def test_a_blocker_goes_back_to_the_approvers(sqlite_bench: Bench) -> None:
    await sqlite_bench.approved()
    sqlite_bench.cloud.set_group(G1, status="stopping")
    async with sqlite_bench.worker():
        request = await sqlite_bench.until(State.PENDING)
    assert request.plan_change[0].startswith("blocked: ")
    assert sqlite_bench.cloud.orders == []


async def test_a_group_that_somebody_touched_since_the_approval_goes_back(sqlite_bench: Bench) -> None:
    await sqlite_bench.approved()
    sqlite_bench.cloud.set_group(G1, updated_at="2026-11-22 23:59:59.000")
    async with sqlite_bench.worker():
        request = await sqlite_bench.until(State.PENDING)
    assert "was changed in the cloud since it was checked" in request.plan_change[0]
    assert (sqlite_bench.cloud.posts, sqlite_bench.cloud.orders) == ([], [])


async def test_a_blocker_after_the_stop_starts_the_same_servers_again(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.timing = replace(bench.timing, settle_seconds=0.5)
    facts = bench.cloud.snapshots[G1]

    def fall_behind(point: str) -> None:
        if point == "before submit":
            pairs = tuple(replace(pair, progress=97) for pair in facts.pairs)
            bench.cloud.snapshots[G1] = replace(facts, pairs=pairs)

    async with bench.worker(reach=fall_behind):
        await bench.approved()
        await bench.until(State.PENDING)
    assert bench.cloud.statuses()[DB] == bench.cloud.statuses()[WEB] == "ACTIVE"
    assert bench.cloud.posts == []
    assert (await bench.lines())[-2:] == ["restarted", "drifted"]


async def test_a15_an_approver_who_left_stops_the_run_before_the_post(bench: Bench) -> None:
    await bench.approved()
    bench.people.gone.add(APPROVER.user)
    async with bench.worker():
        request = await bench.until(State.PENDING)
    assert (request.revision, bench.cloud.posts, bench.cloud.orders) == (2, [], [])
    assert "U2 may not approve any more" in request.plan_change


class SlowCloud(FakeCloud):
    """While it is read, an approver leaves."""

    people: FakePeople

    async def snapshot(self, project: ProjectAlias, group_id: GroupId) -> Snapshot:
        await asyncio.sleep(0.05)  # the approvers are looked at meanwhile
        self.people.gone.add(APPROVER.user)
        return await super().snapshot(project, group_id)


async def test_where_the_cloud_took_long_the_approvers_are_looked_at_again(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.timing = replace(bench.timing, recheck_seconds=0.01)
    bench.cloud = cloud = SlowCloud({G1: healthy()})
    cloud.people = bench.people
    await bench.approved()
    async with bench.worker():
        request = await bench.until(State.PENDING)
    assert "U2 may not approve any more" in request.plan_change


async def test_f20_a_fresh_approval_runs_while_slack_is_down(sqlite_bench: Bench) -> None:
    sqlite_bench.people.is_down = True
    async with sqlite_bench.worker():
        await sqlite_bench.approved()
        await sqlite_bench.until(State.VERIFIED)


async def test_an_old_approval_waits_for_slack(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.timing = replace(bench.timing, trust_look_seconds=0)
    bench.people.is_down = True
    async with bench.worker():
        await bench.approved()
        await asyncio.sleep(0.3)
        assert (await bench.request()).state is State.APPROVED
        bench.people.is_down = False
        await bench.until(State.VERIFIED)


async def test_a18_a_plan_that_was_edited_in_the_database_is_never_submitted(sqlite_bench: Bench) -> None:
    bench = sqlite_bench

    def edit(point: str) -> None:
        if point == "before submit":
            with bench.engine.begin() as connection:
                rows = connection.execute(text("SELECT id, plan_json FROM request")).all()
                for request_id, body in rows:
                    edited = body.replace('"to":"target"', '"to":"source"')
                    assert edited != body
                    connection.execute(
                        text("UPDATE request SET plan_json = :body WHERE id = :id"), {"body": edited, "id": request_id}
                    )

    async with bench.worker(reach=edit):
        await bench.approved()
        await bench.until(State.FAILED)
    run = await bench.run()
    assert run.problem is not None
    assert run.problem.code == "PLAN_CHANGED"
    assert bench.cloud.posts == []
    assert bench.metrics.counts["alarms"] == 1


async def test_a20_an_approval_that_expired_before_the_run_is_not_used(bench: Bench) -> None:
    bench.approvals_live(0.01)
    await bench.approved()
    await asyncio.sleep(0.05)
    async with bench.worker():
        await bench.until(State.EXPIRED)
    assert (bench.cloud.posts, bench.cloud.orders) == ([], [])


async def test_an_approval_that_expires_during_the_stop_needs_a_new_one(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.cloud.power_looks = 40
    bench.approvals_live(0.7)
    async with bench.worker():
        await bench.approved()
        await bench.until(State.PENDING)
    assert bench.cloud.posts == []
    assert bench.cloud.statuses()[DB] == "ACTIVE"


async def test_cancel_during_the_stop_starts_the_same_servers_again(bench: Bench) -> None:
    bench.cloud.stubborn = {DB}
    async with bench.worker():
        await bench.approved()
        await bench.sees(lambda: bench.cloud.statuses()[WEB] == "SHUTOFF")
        await bench.amend(cancel_requested_by=account("U1"))
        await bench.until(State.CANCELLED)
    assert bench.cloud.statuses()[WEB] == bench.cloud.statuses()[DB] == "ACTIVE"
    assert bench.cloud.posts == []
    assert (await bench.lines())[-2:] == ["restarted", "cancelled"]


async def test_cancel_is_heard_up_to_the_fence(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    tasks = []

    def cancel(point: str) -> None:
        if point == "before fence" and not tasks:
            bench.store.transact(
                lambda tx: tx.runs.save(
                    replace(tx.runs.get("r-1"), cancel_requested_by=account("U1"))  # type: ignore[arg-type,type-var]
                )
            )
            tasks.append(point)

    async with bench.worker(reach=cancel):
        await bench.approved()
        await bench.until(State.CANCELLED)
    assert bench.cloud.posts == []
    assert await bench.attempt() is None


@pytest.mark.parametrize("answer", list(HardStopAnswer))
async def test_a_server_that_does_not_stop_is_a_question_to_people(sqlite_bench: Bench, answer: HardStopAnswer) -> None:
    bench = sqlite_bench
    bench.timing = replace(bench.timing, soft_stop_seconds=1.5)
    bench.cloud.stubborn = {DB}
    async with bench.worker():
        await bench.approved()
        run = await bench.run_where(lambda run: run.question is not None)
        assert (run.question, run.question_subjects) == (Question.HARD_STOP, ("g-1-db-1",))
        assert len(await bench.surfaces(PlaceKind.QUESTION)) == 1
        assert run.problem is not None
        assert run.problem.what == "Stopping the servers failed: the host is gone."
        if answer is HardStopAnswer.WAIT:
            bench.cloud.stubborn = set()
        await bench.amend(hard_stop=answer, answered_by=APPROVER)
        end = State.CANCELLED if answer is HardStopAnswer.CANCEL else State.VERIFIED
        await bench.until(end)
    forced = [ids for kind, ids in bench.cloud.orders if kind == "force"]
    assert forced == ([(DB,)] if answer is HardStopAnswer.FORCE else [])
    assert ("forced" in await bench.lines()) == (answer is HardStopAnswer.FORCE)
    run = await bench.run()
    assert run.question is None
    assert (run.problem is None) is (end is State.VERIFIED)


async def test_a_refused_reversal_fails_and_production_runs_again(bench: Bench) -> None:
    bench.cloud.reply = Reply.REJECT
    async with bench.worker():
        await bench.approved()
        await bench.until(State.FAILED)
    attempt = await bench.attempt()
    assert attempt is not None
    assert attempt.outcome is AttemptOutcome.REJECTED
    assert bench.cloud.statuses()[DB] == bench.cloud.statuses()[WEB] == "ACTIVE"
    assert (await bench.lines())[-2:] == ["restarted", "rejected"]


async def test_a_failed_job_fails_the_request_and_starts_nothing(bench: Bench) -> None:
    bench.cloud.job_fails = True
    async with bench.worker():
        await bench.approved()
        await bench.until(State.FAILED)
    assert len(bench.cloud.posts) == 1
    assert [kind for kind, _ in bench.cloud.orders] == ["stop", "stop"]
    assert (await bench.lines())[-1] == "job_failed"


async def test_a_job_that_lies_is_not_believed(bench: Bench) -> None:
    bench.timing = replace(bench.timing, verify_seconds=1)
    bench.cloud.lies = True
    async with bench.worker():
        await bench.approved()
        await bench.until(State.UNVERIFIED)
    assert [kind for kind, _ in bench.cloud.orders] == ["stop", "stop"]
    assert (await bench.lines())[-1] == "unverified"
    assert await bench.surfaces(PlaceKind.LOGIN) == []


async def test_a_server_that_does_not_start_is_named_and_the_rest_runs(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.timing = replace(bench.timing, start_seconds=2)
    bench.cloud.broken = {DB_AFTER}
    async with bench.worker():
        await bench.approved()
        await bench.until(State.PARTLY)
    run = await bench.run()
    assert (run.running_count, run.server_count) == (1, 2)
    assert run.problem is not None
    assert run.problem.what == "Starting the servers failed: the host is gone."
    assert bench.cloud.statuses()[WEB_AFTER] == "ACTIVE"
    assert (await bench.lines())[-1] == "not_running"
    assert len(await bench.surfaces(PlaceKind.LOGIN)) == 1


async def test_every_change_of_state_has_one_audit_row(bench: Bench) -> None:
    async with bench.worker():
        await bench.approved()
        await bench.until(State.VERIFIED)
    moves = [row.entry.detail["after"] for row in await bench.audit() if "after" in row.entry.detail]
    assert moves == ["approved", "running", "verified"]
