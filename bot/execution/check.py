"""The first stage: is it still this plan, are they still approvers, is nothing in the way? Only then it runs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from bot.domain.errors import Problem
from bot.domain.facts import Snapshot
from bot.domain.lines import LineKind, line
from bot.domain.preflight import changed_since, verdict
from bot.domain.request import Event, State
from bot.domain.run import Step, StepState
from bot.execution.approvers import approvers_now
from bot.execution.back import go_back_cancelled, go_back_failed, servers_back
from bot.execution.early import EarlyStart
from bot.execution.endings import Ending, end
from bot.execution.examine import as_it_was, changes, examine, is_ready_to_submit, snapshot_of
from bot.execution.footing import Footing, Key, Parts, change, mark, stand, stand_on
from bot.execution.reapprove import reapprove
from bot.execution.stage import Stage
from bot.execution.submit import stand_with_records, submit_at_once
from bot.ports import Cloud, Transaction
from bot.service.changes import BOT, advance, save_run, say
from bot.service.looking import Look, has_drifted


async def check(parts: Parts, key: Key) -> Stage:
    early = parts.early.take(key.request_id, key.revision) if parts.early else None
    now, recorded = _known(early, key) if early else await stand_with_records(parts, key)
    if now is None:
        return Stage.OVER
    if now.was_submitted:
        return Stage.FOLLOW
    snapshot, doubts = await _look_around(parts, key, now, early or parts.cloud)
    if isinstance(snapshot, Problem):
        return await go_back_failed(parts, key, snapshot, LineKind.VANISHED)
    if snapshot is None or doubts is None:
        return await _not_any_more(parts, key)
    seen = examine(parts, now, snapshot)
    why = (*_drift(now, seen), *doubts)
    if why:
        await servers_back(parts, key)  # a run that is taken up again may have stopped some
        return await reapprove(parts, key, why, seen)
    parts.reach("before begin")
    if not now.request.options.stop_servers and is_ready_to_submit(parts, now, seen):
        return await submit_at_once(parts, key, now, recorded, snapshot.group, partial(_begun, parts=parts, seen=seen))
    parts.fresh[key.request_id] = snapshot
    await change(parts, key, lambda tx, current: _begin(tx, current, parts, seen), is_urgent=False)
    parts.reach("after begin")
    return Stage.STOP if now.request.options.stop_servers else Stage.SUBMIT


def _known(early: EarlyStart, key: Key) -> tuple[Footing | None, None]:
    request = early.standing.request
    return stand_on(early.standing, key, request.decided_at or request.updated_at), None


async def _look_around(
    parts: Parts, key: Key, now: Footing, source: Cloud | EarlyStart
) -> tuple[Snapshot | Problem | None, tuple[str, ...] | None]:
    """The cloud and the people at the same time; where the cloud took long, the people are looked at again."""
    began = parts.clock.monotonic()
    people = asyncio.create_task(approvers_now(parts, key, now))
    try:
        snapshot = await snapshot_of(parts, key, now, source)
        if not isinstance(snapshot, Snapshot):
            return snapshot, None
        doubts = await people
    finally:
        people.cancel()
    if parts.clock.monotonic() - began > parts.timing.recheck_seconds:
        doubts = await approvers_now(parts, key, now)
    return snapshot, doubts


def _drift(now: Footing, seen: Look) -> tuple[str, ...]:
    touched = changed_since(now.request.snapshot, seen.snapshot) if now.request.state is State.APPROVED else ()
    why = (*changes(now.plan, seen), *(finding.sentence for finding in touched))
    if why or not has_drifted(now.request, seen):
        return why
    return (f"the checks say {seen.verdict.value} now and said {verdict(now.request.findings).value} before",)


def _begin(tx: Transaction, now: Footing, parts: Parts, seen: Look) -> None:
    begun = _begun(tx, now, parts=parts, seen=seen)
    if begun is not None and begun.run is not now.run:
        save_run(tx, begun.run)


def _begun(tx: Transaction, now: Footing, *, parts: Parts, seen: Look) -> Footing | None:
    """The request runs, and its run as it is then: to be saved. None: it may not begin any more."""
    if now.request.state is State.RUNNING and now.run.step(Step.CHECK).state is StepState.DONE:
        return now
    moved = now.request
    if now.request.state is State.APPROVED:
        started = advance(tx, now.request, Event.START, BOT, snapshot=seen.snapshot, findings=seen.findings)
        if started is None:
            return None
        moved = started
        say(tx, moved, line(LineKind.STARTED, plan=moved.plan.code), once=f"started.{moved.revision}")
    run = replace(now.run, executor=parts.executor, started_at=now.run.started_at or tx.now, observed_at=tx.now)
    run = mark(run, Step.CHECK, StepState.DONE, tx.now)
    if not moved.options.stop_servers:
        run = mark(run, Step.STOP, StepState.SKIPPED, tx.now)
    if not moved.options.start_servers:
        run = mark(run, Step.START, StepState.SKIPPED, tx.now)
    warnings = [finding.sentence for finding in seen.findings]
    say(tx, moved, line(LineKind.CHECKED, warnings=warnings), once=f"checked.{moved.revision}")
    return replace(now, request=moved, run=run)


async def _not_any_more(parts: Parts, key: Key) -> Stage:
    """Cancelled, or the approval ran out before anything was done."""
    now = await stand(parts, key)
    if now is None:
        return Stage.OVER
    if now.run.cancel_requested_by:
        return await go_back_cancelled(parts, key)
    if now.request.state is State.APPROVED:
        return await end(parts, key, Ending(event=Event.EXPIRE, words=line(LineKind.EXPIRED)))
    return await reapprove(parts, key, ("the approvals expired before the run could go on",), as_it_was(now))
