"""A run whose last approval was given in this very process starts early, while that is still being written down.

Its first look at the cloud takes about as long as the way from the click through the engine to the run, so the run
finds it nearly there; and what it stands on need not be read back. It saves no look and ages none by more than that way
takes. What it was told is compared with the rows when these are held, before anything is ordered; a run that comes late
begins like any other.
"""

from __future__ import annotations

import asyncio

from bot.call_log import about
from bot.domain.facts import GroupId, ProjectAlias, Snapshot
from bot.domain.request import RequestId
from bot.ports import Cloud, Standing

Look = asyncio.Task[Snapshot]


class EarlyStart:
    """`standing`: as the approving transaction wrote it. A source of snapshots, of which the first is on its way."""

    def __init__(self, cloud: Cloud, standing: Standing, look: Look) -> None:
        self.standing = standing
        self._cloud = cloud
        self._look: Look | None = look

    async def snapshot(self, project: ProjectAlias, group_id: GroupId) -> Snapshot:
        """CloudError as from a look that begins now. The second one does begin now."""
        look, self._look = self._look, None
        return await self._cloud.snapshot(project, group_id) if look is None else await look

    def drop(self) -> None:
        """Nobody came."""
        if self._look is not None:
            self._look.cancel()
            self._look.add_done_callback(lambda late: late.cancelled() or late.exception())


class EarlyStarts:
    """Belongs to the loop that it is made in. `begin_soon` may be called from any thread."""

    def __init__(self, cloud: Cloud, *, seconds: float = 2.0) -> None:
        """What no run has taken after so many seconds is dropped."""
        self._cloud, self._seconds = cloud, seconds
        self._loop = asyncio.get_running_loop()
        self._begun: dict[RequestId, EarlyStart] = {}

    def begin_soon(self, standing: Standing) -> None:
        """The run of this request begins in a moment, unless the transaction that says so fails."""
        self._loop.call_soon_threadsafe(self._begin, standing)

    def take(self, request_id: RequestId, revision: int) -> EarlyStart | None:
        start = self._begun.pop(request_id, None)
        if start is None or start.standing.request.revision == revision:
            return start
        start.drop()
        return None

    def _begin(self, standing: Standing) -> None:
        """The transaction that comes last counts: the one before it failed and was tried again."""
        request = standing.request
        self._drop(request.id, self._begun.get(request.id))
        look = self._loop.create_task(self._look(standing), name=f"early-{request.id}")
        start = self._begun[request.id] = EarlyStart(self._cloud, standing, look)
        self._loop.call_later(self._seconds, self._drop, request.id, start)

    async def _look(self, standing: Standing) -> Snapshot:
        with about(standing.request.id):
            return await self._cloud.snapshot(standing.request.plan.project, standing.request.plan.group_id)

    def _drop(self, request_id: RequestId, start: EarlyStart | None) -> None:
        if start is not None and self._begun.get(request_id) is start:
            del self._begun[request_id]
            start.drop()
