"""The run's first look at the cloud begins with the last approval, while that is still being written down.

It takes about as long as the way from the click through the engine to the run, so the run finds it nearly there. It
saves no look and ages none by more than that way takes; a run that comes late looks for itself.
"""

from __future__ import annotations

import asyncio

from bot.call_log import about
from bot.domain.facts import GroupId, ProjectAlias, Snapshot
from bot.domain.plan import Plan
from bot.domain.request import RequestId
from bot.ports import Cloud

Look = asyncio.Task[Snapshot]


class EarlyLooks:
    """Belongs to the loop that it is made in. `begin_soon` may be called from any thread."""

    def __init__(self, cloud: Cloud, *, seconds: float = 2.0) -> None:
        """What nobody has asked for after so many seconds is dropped."""
        self._cloud, self._seconds = cloud, seconds
        self._loop = asyncio.get_running_loop()
        self._begun: dict[tuple[ProjectAlias, GroupId], Look] = {}

    def begin_soon(self, request_id: RequestId, plan: Plan) -> None:
        """The run of this request begins in a moment, unless the transaction that says so fails."""
        self._loop.call_soon_threadsafe(self._begin, request_id, plan)

    async def snapshot(self, project: ProjectAlias, group_id: GroupId) -> Snapshot:
        """CloudError as from a look that begins now. Who comes first gets the early one, the next one looks anew."""
        look = self._begun.pop((project, group_id), None)
        return await self._cloud.snapshot(project, group_id) if look is None else await look

    def _begin(self, request_id: RequestId, plan: Plan) -> None:
        place = (plan.project, plan.group_id)
        if place in self._begun:
            return
        look = self._begun[place] = self._loop.create_task(self._look(request_id, *place), name=f"early-{request_id}")
        self._loop.call_later(self._seconds, self._drop, place, look)

    async def _look(self, request_id: RequestId, project: ProjectAlias, group_id: GroupId) -> Snapshot:
        with about(request_id):
            return await self._cloud.snapshot(project, group_id)

    def _drop(self, place: tuple[ProjectAlias, GroupId], look: Look) -> None:
        if self._begun.get(place) is look:
            del self._begun[place]
            look.cancel()
            look.add_done_callback(lambda late: late.cancelled() or late.exception())
