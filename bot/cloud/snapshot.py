"""Reads everything about one group, as much at a time as the cloud bears, and as little as is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from math import ceil
from typing import TypeVar

from bot.cloud import models
from bot.cloud.ecs import PAGE_SIZE, Ecs
from bot.cloud.facts import Twins, drill_fact, failed_task_fact, group_fact, instance_fact, pair_fact, tell_apart
from bot.cloud.ims import Ims
from bot.cloud.sdrs import OVERDUE, Sdrs
from bot.cloud.session import Session
from bot.domain.errors import CloudError
from bot.domain.facts import GroupId, Known, ProtectedInstance, ServerId, Snapshot
from bot.ports import Clock

T = TypeVar("T")
K = TypeVar("K")
Future = asyncio.Future[models.ServerGroup]

PARALLEL_CALLS = 16
CALLS_PER_LIST_PAGE = 8  # a page of two hundred servers costs about as much as so many single ones


class Reader:
    """Reads one project. At most `PARALLEL_CALLS` of its calls are under way for servers, images and histories."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session, self._clock = session, clock
        self.sdrs, self.ecs, self.ims = Sdrs(session), Ecs(session), Ims(session)
        self._slots = asyncio.Semaphore(PARALLEL_CALLS)
        self._server_pages = 0  # of the project, once known
        self._started: set[str] = set()  # servers that were started once; that never changes back

    async def snapshot(self, group_id: GroupId) -> Snapshot:
        """CloudError when a fact that a decision needs is missing; what merely informs may stay unknown."""
        group = asyncio.ensure_future(self.sdrs.group(group_id))
        raw, facts, overdue, pairs, tasks, drills = await asyncio.gather(
            group,
            self._instances(group_id, group),
            self._drill_overdue(group),
            self.sdrs.pairs(group_id),
            self.sdrs.failed_tasks(group_id),
            self.sdrs.drills(group_id),
        )
        token = self._session.token
        return Snapshot(
            group=group_fact(self._session.access.alias, raw, overdue),
            instances=facts,
            pairs=tuple(map(pair_fact, pairs)),
            failed_tasks=tuple(map(failed_task_fact, tasks)),
            drills=tuple(map(drill_fact, drills)),
            taken_at=self._clock.now(),
            token_expires_at=token.expires_at if token else None,
            password_expires_at=token.password_expires_at if token else None,
        )

    async def servers(self, ids: Iterable[ServerId]) -> dict[str, models.ServerFact]:
        """The servers that exist, by id: from the list if that takes fewer calls, the rest one by one."""
        wanted = [id_ for id_ in dict.fromkeys(ids) if id_]
        found = {server.id: server for server in await self._listed(len(wanted)) if server.id in wanted}
        missing = [id_ for id_ in wanted if id_ not in found]
        singles = await self._each(missing, self._server)
        return found | {id_: server for id_, server in singles.items() if server is not None}

    async def _instances(self, group_id: GroupId, group: Future) -> tuple[ProtectedInstance, ...]:
        raw = await self.sdrs.instances(group_id)
        ids = [ServerId(id_) for instance in raw for id_ in (instance.source_server, instance.target_server)]
        servers = await self.servers(ids)
        zones = group_fact(self._session.access.alias, await group)
        twins = [tell_apart(instance, zones, servers) for instance in raw]
        images, histories = await asyncio.gather(
            self._each([t.source.image_id for t in twins if t.source and t.source.image_id], self._image),
            self._each([t.target_id for t in twins if t.target], self._history),
        )
        return tuple(
            instance_fact(instance, pair, images.get(_image_id(pair)), histories.get(pair.target_id))
            for instance, pair in zip(raw, twins, strict=True)
        )

    async def _drill_overdue(self, reading: Future) -> Known:
        """The service lists the groups without a drill for three months; the name keeps that list short."""
        group = await reading
        try:
            overdue = await self.sdrs.groups(query_type=OVERDUE, name=group.name)
        except CloudError:
            return Known.UNKNOWN
        return Known.YES if any(other.id == group.id for other in overdue) else Known.NO

    async def _listed(self, wanted: int) -> list[models.ServerFact]:
        worthwhile_pages = wanted // CALLS_PER_LIST_PAGE
        if not worthwhile_pages or self._server_pages > worthwhile_pages:
            return []
        first = await self.ecs.first_page()
        is_full = len(first.items) >= PAGE_SIZE
        total = max(first.count or 0, len(first.items) + (PAGE_SIZE if is_full else 0))
        self._server_pages = ceil(total / PAGE_SIZE)
        return await self.ecs.servers(first) if self._server_pages <= worthwhile_pages else list(first.items)

    async def _server(self, server_id: ServerId) -> models.ServerFact | None:
        try:
            return await self.ecs.server(server_id)
        except CloudError as error:
            if error.problem.is_missing:
                return None
            raise

    async def _image(self, image_id: str) -> models.ImageFact | None:
        try:
            return await self.ims.image(image_id)
        except CloudError:
            return None  # the server's own metadata still tells most of it

    async def _history(self, server_id: ServerId) -> tuple[models.ServerAction, ...] | None:
        if server_id in self._started:
            return (models.ServerAction(action="start"),)
        try:
            actions = await self.ecs.actions(server_id)
        except CloudError:
            return None
        if any(entry.action == "start" for entry in actions):
            self._started.add(server_id)
        return actions

    async def _each(self, keys: Iterable[K], read: Callable[[K], Awaitable[T]]) -> dict[K, T]:
        """Reads each key once, several at a time; the first failure ends it all."""
        unique = list(dict.fromkeys(keys))

        async def one(key: K) -> T:
            async with self._slots:
                return await read(key)

        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(one(key)) for key in unique]
        except* CloudError as failures:
            problem = next(e.problem for e in failures.exceptions if isinstance(e, CloudError))
        else:
            return {key: task.result() for key, task in zip(unique, running, strict=True)}
        raise CloudError(problem)


def _image_id(twins: Twins) -> str:
    return twins.source.image_id if twins.source else ""
