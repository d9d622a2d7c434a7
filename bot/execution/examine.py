"""Looking at the cloud again before anything is done: the same plan, nothing in the way? Else it goes back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.errors import CloudError
from bot.domain.facts import Group, Snapshot
from bot.domain.plan import Plan, difference, plan_of
from bot.domain.preflight import Finding, Level, check, check_before_reversal
from bot.execution.back import servers_back
from bot.execution.footing import Footing, Key, Parts, patiently, stand
from bot.execution.reapprove import reapprove
from bot.execution.stage import Stage
from bot.execution.stale import Staleness


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam:
    """What a look at the cloud gave: the facts, the plan that follows from them now, and what stands in the way."""

    snapshot: Snapshot
    plan: Plan
    findings: tuple[Finding, ...]

    @property
    def blockers(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level is Level.BLOCKER)

    def changes(self, approved: Plan) -> tuple[str, ...]:
        """Why the approvals do not hold any more; empty when they do."""
        return (*difference(approved, self.plan), *(f"blocked: {finding.sentence}" for finding in self.blockers))


def examine(parts: Parts, now: Footing, snapshot: Snapshot, *, at_the_end: bool = False) -> Exam:
    request = now.request
    look = check_before_reversal if at_the_end else check
    return Exam(
        snapshot=snapshot,
        plan=plan_of(snapshot, request.plan.to, request.options, parts.policy_source.policy.version),
        findings=look(snapshot, request.plan.to, request.options, parts.clock.now()),
    )


async def snapshot_of(parts: Parts, key: Key) -> Snapshot | None:
    """Read everything, however long the cloud takes to answer. None: cancelled, expired or decided meanwhile."""
    staleness = Staleness(parts)
    while True:
        now = await stand(parts, key)
        if now is None or now.run.cancel_requested_by or await is_expired(parts, now):
            return None
        try:
            snapshot = await parts.cloud.snapshot(now.plan.project, now.plan.group_id)
        except CloudError as error:
            await staleness.note(key, error.problem)
            await asyncio.sleep(parts.timing.retry_seconds)
        else:
            await staleness.clear(key)
            return snapshot


async def is_expired(parts: Parts, now: Footing) -> bool:
    """By the database's clock: the one of this machine may be wrong."""
    return await patiently(parts, lambda tx: now.request.expires_at <= tx.now, reads=True)


async def last_look(parts: Parts, key: Key, now: Footing) -> Group | Stage:
    """Directly before the fence: the group to be fenced, or the stage that follows instead.

    Pairs may need a moment after the servers stopped, so a blocker is looked at again before it counts. A look of a
    moment ago, by the check that just passed, is not repeated.
    """
    fresh = parts.fresh.pop(key.request_id, None)
    if fresh is not None and _age(parts, fresh) <= timedelta(seconds=parts.timing.recheck_seconds):
        exam = examine(parts, now, fresh, at_the_end=True)
        if not exam.changes(now.plan):
            return fresh.group
    patience = parts.clock.monotonic() + parts.timing.settle_seconds
    while True:
        snapshot = await snapshot_of(parts, key)
        if snapshot is None:
            return await _not_any_more(parts, key)
        exam = examine(parts, now, snapshot, at_the_end=True)
        if not exam.changes(now.plan):
            return snapshot.group
        if parts.clock.monotonic() >= patience or exam.plan.digest != now.plan.digest:
            await servers_back(parts, key)
            return await reapprove(parts, key, exam.changes(now.plan), exam.snapshot, exam.plan, exam.findings)
        await asyncio.sleep(parts.timing.retry_seconds)


async def _not_any_more(parts: Parts, key: Key) -> Stage:
    """The approval ran out, or somebody cancelled: the stage decides again what to do with that."""
    now = await stand(parts, key)
    if now is None:
        return Stage.OVER
    if now.run.cancel_requested_by:
        return Stage.SUBMIT
    await servers_back(parts, key)
    request = now.request
    why = ("the approvals expired before the reversal was submitted",)
    return await reapprove(parts, key, why, request.snapshot, request.plan, request.findings)


def _age(parts: Parts, snapshot: Snapshot) -> timedelta:
    return parts.clock.now() - snapshot.taken_at
