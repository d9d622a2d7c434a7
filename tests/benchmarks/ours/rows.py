"""Rows of a database as a busy bot would have left them: requests that wait for approval, runs that follow a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.facts import Group, GroupId, Job, JobId, ProjectAlias, Site, Snapshot
from bot.domain.people import Account
from bot.domain.plan import Options, plan_of
from bot.domain.preflight import Finding
from bot.domain.request import Request, RequestId, State
from bot.domain.run import Attempt, AttemptOutcome, Run, Step, StepProgress, StepState
from bot.domain.surface import Place, PlaceKind
from bot.execution.engine import migrate_engine, open_engine
from bot.execution.queue import RunQueue
from bot.ports import Transaction
from storage.database import open_database
from storage.schema import migrate
from storage.unit_of_work import SqlStore
from tests.benchmarks.outside.slack import TEAM
from tests.domain import facts

REQUESTER = Account("", TEAM, "U0REQUESTER")
APPROVER = Account("", TEAM, "U0APPROVER")
BATCH = 250
OPTIONS = Options(stop_servers=False, start_servers=False)


@dataclass(frozen=True, slots=True)
class Rows:
    """A store with the engine's queue beside it."""

    store: SqlStore
    queue: RunQueue


def migrate_all(url: str) -> None:
    """Our tables and the engine's."""
    migrate(url)
    database = open_database(url)
    try:
        migrate_engine(database.url)
    finally:
        database.close()


@contextmanager
def opened(url: str) -> Iterator[Rows]:
    database = open_database(url)
    engine = open_engine(database.url)
    queue = RunQueue(engine)
    store = SqlStore(database, enqueue=queue.enqueue)
    try:
        yield Rows(store, queue)
    finally:
        store.close()
        queue.close()
        engine.dispose()
        database.close()


def request_of(
    number: int,
    tx: Transaction,
    snapshot: Snapshot,
    *,
    version: str = "1",
    options: Options = OPTIONS,
    findings: tuple[Finding, ...] = (),
) -> Request:
    to = snapshot.group.production.other if snapshot.group.production else Site.TARGET
    return Request(
        id=RequestId(f"R{number:05d}"),
        state=State.PENDING,
        revision=1,
        project=snapshot.group.project,
        group=snapshot.group,
        to=to,
        environment="PRODUCTION",
        requester=REQUESTER,
        reason="Measured",
        ticket="",
        options=options,
        plan=plan_of(snapshot, to, options, version),
        snapshot=snapshot,
        findings=findings,
        created_at=tx.now,
        expires_at=tx.now + timedelta(hours=4),
        updated_at=tx.now,
    )


def plain_snapshot(number: int) -> Snapshot:
    """A group of one server, as good as any when nobody looks at the cloud."""
    made = facts.snapshot(f"s-{number}")
    group = replace(made.group, id=GroupId(f"group-{number}"), name=f"pg-{number:05d}", project=ProjectAlias("eu-de"))
    return replace(made, group=group)


def group_snapshot(group: Group, number: int) -> Snapshot:
    return replace(plain_snapshot(number), group=group)


def add_running(tx: Transaction, request: Request, job_id: str, seen: Job | None = None) -> None:
    """An order that the cloud took, and a run that only has to follow its job, `seen` before."""
    running = replace(request, state=State.RUNNING, decided_by=APPROVER, decided_at=tx.now)
    assert tx.requests.add(running)
    run = Run(request_id=request.id, revision=1, executor="before", started_at=tx.now, job_id=JobId(job_id))
    run = replace(run, job=seen)
    run = run.with_step(StepProgress(step=Step.CHECK, state=StepState.DONE, started_at=tx.now, ended_at=tx.now))
    run = run.with_step(StepProgress(step=Step.STOP, state=StepState.SKIPPED, started_at=tx.now, ended_at=tx.now))
    run = run.with_step(StepProgress(step=Step.START, state=StepState.SKIPPED, started_at=tx.now, ended_at=tx.now))
    tx.runs.save(run.with_step(StepProgress(step=Step.REVERSE, state=StepState.RUNNING, started_at=tx.now)))
    attempt = Attempt(
        request_id=request.id,
        group_status="protected",
        priority_station=request.to.other.value,
        group_updated_at="2026-03-01 11:00:00",
        executor="before",
        at=tx.now,
    )
    assert tx.runs.fence(attempt)
    tx.runs.settle(replace(attempt, outcome=AttemptOutcome.ACCEPTED, job_id=JobId(job_id), answered_at=tx.now))
    tx.runs.enqueue(request.id, 1)


def add_shown(tx: Transaction, request: Request, place: Place, channel: str, ts: str, thread_ts: str = "") -> None:
    """A message that is in Slack already, up to date."""
    tx.surfaces.want(request.id, place)
    surface = tx.surfaces.find(request.id, place)
    assert surface is not None
    tx.surfaces.shown(surface.id, rendered=surface.wanted, channel=channel, ts=ts, thread_ts=thread_ts)


def add_card(tx: Transaction, request: Request, channel: str, ts: str) -> None:
    """The decision card: what is said later goes into its thread."""
    add_shown(tx, request, Place(PlaceKind.CARD, "1"), channel, ts)
