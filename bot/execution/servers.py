"""Which servers a run stops and starts, in which order, and one look at all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.errors import CloudError, Problem
from bot.domain.facts import JobId, JobStatus, Power, Server, ServerId, Site
from bot.domain.plan import Plan, PlannedServer
from bot.execution.footing import Parts
from bot.ports import Accepted, Submission

States = Mapping[ServerId, Server]


def id_at(server: PlannedServer, site: Site) -> ServerId:
    return server.source_server_id if site is Site.SOURCE else server.target_server_id


@dataclass(frozen=True, slots=True)
class Wave:
    """Servers that are switched together."""

    number: int
    ids: tuple[ServerId, ...]


def waves_at(plan: Plan, site: Site, only: Collection[ServerId] | None = None) -> tuple[Wave, ...]:
    """The servers of one site by wave, first wave first; `only` leaves the others out."""
    numbers = sorted({server.wave for server in plan.servers})
    waves = (Wave(number, tuple(_of_wave(plan, site, number, only))) for number in numbers)
    return tuple(wave for wave in waves if wave.ids)


def _of_wave(plan: Plan, site: Site, number: int, only: Collection[ServerId] | None) -> list[ServerId]:
    ids = (id_at(server, site) for server in plan.servers if server.wave == number)
    return [server_id for server_id in ids if server_id and (only is None or server_id in only)]


def ids_of(waves: Sequence[Wave]) -> tuple[ServerId, ...]:
    return tuple(server_id for wave in waves for server_id in wave.ids)


def names(plan: Plan, ids: Collection[ServerId]) -> list[str]:
    """The names that people know, in the plan's order; an id that the plan lacks stands for itself."""
    known = [server.name for server in plan.servers if set(ids) & {server.source_server_id, server.target_server_id}]
    strange = set(ids) - {id_at(server, site) for server in plan.servers for site in Site}
    return known + sorted(strange)


def power(states: States, server_id: ServerId) -> Power:
    """A server that the cloud did not name is neither on nor off."""
    server = states.get(server_id)
    return server.power if server else Power.UNKNOWN


def in_power(states: States, ids: Sequence[ServerId], wanted: Power) -> tuple[ServerId, ...]:
    return tuple(server_id for server_id in ids if power(states, server_id) is wanted)


async def read(parts: Parts, plan: Plan, ids: Sequence[ServerId]) -> States:
    servers = await parts.cloud.servers(plan.project, ids) if ids else ()
    return {server.id: server for server in servers}


class Orders:
    """Power orders of one stage: each server once per `reorder_seconds`. A lost order shows no effect: it is repeated.

    Unlike the reversal, stopping a stopped server changes nothing, so reading first and ordering again is safe.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._given_at: dict[ServerId, float] = {}
        self._jobs: dict[ServerId, tuple[JobId, str]] = {}  # the last order's, and what it was to do
        self._refusal: Problem | None = None

    def due(self, ids: Sequence[ServerId]) -> tuple[ServerId, ...]:
        before = self._parts.clock.monotonic() - self._parts.timing.reorder_seconds
        return tuple(server_id for server_id in ids if self._given_at.get(server_id, before) <= before)

    def forget(self, ids: Sequence[ServerId]) -> None:
        for server_id in ids:
            self._given_at.pop(server_id, None)

    async def stop(self, plan: Plan, ids: Sequence[ServerId], *, by_force: bool = False) -> None:
        answer = await self._parts.cloud.stop(plan.project, ids, by_force=by_force)
        self._note(ids, answer, "Stopping the servers")

    async def start(self, plan: Plan, ids: Sequence[ServerId]) -> None:
        self._note(ids, await self._parts.cloud.start(plan.project, ids), "Starting the servers")

    def _note(self, ids: Sequence[ServerId], answer: Submission, purpose: str) -> None:
        now = self._parts.clock.monotonic()
        self._given_at.update(dict.fromkeys(ids, now))
        if isinstance(answer, Accepted):
            self._refusal = None
            self._jobs.update(dict.fromkeys(ids, (answer.job_id, purpose)))
        else:
            self._refusal = answer.problem

    async def why_not(self, plan: Plan, ids: Sequence[ServerId]) -> Problem | None:
        """Why these servers are not as they were told to be: the refusal of the order, or the end of its job."""
        jobs = dict.fromkeys(self._jobs[server_id] for server_id in ids if server_id in self._jobs)
        for job_id, purpose in () if self._refusal else jobs:
            try:
                job = await self._parts.cloud.servers_job(plan.project, job_id)
            except CloudError:
                continue  # nothing is lost but a reason
            if job.status == JobStatus.FAIL:
                return self._parts.cloud.failure_of(job, purpose)
        return self._refusal
