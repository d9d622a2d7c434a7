"""The group itself, where there is no job to follow: an order whose answer was lost, or a job that nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import assert_never

from bot.domain.clocks import spoken
from bot.domain.errors import Problem
from bot.domain.facts import FailedTask, Group, Job, JobId, JobStatus
from bot.domain.lines import LineKind, line
from bot.domain.run import Attempt, AttemptOutcome, Sight, Step, StepState, seen_group_after_attempt
from bot.execution.endings import fail, lose_sight
from bot.execution.follow_job import failure_of, failure_words
from bot.execution.footing import Footing, Key, Parts, change, mark, save_if_new
from bot.execution.limits import Limits
from bot.execution.stage import Stage
from bot.execution.stale import Staleness
from bot.ports import Transaction
from bot.service.changes import save_run, say

UNDECIDED = "The group looks as it did before, so nobody can tell whether the cloud took the reversal."


@dataclass(frozen=True, slots=True)
class Seen:
    group: Group
    sight: Sight
    tasks: tuple[FailedTask, ...] = ()


class FollowingGroup:
    """Reads only. What the group shows now, against what the fence row says it showed before, decides."""

    def __init__(self, parts: Parts, key: Key, now: Footing, attempt: Attempt, limits: Limits) -> None:
        self.parts, self.key, self.attempt, self.limits = parts, key, attempt, limits
        self.plan = now.plan
        self.staleness = Staleness(parts)
        self.told = ""

    async def look(self) -> Seen:
        """The group; when it does not speak for itself, also what the cloud lists as failed."""
        group = await self.parts.cloud.group(self.plan.project, self.plan.group_id)
        sight = seen_group_after_attempt(self.attempt, group, self.plan.to)
        if sight in (Sight.UNDERWAY, Sight.DONE):
            return Seen(group, sight)
        tasks = await self.parts.cloud.failed_tasks(self.plan.project, self.plan.group_id)
        return Seen(group, seen_group_after_attempt(self.attempt, group, self.plan.to, tasks), tasks)

    async def heed(self, seen: Seen | Problem) -> Stage | None:
        if isinstance(seen, Problem):
            await self.staleness.note(self.key, seen, aloud=True)
            return await self.too_late(seen.what)
        await self.staleness.clear(self.key)
        status = seen.group.status
        match seen.sight:
            case Sight.UNDERWAY:
                await self.tell(status, f"the group is {status}, so the reversal was accepted.")
                return await self.too_late(f"The group is still {status}.")
            case Sight.DONE:
                return await self.succeed(status)
            case Sight.FAILED:
                problem = failure_of(self.parts, _newest_failure(seen.tasks))
                return await fail(self.parts, self.key, problem, failure_words(problem), step=Step.REVERSE)
            case Sight.UNCHANGED:
                return await self.unchanged()
            case Sight.UNKNOWN:
                return await self.too_late(f"The group has the status {status}, which says nothing about the end.")
            case other:
                assert_never(other)

    async def tell(self, status: str, what: str) -> None:
        """Once per status. What was unclear is settled: from here on it is known that the order was taken."""
        if self.told == status:
            return
        self.told = status

        def work(tx: Transaction, now: Footing) -> None:
            if now.attempt is not None and now.attempt.outcome in (None, AttemptOutcome.UNCLEAR):
                tx.runs.settle(replace(now.attempt, outcome=AttemptOutcome.ACCEPTED, answered_at=tx.now, problem=None))
                say(tx, now.request, line(LineKind.RECONCILED, what=what), once="reconciled")
            run = mark(now.run, Step.REVERSE, StepState.RUNNING, tx.now)
            save_if_new(tx, now.run, replace(run, observed_at=tx.now, stale_reason="", problem=None))

        await change(self.parts, self.key, work)
        self.parts.metrics.count("reconciled")

    async def succeed(self, status: str) -> Stage:
        await self.tell(status, "production is at the other site, so the reversal was done.")

        def work(tx: Transaction, now: Footing) -> None:
            save_run(tx, mark(now.run, Step.REVERSE, StepState.DONE, tx.now))
            say(tx, now.request, line(LineKind.JOB_DONE), once="job_done")

        await change(self.parts, self.key, work)
        return Stage.VERIFY

    async def unchanged(self) -> Stage | None:
        """A lost order may still arrive while the client that sent it could be alive; then a person decides."""
        if self.attempt.outcome is AttemptOutcome.ACCEPTED:
            return await self.too_late("The group does not show the accepted reversal.")
        if self.parts.clock.monotonic() < self.limits.unclear:
            return None
        self.parts.metrics.count("unclear_outcomes")
        return await lose_sight(self.parts, self.key, UNDECIDED, self.attempt.problem)

    async def too_late(self, what: str) -> Stage | None:
        if self.parts.clock.monotonic() < self.limits.job:
            return None
        limit = spoken(timedelta(seconds=self.parts.timing.job_limit_seconds))
        return await lose_sight(self.parts, self.key, f"No end was seen in {limit}. {what}")


def _newest_failure(tasks: tuple[FailedTask, ...]) -> Job:
    """The reversal that the cloud lists as failed, as the job that nobody could name."""
    reversals = (task for task in tasks if task.failure_status.startswith("reverse"))
    newest = max(reversals, key=lambda task: task.began_at, default=None)
    if newest is None:
        return Job(id=JobId(""), type="", status=JobStatus.FAIL)
    reason, code = newest.reason, newest.error_code
    return Job(id=newest.job_id, type="", status=JobStatus.FAIL, error_code=code, fail_reason=reason)
