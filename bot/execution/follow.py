"""Following the reversal to its end: the job while it is known, else the group. No end is ever guessed."""

from __future__ import annotations

from bot.domain.lines import LineKind
from bot.domain.run import AttemptOutcome, Step, StepState
from bot.execution.back import go_back_failed
from bot.execution.follow_group import FollowingGroup
from bot.execution.follow_job import FollowingJob
from bot.execution.footing import Key, Parts, stand
from bot.execution.limits import limits_of
from bot.execution.stage import Stage

Following = FollowingJob | FollowingGroup


async def follow(parts: Parts, key: Key) -> Stage:
    """Thousands wait here for hours, so nothing of the rows is kept meanwhile but what the next look needs."""
    following = await _begin(parts, key)
    if isinstance(following, FollowingJob):
        stage = await parts.poller.watch(
            following.look, following.heed, pace=parts.timing.job_poll, is_new=following.is_new
        )
        if stage is not Stage.FOLLOW:
            return stage
        following = await _begin(parts, key, job_is_lost=True)
    if isinstance(following, FollowingGroup):
        return await parts.poller.watch(following.look, following.heed, pace=parts.timing.job_poll)
    return following if isinstance(following, Stage) else Stage.FOLLOW


async def _begin(parts: Parts, key: Key, *, job_is_lost: bool = False) -> Following | Stage:
    """What the fence row says decides how to look: by the job's id, by the group, or not at all after a refusal."""
    now = await stand(parts, key)
    if now is None:
        return Stage.OVER
    attempt = now.attempt
    if attempt is None:
        return Stage.SUBMIT
    if now.run.step(Step.REVERSE).state is StepState.DONE:
        return Stage.VERIFY
    if attempt.outcome is AttemptOutcome.REJECTED and attempt.problem is not None:
        return await go_back_failed(parts, key, attempt.problem, LineKind.REJECTED)
    limits = limits_of(parts, now, attempt)
    if attempt.job_id is not None and not job_is_lost:
        return FollowingJob(parts, key, now, attempt.job_id, limits)
    return FollowingGroup(parts, key, now, attempt, limits)
