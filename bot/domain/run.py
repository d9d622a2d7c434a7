"""Our execution of an approved request: its steps, how far each is, and what an observation means for the next one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import Problem
from bot.domain.facts import Job, JobId, ServerId
from bot.domain.people import Account
from bot.domain.request import RequestId


class Step(StrEnum):
    CHECK = "check"
    STOP = "stop"
    REVERSE = "reverse"
    VERIFY = "verify"
    START = "start"
    CONFIRM = "confirm"


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class Question(StrEnum):
    """What a run may wait for a person to answer."""

    HARD_STOP = "hard_stop"  # some servers do not stop softly: force them off, wait on, or cancel
    LOOK_AGAIN = "look_again"  # the outcome of the submission is unknown


class HardStopAnswer(StrEnum):
    FORCE = "force"
    WAIT = "wait"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    step: Step
    state: StepState = StepState.WAITING
    started_at: datetime | None = None
    ended_at: datetime | None = None
    done: int = 0
    total: int = 0
    note: str = ""


FRESH_STEPS = tuple(StepProgress(step=step) for step in Step)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The row of a run. `observed_at` is the last time the cloud answered about the step that is under way."""

    request_id: RequestId
    revision: int  # of the request, as approved
    executor: str = ""
    steps: tuple[StepProgress, ...] = FRESH_STEPS
    stopped_server_ids: tuple[ServerId, ...] = ()  # those that we stopped, to start the same ones on Cancel
    job_id: JobId | None = None
    job: Job | None = None
    observed_at: datetime | None = None
    stale_reason: str = ""  # why there was no newer answer
    question: Question | None = None
    question_subjects: tuple[str, ...] = ()
    hard_stop: HardStopAnswer | None = None
    answered_by: Account | None = None
    cancel_requested_by: Account | None = None
    problem: Problem | None = None
    running_count: int = 0  # servers seen ACTIVE at the new production site
    server_count: int = 0
    confirmed_by: Account | None = None
    confirmed_at: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    def step(self, step: Step) -> StepProgress:
        return next(progress for progress in self.steps if progress.step is step)

    def with_step(self, progress: StepProgress) -> Run:
        return replace(self, steps=tuple(progress if s.step is progress.step else s for s in self.steps))


class AttemptOutcome(StrEnum):
    """What became of the one POST; no outcome yet means that nobody may send and somebody must find out."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """The fence: committed before the POST leaves, one per request and for ever. Who finds it only reconciles."""

    request_id: RequestId
    group_status: str
    priority_station: str
    group_updated_at: str
    executor: str
    at: datetime
    outcome: AttemptOutcome | None = None
    job_id: JobId | None = None
    answered_at: datetime | None = None
    problem: Problem | None = None
