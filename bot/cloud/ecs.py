"""Elastic Cloud Server: what the bot reads of servers, and how it stops and starts them.

Source: https://docs.otc.t-systems.com/elastic-cloud-server/api-ref/. The call that returns a server's password
(`os-server-password`) is left out on purpose: no password passes through the bot.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.cloud import models
from bot.cloud.access import Service
from bot.cloud.paging import Page, read_all
from bot.cloud.session import PROJECT, Session
from bot.domain.facts import JobId, ServerId
from bot.ports import Submission

PAGE_SIZE = 200


class Ecs:
    """Reads raise CloudError; orders give a Submission. Its jobs live here, not at SDRS."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def server(self, server_id: ServerId) -> models.ServerFact:
        """…/apis_recommended/lifecycle_management/querying_details_about_an_ecs.html"""
        path = ("v1", PROJECT, "cloudservers", server_id)
        return (await self._session.read(models.ServerAnswer, "Reading a server", Service.ECS, *path)).server

    async def first_page(self) -> models.ServersAnswer:
        """The first servers of the project, and with `count` how many there are."""
        return await self._list_page(1)

    async def servers(self, first: models.ServersAnswer | None = None) -> list[models.ServerFact]:
        """…/apis_recommended/lifecycle_management/listing_details_about_ecss.html: `offset` is a page's number here."""

        async def fetch(_: int, number: int) -> Page[models.ServerFact]:
            return first if first is not None and number == 1 else await self._list_page(number)

        return await read_all(fetch, purpose="Reading the list of servers", size=PAGE_SIZE)

    async def actions(self, server_id: ServerId) -> tuple[models.ServerAction, ...]:
        """…/os-instance-actions: what was ever done to a server, `start` among it."""
        path = ("v2.1", PROJECT, "servers", server_id, "os-instance-actions")
        answer = await self._session.read(models.ServerActionsAnswer, "Reading a server's history", Service.ECS, *path)
        return answer.actions

    async def job(self, job_id: JobId) -> models.JobFact:
        """…/task_status_management/querying_task_execution_status.html"""
        return await self._session.read(
            models.JobAnswer, "Reading the servers' job", Service.ECS, "v1", PROJECT, "jobs", job_id
        )

    async def stop(self, ids: Sequence[ServerId], *, by_force: bool) -> Submission:
        """…/batch_operations/stopping_ecss_in_a_batch.html"""
        body = {"os-stop": {"type": "HARD" if by_force else "SOFT", "servers": [{"id": id_} for id_ in ids]}}
        return await self._session.order("Stopping the servers", Service.ECS, *self._ACTION, body=body)

    async def start(self, ids: Sequence[ServerId]) -> Submission:
        """…/batch_operations/starting_ecss_in_a_batch.html"""
        body = {"os-start": {"servers": [{"id": id_} for id_ in ids]}}
        return await self._session.order("Starting the servers", Service.ECS, *self._ACTION, body=body)

    _ACTION = ("v1", PROJECT, "cloudservers", "action")

    async def _list_page(self, number: int) -> models.ServersAnswer:
        return await self._session.read(
            models.ServersAnswer,
            "Reading the list of servers",
            Service.ECS,
            *("v1", PROJECT, "cloudservers", "detail"),
            params={"limit": PAGE_SIZE, "offset": number},
        )
