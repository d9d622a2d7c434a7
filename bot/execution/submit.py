"""The one submission: a last look, the fence row, the POST. Between the first and the last byte nothing is repeated."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import assert_never

from bot.domain.audit import Recorded
from bot.domain.facts import Group
from bot.domain.lines import LineKind, line
from bot.domain.run import Attempt, AttemptOutcome, Step, StepState
from bot.execution.back import go_back_cancelled, go_back_failed
from bot.execution.endings import without_question
from bot.execution.examine import last_look
from bot.execution.footing import Footing, Key, Parts, change, footing, mark, patiently
from bot.execution.integrity import TAMPERED, as_approved, was_tampered_with
from bot.execution.schedule import approval_ends_at
from bot.execution.stage import Stage
from bot.ports import Accepted, Rejected, Submission, Transaction, Unclear
from bot.service.changes import save_run, say

log = logging.getLogger(__name__)


Begin = Callable[[Transaction, Footing], Footing | None]
"""Lets the run begin, in the transaction that fences it."""


async def stand_with_records(parts: Parts, key: Key) -> tuple[Footing | None, list[Recorded]]:
    """What the run stands on, and what the audit says about the request, of one moment."""
    return await patiently(parts, lambda tx: (footing(tx, key), tx.audit.of(key.request_id)), reads=True)


async def submit(parts: Parts, key: Key) -> Stage:
    now, recorded = await stand_with_records(parts, key)
    if now is None:
        return Stage.OVER
    if now.was_submitted:
        return Stage.FOLLOW
    if now.run.cancel_requested_by:
        return await go_back_cancelled(parts, key)
    if was_tampered_with(now, recorded):
        return await _refuse(parts, key, now)
    group = await last_look(parts, key, now)
    if isinstance(group, Stage):
        return group
    return await _fence_and_post(parts, key, now, partial(_fence, parts=parts, group=group), again=Stage.SUBMIT)


async def submit_at_once(
    parts: Parts, key: Key, now: Footing, recorded: list[Recorded] | None, group: Group, begin: Begin
) -> Stage:
    """Nothing lies between the checks and the order: the run begins and is fenced in one transaction.

    Without what is `recorded`, nothing was read since the approval: then the rows must be exactly as `now`.
    """
    if recorded is not None and was_tampered_with(now, recorded):
        return await _refuse(parts, key, now)
    fence = partial(_fence, parts=parts, group=group, begin=begin, known=now if recorded is None else None)
    return await _fence_and_post(parts, key, now, fence, again=Stage.CHECK)


async def _refuse(parts: Parts, key: Key, now: Footing) -> Stage:
    parts.metrics.count("alarms", kind="tampering")
    return await go_back_failed(parts, key, TAMPERED, LineKind.REJECTED, request=as_approved(now))


async def _fence_and_post(
    parts: Parts, key: Key, now: Footing, fence: Callable[[Transaction, Footing], bool], *, again: Stage
) -> Stage:
    parts.reach("before fence")
    fenced = await change(parts, key, fence, is_urgent=False)
    if fenced is None or not fenced:
        return Stage.OVER if fenced is None else again  # somebody cancelled or fenced in between: look again
    parts.reach("after fence")
    return await _post(parts, key, now, parts.clock.monotonic() + parts.timing.submit_seconds)


def _fence(
    tx: Transaction,
    now: Footing,
    *,
    parts: Parts,
    group: Group,
    begin: Begin | None = None,
    known: Footing | None = None,
) -> bool:
    """Committed before anything leaves, and never taken back. In the same transaction the last Cancel is heard."""
    if known is not None and (known.request, known.approvals) != (now.request, now.approvals):
        return False
    if now.run.cancel_requested_by or approval_ends_at(now.request, parts.policy_source.policy) <= tx.now:
        return False
    if now.was_submitted:
        return False
    begun = begin(tx, now) if begin else now
    if begun is None:
        return False
    attempt = Attempt(
        request_id=now.request.id,
        group_status=group.status,
        priority_station=group.priority_station,
        group_updated_at=group.updated_at,
        executor=parts.executor,
        at=tx.now,
    )
    if not tx.runs.fence(attempt):
        return False
    save_run(tx, mark(without_question(begun.run), Step.REVERSE, StepState.RUNNING, tx.now))
    return True


async def _post(parts: Parts, key: Key, now: Footing, deadline: float) -> Stage:
    """In a task of its own: a worker that is told to stop lets an order that is on the wire be answered and settled."""
    task = asyncio.create_task(_order(parts, key, now, deadline), name=f"post-{key.request_id}")
    parts.posting.add(task)
    task.add_done_callback(parts.posting.discard)
    await asyncio.shield(task)
    return Stage.FOLLOW


async def _order(parts: Parts, key: Key, now: Footing, deadline: float) -> None:
    """Built from the approved plan, not from anything read since. A frozen process must not wake up and send: the
    gateway asks `is_still_ours` right before the bytes leave."""
    plan = now.plan

    def is_still_ours() -> bool:
        return parts.clock.monotonic() < deadline and parts.is_ours()

    parts.reach("before POST")
    parts.metrics.count("posts")
    log.info("Submitting the reversal of group %s to %s, once", plan.group_id, plan.to)
    answer = await parts.cloud.reverse(plan.project, plan.group_id, plan.to, is_still_ours=is_still_ours)
    parts.reach("after POST")
    log.info("The reversal was %s", type(answer).__name__.lower())
    await change(parts, key, lambda tx, current: _settle(tx, current, answer))
    parts.reach("POST settled")
    parts.metrics.count("submissions", outcome=type(answer).__name__.lower())


def _settle(tx: Transaction, now: Footing, answer: Submission) -> None:
    """Write what the answer says; an attempt that somebody has settled meanwhile stays as it is."""
    if now.attempt is None or now.attempt.outcome is not None:
        return
    attempt = replace(now.attempt, answered_at=tx.now)
    match answer:
        case Accepted(job_id=job_id):
            tx.runs.settle(replace(attempt, outcome=AttemptOutcome.ACCEPTED, job_id=job_id))
            save_run(tx, replace(now.run, job_id=job_id, observed_at=tx.now))
            say(tx, now.request, line(LineKind.SUBMITTED, job_id=job_id, zone=now.request.to_zone), once="submitted")
        case Rejected(problem=problem):
            tx.runs.settle(replace(attempt, outcome=AttemptOutcome.REJECTED, problem=problem))
            save_run(tx, replace(now.run, problem=problem, observed_at=tx.now))
        case Unclear(problem=problem):
            tx.runs.settle(replace(attempt, outcome=AttemptOutcome.UNCLEAR, problem=problem))
            save_run(tx, replace(now.run, problem=problem))
            say(tx, now.request, line(LineKind.UNCLEAR, what=problem.what), once="unclear")
        case _:
            assert_never(answer)
