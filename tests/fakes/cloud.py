"""A cloud in memory that behaves: groups reverse over a few looks, servers take a moment, and it may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from bot.domain.errors import CloudError, Happened, Problem
from bot.domain.facts import (
    Catalogue,
    FailedTask,
    Group,
    GroupId,
    Job,
    JobId,
    ProjectAlias,
    ProtectedInstance,
    Server,
    ServerId,
    Site,
    Snapshot,
)
from bot.ports import Accepted, Rejected, Submission, Unclear


class Reply(StrEnum):
    """What becomes of the POST."""

    ACCEPT = "accept"
    ACCEPT_AND_LOSE = "accept and lose the answer"
    LOSE = "lose the order"
    REJECT = "reject"


def problem(what: str, happened: Happened = Happened.NO, *, is_missing: bool = False) -> Problem:
    return Problem(happened=happened, is_retryable=True, what=what, cure="Try again.", is_missing=is_missing)


@dataclass(slots=True)
class Power:
    """A server that needs `looks` looks until it is where it was told to be."""

    server: Server
    goal: str = ""
    looks: int = 0


@dataclass
class FakeCloud:
    """Knows the groups of `snapshots`. `posts` counts what was executed, as an auditor of the cloud would see it."""

    snapshots: dict[GroupId, Snapshot]
    reply: Reply = Reply.ACCEPT
    job_looks: int = 2  # so many sightings until a job is over
    power_looks: int = 1
    stubborn: set[ServerId] = field(default_factory=set)  # stop only by force
    broken: set[ServerId] = field(default_factory=set)  # never start
    job_fails: bool = False
    job_is_unknown: bool = False
    job_status: str = ""  # a word instead of RUNNING
    never_ends: bool = False
    is_down: bool = False
    answer_seconds: float = 0
    lies: bool = False  # the job says SUCCESS, production stays
    before_answer: Callable[[], None] = lambda: None
    posts: list[tuple[GroupId, Site]] = field(default_factory=list)
    orders: list[tuple[str, tuple[ServerId, ...]]] = field(default_factory=list)
    reads: int = 0

    def __post_init__(self) -> None:
        self._power: dict[ServerId, Power] = {}
        for group_id, snapshot in self.snapshots.items():
            self.put(group_id, snapshot)
        self._reversing: dict[GroupId, tuple[Site, int]] = {}
        self._jobs: dict[JobId, GroupId] = {}

    def put(self, group_id: GroupId, snapshot: Snapshot) -> None:
        """Somebody made or changed this group in the console; servers that were there keep their power."""
        self.snapshots[group_id] = snapshot
        for instance in snapshot.instances:
            for server in (instance.at_source, instance.at_target):
                if server is not None:
                    self._power.setdefault(server.id, Power(server))

    @property
    def projects(self) -> tuple[ProjectAlias, ...]:
        return (ProjectAlias("eu-de"),)

    async def search(self, project: ProjectAlias, text: str, *, limit: int = 100) -> Catalogue:
        return Catalogue(groups=(), total=0, read_at=None)

    async def group(self, project: ProjectAlias, group_id: GroupId) -> Group:
        self._read()
        self._advance(group_id)
        return self.snapshots[group_id].group

    async def snapshot(self, project: ProjectAlias, group_id: GroupId) -> Snapshot:
        self._read()
        if group_id not in self.snapshots:
            raise CloudError(problem("There is no such protection group.", is_missing=True))
        facts = self.snapshots[group_id]
        instances = tuple(self._seen(instance) for instance in facts.instances)
        return replace(facts, instances=instances, taken_at=datetime.now(UTC))

    async def reverse(
        self, project: ProjectAlias, group_id: GroupId, to: Site, *, is_still_ours: Callable[[], bool]
    ) -> Submission:
        if not is_still_ours():
            return Rejected(problem=problem("Too late: nothing was sent."))
        if self.reply is Reply.REJECT:
            return Rejected(problem=problem("The cloud refused."))
        if self.reply is Reply.LOSE:
            return Unclear(problem=problem("No answer.", Happened.UNKNOWN))
        job_id = self.accept(group_id, to)
        self.before_answer()
        await asyncio.sleep(self.answer_seconds)
        if self.reply is Reply.ACCEPT_AND_LOSE:
            return Unclear(problem=problem("No answer.", Happened.UNKNOWN))
        return Accepted(job_id=job_id)

    def accept(self, group_id: GroupId, to: Site) -> JobId:
        """The order has arrived."""
        self.posts.append((group_id, to))
        self._reversing[group_id] = (to, self.job_looks)
        self.set_group(group_id, status="reversing", updated_at=datetime.now(UTC).isoformat())
        job_id = JobId(f"job-{len(self.posts)}")
        self._jobs[job_id] = group_id
        return job_id

    async def job(self, project: ProjectAlias, job_id: JobId) -> Job:
        self._read()
        if self.job_is_unknown:
            raise CloudError(problem(f"There is no job {job_id}.", is_missing=True))
        group_id = self._jobs[job_id]
        self._advance(group_id)
        left = self._reversing.get(group_id, (None, 0))[1]
        over = "FAIL" if self.job_fails else "SUCCESS"
        status = over if left == 0 else self.job_status or "RUNNING"
        subs = tuple(
            Job(id=JobId(f"{job_id}-{n}"), type="reversePair", status=over if n >= left else "RUNNING")
            for n in range(self.job_looks)
        )
        return Job(id=job_id, type="reverseProtectionGroupNoCG", status=status, sub_jobs=subs)

    async def servers_job(self, project: ProjectAlias, job_id: JobId) -> Job:
        self._read()
        verb, ids = self.orders[int(job_id.rpartition("-")[2]) - 1]
        status = "FAIL" if {"stop": self.stubborn, "start": self.broken}.get(verb, set()) & set(ids) else "SUCCESS"
        return Job(id=job_id, type=verb, status=status, fail_reason="the host is gone" if status == "FAIL" else "")

    def failure_of(self, job: Job, purpose: str) -> Problem:
        return problem(f"{purpose} failed: {job.fail_reason}.", Happened.YES)

    async def failed_tasks(self, project: ProjectAlias, group_id: GroupId) -> tuple[FailedTask, ...]:
        self._read()
        return ()

    async def servers(self, project: ProjectAlias, ids: Sequence[ServerId]) -> tuple[Server, ...]:
        self._read()
        return tuple(self._look(server_id) for server_id in ids if server_id in self._power)

    async def stop(self, project: ProjectAlias, ids: Sequence[ServerId], *, by_force: bool = False) -> Submission:
        self.orders.append(("force" if by_force else "stop", tuple(ids)))
        return self._order([i for i in ids if by_force or i not in self.stubborn], "SHUTOFF")

    async def start(self, project: ProjectAlias, ids: Sequence[ServerId]) -> Submission:
        self.orders.append(("start", tuple(ids)))
        return self._order([i for i in ids if i not in self.broken], "ACTIVE")

    def set_group(self, group_id: GroupId, **changes: str) -> None:
        facts = self.snapshots[group_id]
        self.snapshots[group_id] = replace(facts, group=replace(facts.group, **changes))  # type: ignore[arg-type]

    def set_power(self, server_id: ServerId, status: str) -> None:
        power = self._power[server_id]
        power.server, power.goal = replace(power.server, status=status, task_state=None), ""

    def statuses(self) -> dict[str, str]:
        return {server_id: power.server.status for server_id, power in self._power.items()}

    def _order(self, ids: Sequence[ServerId], goal: str) -> Submission:
        for server_id in ids:
            power = self._power[server_id]
            power.goal, power.looks = goal, self.power_looks
            power.server = replace(power.server, task_state="powering-off" if goal == "SHUTOFF" else "powering-on")
        return Accepted(job_id=JobId(f"ecs-{len(self.orders)}"))

    def _look(self, server_id: ServerId) -> Server:
        power = self._power[server_id]
        if power.goal:
            power.looks -= 1
            if power.looks < 0:
                self.set_power(server_id, power.goal)
        return power.server

    def _seen(self, instance: ProtectedInstance) -> ProtectedInstance:
        return replace(
            instance,
            at_source=self._look(instance.source_server_id),
            at_target=self._look(instance.target_server_id),
        )

    def _read(self) -> None:
        self.reads += 1
        if self.is_down:
            raise CloudError(problem("The cloud does not answer."))

    def _advance(self, group_id: GroupId) -> None:
        if group_id not in self._reversing or self.never_ends:
            return
        to, left = self._reversing[group_id]
        if left > 1:
            self._reversing[group_id] = (to, left - 1)
            return
        del self._reversing[group_id]
        if self.job_fails:
            self.set_group(group_id, status="error-reversing")
        elif self.lies:
            self.set_group(group_id, status="protected")
        else:
            self._move(group_id, to)

    def _move(self, group_id: GroupId, to: Site) -> None:
        self.set_group(group_id, status="protected", priority_station=to.value)
        facts = self.snapshots[group_id]
        self.snapshots[group_id] = replace(
            facts,
            instances=tuple(replace(one, priority_station=to.value) for one in facts.instances),
            pairs=tuple(replace(one, priority_station=to.value) for one in facts.pairs),
        )
