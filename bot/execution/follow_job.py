"""One job, seen again and again: what each sighting means and the little that it writes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.clocks import spoken
from bot.domain.errors import Problem
from bot.domain.facts import Job, JobId, JobStatus
from bot.domain.lines import Line, LineKind, line
from bot.domain.run import Step, StepState, progress_of
from bot.execution.endings import fail, lose_sight
from bot.execution.footing import Footing, Key, Parts, change, mark, save_if_new
from bot.execution.limits import Limits
from bot.execution.stage import Stage
from bot.execution.stale import Staleness
from bot.ports import Transaction
from bot.service.changes import save_run, say

NOT_STARTED = "No server was started: those that were stopped are still off."


class FollowingJob:
    """Writes when a sighting differs from the one before, so a quiet job costs the cloud a read and us nothing."""

    __slots__ = ("is_new", "job_id", "key", "last", "limits", "parts", "project", "staleness", "status")

    def __init__(self, parts: Parts, key: Key, now: Footing, job_id: JobId, limits: Limits) -> None:
        self.parts, self.key, self.job_id, self.limits = parts, key, job_id, limits
        self.project = now.plan.project
        self.is_new = _has_just_begun(parts, now)
        self.last = hash(now.run.job)  # of thousands of jobs that is less than the jobs themselves
        self.status = now.run.job.status if now.run.job else ""
        self.staleness = Staleness(parts)

    async def look(self) -> Job:
        return await self.parts.cloud.job(self.project, self.job_id)

    async def heed(self, seen: Job | Problem) -> Stage | None:
        """FOLLOW means: this job cannot be seen, follow the group instead."""
        if isinstance(seen, Problem):
            if seen.is_missing:
                return await self.lose_job(seen)
            await self.staleness.note(self.key, seen, aloud=True)
            return await self.too_late()
        await self.staleness.clear(self.key)
        if hash(seen) != self.last:
            await self.write(seen)
        match seen.status:
            case JobStatus.SUCCESS:
                return await self.succeed()
            case JobStatus.FAIL:
                problem = failure_of(self.parts, seen)
                return await fail(self.parts, self.key, problem, failure_words(problem), step=Step.REVERSE)
            case _:  # INIT, RUNNING, and any word that we do not know: it is not over
                return await self.too_late()

    async def write(self, seen: Job) -> None:
        progress = progress_of(seen)

        def work(tx: Transaction, now: Footing) -> None:
            run = mark(now.run, Step.REVERSE, StepState.RUNNING, tx.now, done=progress.done, total=progress.total)
            save_if_new(tx, now.run, replace(run, job=seen, job_id=seen.id, observed_at=tx.now, stale_reason=""))

        await change(self.parts, self.key, work)
        self.last, self.status = hash(seen), seen.status

    async def succeed(self) -> Stage:
        def work(tx: Transaction, now: Footing) -> None:
            save_run(tx, mark(now.run, Step.REVERSE, StepState.DONE, tx.now))
            say(tx, now.request, line(LineKind.JOB_DONE), once="job_done")

        await change(self.parts, self.key, work)
        self.parts.reach("job done")
        return Stage.VERIFY

    async def lose_job(self, problem: Problem) -> Stage:
        """The cloud does not know the job that it named: the group will tell."""
        words = line(LineKind.RECONCILED, what=f"{problem.what} I follow the group's status instead.")
        await change(self.parts, self.key, lambda tx, now: say(tx, now.request, words, once="job_lost"))
        return Stage.FOLLOW

    async def too_late(self) -> Stage | None:
        if self.parts.clock.monotonic() < self.limits.job:
            return None
        limit = spoken(timedelta(seconds=self.parts.timing.job_limit_seconds))
        is_strange = self.status and self.status not in tuple(JobStatus)
        strange = f" Its status is “{self.status}”, a word this bot does not know." if is_strange else ""
        what = f"The job {self.job_id} has come to no end in {limit}.{strange} It may still be running in the cloud."
        return await lose_sight(self.parts, self.key, what)


def failure_of(parts: Parts, job: Job) -> Problem:
    """Why the reversal failed, and what that means for the servers."""
    return replace(parts.cloud.failure_of(job, "The reversal"), not_done=NOT_STARTED)


def failure_words(problem: Problem) -> Line:
    what = f"{problem.what} {problem.not_done}"
    return line(LineKind.JOB_FAILED, code=problem.code or "no code", what=what, cure=problem.advice)


def _has_just_begun(parts: Parts, now: Footing) -> bool:
    """The cloud named the job a moment ago: what comes first are the orders that still wait to leave."""
    answered_at = now.attempt.answered_at if now.attempt else None
    return answered_at is not None and now.at - answered_at < timedelta(seconds=parts.timing.first_minute_poll_seconds)
