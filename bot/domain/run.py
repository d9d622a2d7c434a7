"""Our execution of an approved request: its steps, how far each is, and what an observation means for the next one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.domain.errors import Problem
from bot.domain.facts import FailedTask, Group, Job, JobId, JobStatus, ServerId, Site, Snapshot
from bot.domain.people import Account
from bot.domain.plan import Plan
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


class Sight(StrEnum):
    """What the group shows after an attempt, against what the fence says it showed before."""

    UNDERWAY = "underway"  # it was accepted: follow the group's status to the end
    DONE = "done"  # production is at the other site: go on to verify
    FAILED = "failed"
    UNCHANGED = "unchanged"  # sent or not, this look cannot tell
    UNKNOWN = "unknown"  # another word: somebody else works on the group, or the cloud has a new status


CLOCK_SKEW = timedelta(minutes=1)


def seen_group_after_attempt(
    attempt: Attempt, group: Group, to: Site, failed_tasks: Iterable[FailedTask] = ()
) -> Sight:
    """What one look at the group means, when there is no job to follow. Nothing of it ever allows a second order."""
    match group.status:
        case "reversing":
            return Sight.UNDERWAY
        case "protected" if group.priority_station == to:
            return Sight.DONE
        case "error-reversing" if not _looks_as_before(attempt, group):
            return Sight.FAILED
    if any(_is_new_failure(task, attempt) for task in failed_tasks):
        return Sight.FAILED
    return Sight.UNCHANGED if _looks_as_before(attempt, group) or group.status == "protected" else Sight.UNKNOWN


def _looks_as_before(attempt: Attempt, group: Group) -> bool:
    """A failed group that is tried again looks failed from the start: only its time tells the two apart."""
    return (attempt.group_status, attempt.priority_station, attempt.group_updated_at) == (
        group.status,
        group.priority_station,
        group.updated_at,
    )


def _is_new_failure(task: FailedTask, attempt: Attempt) -> bool:
    began_at = _moment(task.began_at)
    is_reversal = task.failure_status.startswith("reverse")
    return is_reversal and began_at is not None and began_at >= attempt.at - CLOCK_SKEW


def _moment(text: str) -> datetime | None:
    """A time as the cloud writes it; without a zone it is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """`2 of 5 sub-jobs`: the cloud's jobs carry no percentage."""

    done: int
    total: int
    failed: int = 0


def progress_of(job: Job) -> Progress:
    leaves = job.leaves()
    return Progress(
        done=sum(leaf.is_over for leaf in leaves),
        total=len(leaves),
        failed=sum(leaf.status == JobStatus.FAIL for leaf in leaves),
    )


def unverified(snapshot: Snapshot, plan: Plan) -> tuple[str, ...]:
    """What is not true yet of "production is at the plan's site", a sentence each; empty: verified.

    Looks at group, instances and pairs, at the zone of each new production server, and that nothing
    of the plan is missing.
    """
    return (*_group_not_moved(snapshot.group, plan), *_parts_not_moved(snapshot, plan), *_parts_missing(snapshot, plan))


def _group_not_moved(group: Group, plan: Plan) -> list[str]:
    sentences = []
    if group.status != "protected":
        sentences.append(f"The group's status is {group.status}, not protected.")
    if group.priority_station != plan.to:
        sentences.append(f"The group says that production is at its {group.priority_station} site, not {plan.to}.")
    return sentences


def _parts_not_moved(snapshot: Snapshot, plan: Plan) -> list[str]:
    instances = [one.name for one in snapshot.instances if one.priority_station != plan.to]
    pairs = [one.name for one in snapshot.pairs if one.priority_station != plan.to]
    servers = [
        server.name
        for instance in snapshot.instances
        if (server := instance.server_at(plan.to)) and server.zone != snapshot.group.zone_of(plan.to)
    ]
    nouns = (
        (instances, "Protected instances not at the new site"),
        (pairs, "Replication pairs not at the new site"),
        (servers, f"Servers not in {snapshot.group.zone_of(plan.to)}"),
    )
    return [f"{noun}: {', '.join(sorted(names))}." for names, noun in nouns if names]


def _parts_missing(snapshot: Snapshot, plan: Plan) -> list[str]:
    present = {one.id for one in snapshot.instances if one.server_at(plan.to) is not None}
    servers = [server.name for server in plan.servers if server.instance_id not in present]
    pairs = sorted(set(plan.pair_ids) - {pair.id for pair in snapshot.pairs})
    nouns = ((servers, "Servers of the plan that were not seen"), (pairs, "Replication pairs that were not seen"))
    return [f"{noun}: {', '.join(names)}." for names, noun in nouns if names]
