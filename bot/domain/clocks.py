"""How long things took: five clocks of a request, and estimates from earlier runs. No time is ever invented."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from statistics import median

from bot.domain.request import Approval, Request
from bot.domain.run import Attempt, AttemptOutcome, Run, Step, StepState

MEMORY = 10  # runs; what was longer ago says little about today


class ClockName(StrEnum):
    DECISION = "decision"  # request → last approval
    DRAIN = "drain"  # first stop → last server off
    REVERSAL = "reversal"  # order accepted → job done and state verified
    RESTART = "restart"  # first start → last server running
    SERVICE = "service"  # first stop → confirmed by a person or a probe: the outage


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """One measured span, or why there is none."""

    name: ClockName
    span: timedelta | None
    missing: str = ""

    @property
    def text(self) -> str:
        return spoken(self.span) if self.span is not None else self.missing


def clocks(
    request: Request, approvals: Iterable[Approval], run: Run | None, attempt: Attempt | None
) -> tuple[Clock, ...]:
    """All five, in their order. `approvals` are those of the current revision."""
    return (
        _decision(request, approvals),
        _step(ClockName.DRAIN, run, Step.STOP),
        _reversal(run, attempt),
        _step(ClockName.RESTART, run, Step.START),
        _service(run),
    )


def _decision(request: Request, approvals: Iterable[Approval]) -> Clock:
    if request.break_glass:
        return Clock(name=ClockName.DECISION, span=None, missing="break-glass, no approval")
    last = max((approval.at for approval in approvals), default=None)
    return _between(ClockName.DECISION, request.created_at, last, "not approved")


def _step(name: ClockName, run: Run | None, step: Step) -> Clock:
    progress = run.step(step) if run else None
    if progress is None or progress.started_at is None:
        is_skipped = progress is not None and progress.state is StepState.SKIPPED
        return Clock(name=name, span=None, missing="skipped" if is_skipped else "not started")
    is_done = progress.state is StepState.DONE
    return _between(name, progress.started_at, progress.ended_at if is_done else None, "not finished")


def _reversal(run: Run | None, attempt: Attempt | None) -> Clock:
    """From the accepted order. When the answer was lost, from the moment it was sent: that is known for sure."""
    if run is None or attempt is None or attempt.outcome is AttemptOutcome.REJECTED:
        return Clock(name=ClockName.REVERSAL, span=None, missing="not submitted")
    is_answered = attempt.job_id is not None and attempt.answered_at is not None
    verified = run.step(Step.VERIFY)
    ended_at = verified.ended_at if verified.state is StepState.DONE else None
    return _between(ClockName.REVERSAL, attempt.answered_at if is_answered else attempt.at, ended_at, "not verified")


def _service(run: Run | None) -> Clock:
    stopped_at = run.step(Step.STOP).started_at if run else None
    if run is None or stopped_at is None:
        return Clock(name=ClockName.SERVICE, span=None, missing="not measured, the bot stopped no server")
    return _between(ClockName.SERVICE, stopped_at, run.confirmed_at, "not confirmed")


def _between(name: ClockName, start: datetime | None, end: datetime | None, missing: str) -> Clock:
    if start is None or end is None or end < start:
        return Clock(name=name, span=None, missing=missing)
    return Clock(name=name, span=end - start)


def outage(run: Run) -> timedelta | None:
    """What history remembers: first stop → confirmed, else → last server running; None if neither was seen."""
    begin, end = run.step(Step.STOP).started_at, run.confirmed_at or run.step(Step.START).ended_at
    return end - begin if begin and end and end >= begin else None


def expected(spans: Sequence[timedelta]) -> timedelta | None:
    """The median of the newest spans (newest first); None without history."""
    recent = spans[:MEMORY]
    return timedelta(seconds=median(span.total_seconds() for span in recent)) if recent else None


def estimate(spans: Sequence[timedelta]) -> str:
    """`~18 min (median of the last 4; worst 26 min)`, or `no history yet`. Spans come newest first."""
    middle = expected(spans)
    if middle is None:
        return "no history yet"
    recent = spans[:MEMORY]
    if len(recent) == 1:
        return f"~{rough(middle)} (one earlier run)"
    return f"~{rough(middle)} (median of the last {len(recent)}; worst {rough(max(recent))})"


def spoken(span: timedelta) -> str:
    """As it was measured: `43 s`, `9 min 12 s`, `1 h 05 min`."""
    seconds = round(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02} s" if seconds % 60 else f"{seconds // 60} min"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02} min"


def rough(span: timedelta) -> str:
    """As an estimate deserves: whole minutes, at least one."""
    minutes = max(1, round(span.total_seconds() / 60))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
