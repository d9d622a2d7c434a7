"""The cloud as the core sees it: implements `ports.Cloud` over one session per configured project."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import httpx

from bot.cloud.access import CloudAccess
from bot.cloud.addresses import is_id
from bot.cloud.catalogue import GroupCatalogue
from bot.cloud.checkup import Examined, examine
from bot.cloud.client import Limits
from bot.cloud.errors import Attempted, job_failed, refused_by_us
from bot.cloud.facts import failed_task_fact, group_fact, job_fact, server_fact
from bot.cloud.redaction import Redactor
from bot.cloud.session import Session
from bot.cloud.snapshot import Reader
from bot.cloud.transport import Retries, Transport
from bot.domain.errors import CloudError, Problem
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
from bot.ports import Clock, CloudCall, Rejected, Submission

MAX_SERVERS_PER_ORDER = 1000


class _Project:
    """What belongs to one project: its session, its reader, its catalogue of groups."""

    def __init__(self, access: CloudAccess, transport: Transport, *, clock: Clock, redactor: Redactor) -> None:
        self.alias = access.alias
        self.session = Session(access, transport, clock=clock, redactor=redactor)
        self.reader = Reader(self.session, clock)
        self.catalogue = GroupCatalogue(self._groups, clock)

    async def _groups(self) -> list[Group]:
        return [group_fact(self.alias, group) for group in await self.reader.sdrs.groups()]


class CloudGateway:
    """Belongs to one event loop. Reads raise `CloudError`; orders return a `Submission` and are sent once.

    `observe` is told of every call as it was made. `clients` (for reads, for orders) replaces the network in tests.
    """

    def __init__(
        self,
        accesses: Sequence[CloudAccess],
        *,
        clock: Clock,
        limits: Limits | None = None,
        retries: Retries | None = None,
        observe: Callable[[CloudCall], None] | None = None,
        clients: tuple[httpx.AsyncClient, httpx.AsyncClient] | None = None,
    ) -> None:
        redactor, self._clock = Redactor(), clock
        self.transport = Transport(
            clock=clock,
            redactor=redactor,
            limits=limits,
            retries=retries,
            ca_files={access.ca_file for access in accesses if access.ca_file},
            clients=clients,
            observe=observe,
        )
        self._projects = {
            access.alias: _Project(access, self.transport, clock=clock, redactor=redactor) for access in accesses
        }

    @property
    def projects(self) -> tuple[ProjectAlias, ...]:
        return tuple(self._projects)

    def session(self, project: ProjectAlias) -> Session:
        """For diagnosis: who is signed in, and where the services are."""
        return self._project(project).session

    async def examine(self, project: ProjectAlias) -> tuple[Examined, ...]:
        """For `failover-bot doctor`: each thing that must work, how it is, and the cure."""
        return await examine(self.session(project), self._clock, skew_seconds=lambda: self.transport.clock_skew_seconds)

    async def aclose(self) -> None:
        for project in self._projects.values():
            await project.catalogue.aclose()
        await self.transport.aclose()

    def warm(self) -> None:
        """Begins to read all catalogues, so that the first form need not wait. Never fails."""
        for project in self._projects.values():
            project.catalogue.begin_renewal()

    async def search(self, project: ProjectAlias, text: str, *, limit: int = 100) -> Catalogue:
        """From memory; a group that is too new for it can be named by its id."""
        found = self._project(project)
        catalogue = await found.catalogue.search(text, limit=limit)
        if catalogue.groups or len(text.strip()) != len("00000000-0000-0000-0000-000000000000"):
            return catalogue
        return await found.catalogue.with_extra(catalogue, lambda: self.group(project, GroupId(text.strip())))

    async def group(self, project: ProjectAlias, group_id: GroupId) -> Group:
        return group_fact(project, await self._project(project).reader.sdrs.group(group_id))

    async def snapshot(self, project: ProjectAlias, group_id: GroupId) -> Snapshot:
        return await self._project(project).reader.snapshot(group_id)

    async def reverse(
        self, project: ProjectAlias, group_id: GroupId, to: Site, *, is_still_ours: Callable[[], bool]
    ) -> Submission:
        return await self._project(project).reader.sdrs.reverse(group_id, to, is_still_ours=is_still_ours)

    async def job(self, project: ProjectAlias, job_id: JobId) -> Job:
        return job_fact(await self._project(project).reader.sdrs.job(job_id))

    async def servers_job(self, project: ProjectAlias, job_id: JobId) -> Job:
        """A job of `stop` or `start`: these live at the servers' own service."""
        return job_fact(await self._project(project).reader.ecs.job(job_id))

    def failure_of(self, job: Job, purpose: str) -> Problem:
        return job_failed(job, purpose)

    async def failed_tasks(self, project: ProjectAlias, group_id: GroupId) -> tuple[FailedTask, ...]:
        return tuple(map(failed_task_fact, await self._project(project).reader.sdrs.failed_tasks(group_id)))

    async def servers(self, project: ProjectAlias, ids: Sequence[ServerId]) -> tuple[Server, ...]:
        """In the order asked for; those that do not exist any more are left out."""
        found = await self._project(project).reader.servers(ids)
        return tuple(server_fact(found[id_]) for id_ in ids if id_ in found)

    async def stop(self, project: ProjectAlias, ids: Sequence[ServerId], *, by_force: bool = False) -> Submission:
        refusal = _refusal("Stopping the servers", ids)
        return refusal or await self._project(project).reader.ecs.stop(ids, by_force=by_force)

    async def start(self, project: ProjectAlias, ids: Sequence[ServerId]) -> Submission:
        refusal = _refusal("Starting the servers", ids)
        return refusal or await self._project(project).reader.ecs.start(ids)

    def _project(self, alias: ProjectAlias) -> _Project:
        if alias in self._projects:
            return self._projects[alias]
        known = ", ".join(self._projects) or "none"
        raise CloudError(
            refused_by_us(
                Attempted(purpose="Calling the cloud"),
                "The project that was asked for is not configured.",
                f"Configured are: {known}.",
            )
        )


def _refusal(purpose: str, ids: Sequence[ServerId]) -> Rejected | None:
    tried = Attempted(purpose=purpose, is_order=True)
    if not ids:
        return Rejected(problem=refused_by_us(tried, "No server was named.", "Nothing to do."))
    if len(ids) > MAX_SERVERS_PER_ORDER:
        cause = f"{len(ids)} servers are more than the cloud takes at once ({MAX_SERVERS_PER_ORDER})."
        return Rejected(problem=refused_by_us(tried, cause, "Do it in parts, in the console."))
    if not all(map(is_id, ids)):
        return Rejected(problem=refused_by_us(tried, "A server's id is malformed.", "Report it.", is_missing=True))
    return None
