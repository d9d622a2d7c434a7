"""A bench for runs: the real store and engine, a cloud in memory, and workers to start, to stop and to kill."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from bot.domain.audit import Recorded
from bot.domain.errors import PeopleError
from bot.domain.facts import GroupId, Snapshot
from bot.domain.people import Account, Person
from bot.domain.plan import Options, plan_of
from bot.domain.policy import Audience, Policy, Role, Rule
from bot.domain.preflight import check
from bot.domain.request import Event, Request, RequestId, State
from bot.domain.run import Attempt, Run
from bot.domain.surface import PlaceKind, Surface
from bot.execution.early import EarlyStarts
from bot.execution.engine import open_engine
from bot.execution.execution import Execution, Outside
from bot.execution.queue import RunQueue
from bot.execution.timing import Timing
from bot.ports import Transaction
from bot.service.changes import Cause, advance
from storage.database import open_database
from storage.unit_of_work import SqlStore
from tests.domain import facts
from tests.domain.requests import account, approval, request
from tests.fakes.cloud import FakeCloud

QUICK = Timing(  # what a test waits for is short; what ends a wait is not, for the machine may be busy
    first_minute_poll_seconds=0.02,
    poll_seconds=0.02,
    server_poll_seconds=0.02,
    retry_seconds=0.02,
    stale_after_seconds=0.2,
    settle_seconds=15.0,
    soft_stop_seconds=15.0,
    reorder_seconds=15.0,
    start_seconds=15.0,
    verify_seconds=15.0,
    submit_seconds=2.0,
    unclear_seconds=0.4,
    job_limit_seconds=30.0,
    claim_seconds=0.2,
    takeover_seconds=0.1,
    proof_seconds=2.0,
    heartbeat_seconds=0.2,
    sweep_seconds=0.2,
)

APPROVER = account("U2")
RULE = Rule(
    name="production",
    environment="PRODUCTION",
    name_patterns=("*",),
    roles=(Role(name="dr", need=1, who=Audience(users=frozenset({"U2", "U3"}))),),
)


class Died(BaseException):
    """What a killed process does next: nothing."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class FakePeople:
    """Slack's directory, which may be down and may know that somebody left."""

    gone: set[str] = field(default_factory=set)
    is_down: bool = False

    async def look_up(self, account: Account, *, within_seconds: float = 0.0) -> Person:
        if self.is_down:
            raise PeopleError("Slack does not answer")
        return Person(
            account=account, name=account.user, person_id=str(account), is_deactivated=account.user in self.gone
        )

    async def members(self, usergroup: str) -> frozenset[str]:
        return frozenset()


@dataclass
class FixedPolicy:
    policy: Policy = field(default_factory=lambda: Policy(version="v1", rules=(RULE,)))


class Quiet:
    def wake(self, *, is_urgent: bool = True) -> None: ...


@dataclass
class Figures:
    """Counts what the runs count."""

    counts: dict[str, int] = field(default_factory=dict)

    def count(self, name: str, **labels: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1

    def gauge(self, name: str, value: float) -> None: ...

    def observe(self, name: str, seconds: float) -> None: ...


class DiesAt:
    """Dies the first time that a point is reached; from then on nothing of this worker moves."""

    def __init__(self, point: str) -> None:
        self.point = point
        self.is_dead = False
        self.died = asyncio.Event()

    def __call__(self, point: str) -> None:
        if self.is_dead or point == self.point:
            self.is_dead = True
            self.died.set()
            raise Died(point)


def healthy(*, group: str = "g-1", servers: tuple[str, ...] = ("db-1", "web-1"), is_on: bool = True) -> Snapshot:
    """A group of its own, with servers of its own."""
    made = facts.snapshot(*(f"{group}-{name}" for name in servers))
    if not is_on:
        made = replace(
            made,
            instances=tuple(
                replace(one, at_source=replace(one.at_source, status="SHUTOFF"))
                for one in made.instances
                if one.at_source
            ),
        )
    return replace(made, group=replace(made.group, id=GroupId(group)))


class Bench:
    """`url` is a migrated database. Everything outside of the workers lives here and survives them."""

    def __init__(self, url: str, *, timing: Timing = QUICK, cloud: FakeCloud | None = None) -> None:
        self.database = open_database(url)
        self.timing = timing
        self.engine = open_engine(self.database.url)
        self.queue = RunQueue(self.engine)
        self.store = SqlStore(self.database, enqueue=self.queue.enqueue)
        self.cloud = cloud or FakeCloud({GroupId("g-1"): healthy()})
        self.people = FakePeople()
        self.policy = FixedPolicy()
        self.metrics = Figures()
        self.lost = asyncio.Event()

    def close(self) -> None:
        self.store.close()
        self.queue.close()
        self.engine.dispose()
        self.database.close()

    def worker(
        self, *, reach: Callable[[str], None] = lambda point: None, early: EarlyStarts | None = None
    ) -> Execution:
        return Execution(
            Outside(
                url=self.database.url.render_as_string(hide_password=False),
                queue=self.queue,
                store=self.store,
                cloud=self.cloud,
                people=self.people,
                policy_source=self.policy,
                notifier=Quiet(),
                clock=SystemClock(),
                timing=self.timing,
                metrics=self.metrics,
                reach=reach,
                lost=self.lost.set,
                lanes=8,
                early=early,
            )
        )

    async def approved(
        self,
        request_id: str = "r-1",
        *,
        options: Options | None = None,
        enqueue: bool = True,
        is_approved: bool = True,
        lives_seconds: float = 4 * 3600,
        snapshot: Snapshot | None = None,
    ) -> Request:
        """A request of the group `g-…` with the same number, approved by one person."""
        snapshot = snapshot or self.cloud.snapshots[GroupId(request_id.replace("r", "g", 1))]
        options = options or Options()

        def work(tx: Transaction) -> Request:
            asked = request(
                id=RequestId(request_id),
                project=snapshot.group.project,
                group=snapshot.group,
                snapshot=snapshot,
                findings=check(snapshot, snapshot.group.production.other, options, tx.now),  # type: ignore[union-attr]
                options=options,
                plan=plan_of(snapshot, snapshot.group.production.other, options, "v1"),  # type: ignore[union-attr]
                to=snapshot.group.production.other,  # type: ignore[union-attr]
                created_at=tx.now,
                updated_at=tx.now,
                expires_at=tx.now + timedelta(seconds=lives_seconds),
            )
            assert tx.requests.add(asked)
            assert tx.approvals.add(approval(asked, APPROVER, "dr", at=tx.now))
            if not is_approved:
                return asked
            moved = advance(tx, asked, Event.APPROVE, Cause(actor=APPROVER), decided_by=APPROVER, decided_at=tx.now)
            assert moved is not None
            if enqueue:
                tx.runs.enqueue(asked.id, asked.revision)
            return moved

        return await self.store.run(work)

    def approvals_live(self, seconds: float) -> None:
        rule = replace(RULE, approval_ttl=timedelta(seconds=seconds))
        self.policy.policy = replace(self.policy.policy, rules=(rule,))

    async def request(self, request_id: str = "r-1") -> Request:
        found = await self.store.read(lambda tx: tx.requests.get(RequestId(request_id)))
        assert found is not None
        return found

    async def run(self, request_id: str = "r-1") -> Run:
        found = await self.store.read(lambda tx: tx.runs.get(RequestId(request_id)))
        assert found is not None
        return found

    async def attempt(self, request_id: str = "r-1") -> Attempt | None:
        return await self.store.read(lambda tx: tx.runs.attempt(RequestId(request_id)))

    async def surfaces(self, kind: PlaceKind, request_id: str = "r-1") -> list[Surface]:
        shown = await self.store.read(lambda tx: tx.surfaces.of(RequestId(request_id)))
        return [surface for surface in shown if surface.place.kind is kind]

    async def lines(self, request_id: str = "r-1") -> list[str]:
        return [str(surface.data["kind"]) for surface in await self.surfaces(PlaceKind.LINE, request_id)]

    async def audit(self, request_id: str = "r-1") -> list[Recorded]:
        return await self.store.read(lambda tx: tx.audit.of(RequestId(request_id)))

    async def until(self, *states: State, request_id: str = "r-1", seconds: float = 15) -> Request:
        """Wait for a state, or say where the request stands instead."""
        until = time.monotonic() + seconds
        while (now := await self.request(request_id)).state not in states:
            assert time.monotonic() < until, f"{now.state} instead of {states}: {await self.lines(request_id)}"
            await asyncio.sleep(0.01)
        return now

    def statuses(self) -> dict[str, str]:
        """The engine's workflows and their states, as an operator would look them up."""
        schema = "" if self.database.is_sqlite else "dbos."
        with self.engine.connect() as connection:
            rows = connection.execute(text(f"SELECT workflow_uuid, status FROM {schema}workflow_status"))
            return {row[0]: row[1] for row in rows}

    async def sees(self, fact: Callable[[], bool], *, seconds: float = 15) -> None:
        async with asyncio.timeout(seconds):
            while not fact():  # noqa: ASYNC110  the cloud in memory tells nobody
                await asyncio.sleep(0.01)

    async def run_where(self, fact: Callable[[Run], bool], request_id: str = "r-1", *, seconds: float = 15) -> Run:
        """Wait until the row of the run says so."""
        async with asyncio.timeout(seconds):
            while True:
                run = await self.store.read(lambda tx: tx.runs.get(RequestId(request_id)))
                if run is not None and fact(run):
                    return run
                await asyncio.sleep(0.02)

    async def amend(self, request_id: str = "r-1", **changes: object) -> None:
        """What a use case writes into the row of a run when a person clicks."""

        def work(tx: Transaction) -> None:
            run = tx.runs.get(RequestId(request_id))
            assert run is not None
            tx.runs.save(replace(run, **changes))  # type: ignore[arg-type]

        await self.store.run(work)


async def kill(worker: Execution) -> None:
    """As `kill -9` leaves it: nothing is handed over, nothing is written any more."""
    for task in (*worker._tasks, *worker.parts.posting):
        task.cancel()
    await asyncio.gather(*worker._tasks, *worker.parts.posting, return_exceptions=True)
    worker._tasks.clear()
    await worker._engine.stop(hand_over=False)
    await worker._poller.__aexit__()
    await worker._lock.release()
    async with asyncio.timeout(15):  # a cancelled look goes on in its thread: its connection must come back first
        while worker._database.pool.checkedout():  # type: ignore[attr-defined]  # noqa: ASYNC110  of a QueuePool
            await asyncio.sleep(0.01)
    worker._database.dispose()
