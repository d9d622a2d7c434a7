"""What is going on, as tables: requests, runs with their step, and the processes that work on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from bot.cli.approving import STALE_SECONDS
from bot.cli.audit_page import print_case
from bot.cli.reading import look, opened_database
from bot.cli.say import stop_with, table
from bot.domain.clocks import spoken
from bot.domain.request import OPEN_STATES, Request, RequestId, State
from bot.domain.run import Run, StepProgress, StepState
from bot.evidence import gather, stamp, who
from bot.execution.engine import open_engine
from bot.execution.queue import RunQueue
from bot.ports import Executor, Transaction
from bot.slack.words import STATE
from storage.problems import explain

IN_HAND = (State.APPROVED, State.RUNNING, State.NEEDS_PERSON)
LATEST = 20


def print_runs(*, every: bool) -> None:
    now, rows, executors = look(lambda tx: (tx.now, _runs(tx, every=every), tx.executors.known()))
    holders = _holders()
    columns = ("request", "group", "state", "step", "since", "where", "remark")
    table("Runs", columns, [_run_row(request, run, now, holders.get(request.id)) for request, run in rows])
    table(
        "Processes",
        ("executor", "host", "pid", "version", "up for", "heartbeat"),
        [_executor_row(executor, now) for executor in executors],
        empty="none. Nothing is executed until `failover-bot run` or `failover-bot worker` runs.",
    )


def _runs(tx: Transaction, *, every: bool) -> list[tuple[Request, Run | None]]:
    requests = tx.requests.in_states(IN_HAND)
    if every:
        ended = [request for request in tx.requests.recent(limit=100) if request.state.is_final]
        return [(r, run) for r in (*requests, *ended) if (run := tx.runs.get(r.id)) or r.state in IN_HAND]
    return [(request, tx.runs.get(request.id)) for request in requests]


def _holders() -> Mapping[RequestId, str]:
    """As the engine has it: the run's own row says who began it, and somebody else may have taken it over."""
    with opened_database() as database:
        engine = open_engine(database.url)
        queue = RunQueue(engine)
        try:
            return queue.holders()
        except SQLAlchemyError as error:
            raise explain(error, database.url) from error
        finally:
            queue.close()
            engine.dispose()


def _where(request: Request, run: Run | None, holder: str | None) -> str:
    if holder is not None:
        return holder or "nobody yet"
    if request.state.is_final:
        return run.executor if run and run.executor else "–"
    return "nobody: a person must look" if request.state is State.NEEDS_PERSON else "nobody yet"


def _run_row(request: Request, run: Run | None, now: datetime, holder: str | None) -> tuple[str, ...]:
    """`holder`: None where no run is alive, empty where one waits for an executor."""
    step = _current(run) if run else None
    since = (step.started_at if step else None) or request.updated_at
    return (
        request.id,
        request.group.name,
        STATE[request.state],
        f"{step.step.value} {step.done}/{step.total}" if step and step.total else step.step.value if step else "–",
        f"{stamp(since)} ({spoken(now - since)})",
        _where(request, run, holder),
        _remark(run),
    )


def _current(run: Run) -> StepProgress | None:
    """The step under way, else the last one that was."""
    running = [step for step in run.steps if step.state is StepState.RUNNING]
    over = [step for step in run.steps if step.state in (StepState.DONE, StepState.FAILED)]
    return next(iter(running), over[-1] if over else None)


def _remark(run: Run | None) -> str:
    if run is None:
        return "waits for a process or its start time"
    if run.question:
        return f"asks people: {run.question.value.replace('_', ' ')}"
    if run.stale_reason:
        return f"no newer answer: {run.stale_reason}"
    return run.problem.what if run.problem else ""


def _executor_row(executor: Executor, now: datetime) -> tuple[str, ...]:
    silent = now - executor.seen_at
    verdict = "" if silent.total_seconds() <= STALE_SECONDS else " · SILENT, its runs are taken over"
    return (
        executor.id,
        executor.host,
        str(executor.pid),
        executor.version,
        spoken(now - executor.started_at),
        f"{spoken(silent)} ago{verdict}",
    )


def print_requests() -> None:
    rows = look(lambda tx: [*tx.requests.in_states(OPEN_STATES), *tx.requests.recent(limit=LATEST)])
    latest = list({request.id: request for request in rows}.values())
    columns = ("request", "state", "group", "direction", "asked by", "at", "plan")
    table("Requests", columns, [_request_row(request) for request in latest])


def _request_row(request: Request) -> tuple[str, ...]:
    return (
        request.id,
        STATE[request.state] + (" · BREAK-GLASS" if request.break_glass else ""),
        request.group.name,
        f"{request.from_zone} → {request.to_zone}",
        who(request.requester),
        stamp(request.created_at),
        request.plan.code,
    )


def print_request(request_id: str) -> None:
    case = look(lambda tx: gather(tx, RequestId(request_id)))
    if case is None:
        stop_with(f"There is no request {request_id}. `failover-bot status` lists the latest ones.")
    print_case(case)
