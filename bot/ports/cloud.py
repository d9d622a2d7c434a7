"""What the core asks of the cloud: reads that fail loudly, and orders that are sent once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.errors import Problem
from bot.domain.facts import (
    Catalogue,
    FailedTask,
    Group,
    GroupId,
    Job,
    JobId,
    ProjectAlias,
    Server,
    ServerId,
    Site,
    Snapshot,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The cloud took the order and named a job."""

    job_id: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The cloud certainly did not do it."""

    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """The order left, and nobody can tell from the answer whether it was taken."""

    problem: Problem


Submission = Accepted | Rejected | Unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudCall:
    """One call as it was made, for the evidence of a request. Never a header, never a secret."""

    at: datetime
    method: str
    path: str
    status: int | None
    milliseconds: int
    request_id: str = ""
    summary: str = ""


class Cloud(Protocol):
    """Reads raise `CloudError` when they failed for good; orders return a `Submission` and are sent once."""

    @property
    def projects(self) -> tuple[ProjectAlias, ...]: ...

    async def search(self, project: ProjectAlias, text: str, *, limit: int = 100) -> Catalogue: ...

    async def group(self, project: ProjectAlias, group_id: GroupId) -> Group: ...

    async def snapshot(self, project: ProjectAlias, group_id: GroupId) -> Snapshot: ...

    async def reverse(
        self, project: ProjectAlias, group_id: GroupId, to: Site, *, is_still_ours: Callable[[], bool]
    ) -> Submission:
        """Order the planned failover, once. `is_still_ours` is asked right before the bytes leave."""
        ...

    async def job(self, project: ProjectAlias, job_id: JobId) -> Job: ...

    async def servers_job(self, project: ProjectAlias, job_id: JobId) -> Job:
        """A job of `stop` or `start`: these live at the servers' own service."""
        ...

    def failure_of(self, job: Job, purpose: str) -> Problem:
        """What a job that ended with FAIL means, in our words; the cloud's own are its details."""
        ...

    async def failed_tasks(self, project: ProjectAlias, group_id: GroupId) -> tuple[FailedTask, ...]: ...

    async def servers(self, project: ProjectAlias, ids: Sequence[ServerId]) -> tuple[Server, ...]: ...

    async def stop(self, project: ProjectAlias, ids: Sequence[ServerId], *, by_force: bool = False) -> Submission: ...

    async def start(self, project: ProjectAlias, ids: Sequence[ServerId]) -> Submission: ...
