"""Jobs with nested sub-jobs. What a job shows is a function of the time, so polling costs nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.demo.sdrs.clock import job_time
from bot.demo.sdrs.fates import Ends
from bot.demo.sdrs.inventory import Document

INIT_SHARE = 0.05  # of a job's time is spent in INIT


@dataclass(slots=True, kw_only=True)
class Job:
    """A job or sub-job. `ends_at` None means that it never ends."""

    id: str
    job_type: str
    accepted_at: datetime
    begin_at: datetime
    project_id: str
    entities: Document = field(default_factory=dict)
    runs_at: datetime
    ends_at: datetime | None
    ends: Ends = Ends.SUCCESS
    error_code: str | None = None
    fail_reason: str | None = None
    shows_status: str | None = None
    counts_sub_jobs: bool = False
    sub_jobs: "list[Job]" = field(default_factory=list)

    def status(self, now: datetime) -> str:
        if now < self.runs_at:
            return "INIT"
        if self.shows_status:
            return self.shows_status
        if self.ends_at is None or now < self.ends_at:
            return "RUNNING"
        return "FAIL" if self.ends is Ends.FAIL else "SUCCESS"

    def fail(self, error_code: str, fail_reason: str) -> None:
        self.ends, self.error_code, self.fail_reason = Ends.FAIL, error_code, fail_reason

    def document(self, now: datetime) -> Document:
        status = self.status(now)
        failed = status == "FAIL"
        ended = self.ends_at is not None and now >= self.ends_at
        return {
            "job_id": self.id,
            "job_type": self.job_type,
            "begin_time": job_time(self.begin_at if now >= self.begin_at else self.accepted_at),
            "end_time": job_time(self.ends_at) if self.ends_at and ended else None,
            "status": status,
            "error_code": self.error_code if failed else None,
            "fail_reason": self.fail_reason if failed else None,
            "entities": self._entities(now, failed=failed),
        }

    def _entities(self, now: datetime, *, failed: bool) -> Document:
        entities = dict(self.entities)
        if self.counts_sub_jobs:
            entities["sub_jobs_total"] = len(self.sub_jobs)
        if self.sub_jobs:
            entities["sub_jobs"] = [job.document(now) for job in self.sub_jobs]
        if failed and "server_id" in entities:
            entities["errorcode_message"] = self.fail_reason
        return entities

    def walk(self) -> "Iterator[Job]":
        yield self
        for job in self.sub_jobs:
            yield from job.walk()


@dataclass(slots=True, kw_only=True)
class Work:
    """The shape of a job before it has times: a type, what it is about, and its parts."""

    job_type: str
    entities: Document = field(default_factory=dict)
    parts: "list[Work]" = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When a piece of work starts and how long it takes."""

    start: datetime
    seconds: float

    @property
    def end(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def split(self, parts: int, part_seconds: float) -> "list[Window]":
        """Windows of equal length, spread so that the first starts first and the last ends last."""
        length = min(part_seconds, self.seconds)
        step = (self.seconds - length) / max(parts - 1, 1)
        starts = (self.start + timedelta(seconds=step * index) for index in range(parts))
        return [Window(start=start, seconds=length) for start in starts]
