"""Until when a reversal is watched by itself; after that a person looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.run import Attempt
from bot.execution.footing import Footing, Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Moments of the monotonic clock."""

    job: float  # the job or the group should have come to an end
    unclear: float  # an order whose answer was lost cannot arrive any more


def limits_of(parts: Parts, now: Footing, attempt: Attempt) -> Limits:
    """Ages are measured with the database's clock, waits with the monotonic one: a clock that jumps moves no limit."""
    began_at = max(attempt.at, now.request.updated_at)  # *Look again* begins anew
    job_left = timedelta(seconds=parts.timing.job_limit_seconds) - (now.at - began_at)
    unclear_left = timedelta(seconds=parts.timing.unclear_seconds) - (now.at - attempt.at)
    monotonic = parts.clock.monotonic()
    return Limits(job=monotonic + job_left.total_seconds(), unclear=monotonic + unclear_left.total_seconds())
