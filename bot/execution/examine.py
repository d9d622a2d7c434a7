"""Looking at the cloud again before anything is done: the same plan, nothing in the way? Else it goes back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from bot.domain.errors import CloudError, Problem
from bot.domain.facts import Group, Snapshot
from bot.domain.lines import LineKind
from bot.domain.plan import Plan, difference
from bot.domain.preflight import check_before_reversal
from bot.execution.back import go_back_failed, servers_back
from bot.execution.early import EarlyStart
from bot.execution.footing import Footing, Key, Parts, stand
from bot.execution.reapprove import reapprove
from bot.execution.schedule import approval_ends_at
from bot.execution.stage import Stage
from bot.execution.stale import Staleness
from bot.ports import Cloud
from bot.service.looking import Look, look


def examine(parts: Parts, now: Footing, snapshot: Snapshot, *, at_the_end: bool = False) -> Look:
    """The facts, the plan that follows from them now, and what stands in the way."""
    seen = look(snapshot, now.plan.to, now.request.options, parts.policy_source.policy, parts.clock.now())
    return at_its_end(parts, now, seen) if at_the_end else seen


def at_its_end(parts: Parts, now: Footing, seen: Look) -> Look:
    """The same look, with what must be true right before the POST: the checks had asked it already if the servers were
    to be off from the start."""
    if not now.request.options.stop_servers:
        return seen
    moment = parts.clock.now()
    return replace(seen, findings=check_before_reversal(seen.snapshot, now.plan.to, now.request.options, moment))


def changes(approved: Plan, seen: Look) -> tuple[str, ...]:
    """Why the approvals do not hold any more; empty when they do."""
    return (*difference(approved, seen.plan), *(f"blocked: {finding.sentence}" for finding in seen.blockers))


async def snapshot_of(
    parts: Parts, key: Key, now: Footing | None, source: Cloud | EarlyStart | None = None
) -> Snapshot | Problem | None:
    """Read everything, however long the cloud takes to answer. None: cancelled, expired or decided meanwhile."""
    staleness, source = Staleness(parts), source or parts.cloud
    while now is not None and not now.run.cancel_requested_by and not is_expired(parts, now):
        try:
            snapshot = await source.snapshot(now.plan.project, now.plan.group_id)
        except CloudError as error:
            if error.problem.is_missing:
                return error.problem
            await staleness.note(key, error.problem)
            await asyncio.sleep(parts.timing.retry_seconds)
            now = await stand(parts, key)
        else:
            await staleness.clear(key)
            return snapshot
    return None


def is_expired(parts: Parts, now: Footing) -> bool:
    return approval_ends_at(now.request, parts.policy_source.policy) <= now.at


async def last_look(parts: Parts, key: Key, now: Footing) -> Group | Stage:
    """Directly before the fence: the group to be fenced, or the stage that follows instead.

    Pairs may need a moment after the servers stopped, so a blocker is looked at again before it counts. A look of a
    moment ago, by the check that just passed, is not repeated.
    """
    fresh = parts.fresh.pop(key.request_id, None)
    if fresh and is_ready_to_submit(parts, now, examine(parts, now, fresh)):
        return fresh.group
    patience = parts.clock.monotonic() + parts.timing.settle_seconds
    while True:
        snapshot = await snapshot_of(parts, key, await stand(parts, key))
        if snapshot is None:
            return await _not_any_more(parts, key)
        if isinstance(snapshot, Problem):
            return await go_back_failed(parts, key, snapshot, LineKind.VANISHED)
        seen = examine(parts, now, snapshot, at_the_end=True)
        why = changes(now.plan, seen)
        if not why:
            return snapshot.group
        if parts.clock.monotonic() >= patience or seen.plan.digest != now.plan.digest:
            await servers_back(parts, key)
            return await reapprove(parts, key, why, seen)
        await asyncio.sleep(parts.timing.retry_seconds)


async def _not_any_more(parts: Parts, key: Key) -> Stage:
    """The approval ran out, or somebody cancelled: the stage decides again what to do with that."""
    now = await stand(parts, key)
    if now is None:
        return Stage.OVER
    if now.run.cancel_requested_by:
        return Stage.SUBMIT
    await servers_back(parts, key)
    return await reapprove(parts, key, ("the approvals expired before the reversal was submitted",), as_it_was(now))


def as_it_was(now: Footing) -> Look:
    """What the approvers saw, for a new revision of the same plan."""
    return Look(snapshot=now.request.snapshot, plan=now.plan, findings=now.request.findings)


def is_ready_to_submit(parts: Parts, now: Footing, seen: Look) -> bool:
    """Taken a moment ago, and nothing in it stands in the way of the POST."""
    age = parts.clock.now() - seen.snapshot.taken_at
    is_new = age <= timedelta(seconds=parts.timing.recheck_seconds)
    return is_new and not changes(now.plan, at_its_end(parts, now, seen))
