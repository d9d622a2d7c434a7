"""Reads everything about one group, as much at a time as the cloud bears, and as little as is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from math import ceil, inf
from typing import TypeVar

from bot.cloud import models
from bot.cloud.ahead import Ahead
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
Servers = Ahead[frozenset[ServerId], dict[str, models.ServerFact]]
Actions = tuple[models.ServerAction, ...] | None
Histories = Ahead[frozenset[ServerId], dict[ServerId, Actions]]
Overdue = Ahead[str, frozenset[str] | None]

PARALLEL_CALLS = 16
MOST_REMEMBERED = 2000  # groups
OVERDUE_SECONDS = 60.0
CALLS_PER_LIST_PAGE = 8  # a page of two hundred servers costs about as much as so many single ones


@dataclass(frozen=True, slots=True)
class _Last:
    """What a group consisted of when it was read last: worth a guess, never an answer."""

    name: str
    servers: frozenset[ServerId]
    targets: frozenset[ServerId]

    @classmethod
    def of(cls, name: str, instances: tuple[ProtectedInstance, ...]) -> _Last:
        ids = {id_ for one in instances for id_ in (one.source_server_id, one.target_server_id) if id_}
        return cls(name, frozenset(ids), frozenset(one.target_server_id for one in instances if one.at_target))


class Reader:
    """Reads one project. At most `PARALLEL_CALLS` of its calls are under way for servers, images and histories."""

    def __init__(self, session: Session, clock: Clock) -> None:
        self._session, self._clock = session, clock
        self.sdrs, self.ecs, self.ims = Sdrs(session), Ecs(session), Ims(session)
        self._slots = asyncio.Semaphore(PARALLEL_CALLS)
        self._server_pages = 0  # of the project, once known
        self._started: set[str] = set()  # servers that were started once; that never changes back
        self._last: dict[GroupId, _Last] = {}
        self._overdue_last: dict[str, tuple[frozenset[str], float]] = {}  # by the group's name, and when

    async def snapshot(self, group_id: GroupId) -> Snapshot:
        """CloudError when a fact that a decision needs is missing; what merely informs may stay unknown.

        What the group consisted of last time is asked for at once; whatever is not in its lists any more is dropped.
        """
        last = self._last.get(group_id)
        servers = Servers(self.servers, last.servers if last else None)
        histories = Histories(self._histories, last.targets if last else None)
        overdue = Overdue(self._overdue, last.name if last else None)
        try:
            group = asyncio.ensure_future(self.sdrs.group(group_id))
            raw, facts, drill_overdue, pairs, tasks, drills = await asyncio.gather(
                group,
                self._instances(group_id, group, servers, histories),
                self._drill_overdue(group, overdue),
                self.sdrs.pairs(group_id),
                self.sdrs.failed_tasks(group_id),
                self.sdrs.drills(group_id),
            )
        finally:
            for read in (servers, histories, overdue):
                read.drop()
        _remember(self._last, group_id, _Last.of(raw.name, facts))
        token = self._session.token
        return Snapshot(
            group=group_fact(self._session.access.alias, raw, drill_overdue),
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
        wanted = {id_ for id_ in ids if id_}
        found = {server.id: server for server in await self._listed(len(wanted)) if server.id in wanted}
        missing = wanted.difference(found)
        singles = await self._each(missing, self._server)
        return found | {id_: server for id_, server in singles.items() if server is not None}

    async def _instances(
        self, group_id: GroupId, group: Future, servers: Servers, histories: Histories
    ) -> tuple[ProtectedInstance, ...]:
        raw = await self.sdrs.instances(group_id)
        ids = [ServerId(id_) for instance in raw for id_ in (instance.source_server, instance.target_server)]
        found = await servers.about(frozenset(filter(None, ids)))
        zones = group_fact(self._session.access.alias, await group)
        twins = [tell_apart(instance, zones, found) for instance in raw]
        images, actions = await asyncio.gather(
            self._each([t.source.image_id for t in twins if t.source and t.source.image_id], self._image),
            histories.about(frozenset(t.target_id for t in twins if t.target)),
        )
        return tuple(
            instance_fact(instance, pair, images.get(_image_id(pair)), actions.get(pair.target_id))
            for instance, pair in zip(raw, twins, strict=True)
        )

    async def _histories(self, ids: frozenset[ServerId]) -> dict[ServerId, Actions]:
        return await self._each(ids, self._history)

    async def _drill_overdue(self, reading: Future, overdue: Overdue) -> Known:
        group = await reading
        ids = await overdue.about(group.name)
        return Known.UNKNOWN if ids is None else Known.YES if group.id in ids else Known.NO

    async def _overdue(self, name: str) -> frozenset[str] | None:
        """The service lists the groups without a drill for three months; the name keeps that list short.

        What is counted in months is not asked again within a minute.
        """
        ids, read_at = self._overdue_last.get(name, (frozenset[str](), -inf))
        if self._clock.monotonic() - read_at < OVERDUE_SECONDS:
            return ids
        try:
            ids = frozenset(group.id for group in await self.sdrs.groups(query_type=OVERDUE, name=name))
        except CloudError:
            return None
        _remember(self._overdue_last, name, (ids, self._clock.monotonic()))
        return ids

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

    async def _history(self, server_id: ServerId) -> Actions:
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

        if len(unique) == 1:
            return {unique[0]: await one(unique[0])}
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(one(key)) for key in unique]
        except* CloudError as failures:
            problem = next(e.problem for e in failures.exceptions if isinstance(e, CloudError))
        else:
            return {key: task.result() for key, task in zip(unique, running, strict=True)}
        raise CloudError(problem)


def _remember(memory: dict[K, T], key: K, value: T) -> None:
    """The one that was read last is the last; the first one is forgotten when they are too many."""
    memory.pop(key, None)
    memory[key] = value
    if len(memory) > MOST_REMEMBERED:
        del memory[next(iter(memory))]


def _image_id(twins: Twins) -> str:
    return twins.source.image_id if twins.source else ""
