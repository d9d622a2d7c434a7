"""Storage Disaster Recovery Service: one method per endpoint that the bot uses.

Source: https://docs.otc.t-systems.com/storage-disaster-recovery-service/api-ref/sdrs_apis/
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import BaseModel

from bot.cloud import models
from bot.cloud.access import Service
from bot.cloud.paging import PAGE_SIZE, read_all
from bot.cloud.session import PROJECT, Session
from bot.domain.facts import GroupId, JobId, Site
from bot.ports import Submission

M = TypeVar("M", bound=BaseModel)

OVERDUE = "period_no_dr_drill"  # no drill for three months
ABNORMAL = "status_abnormal"


class Sdrs:
    """All reads raise CloudError; the order to reverse gives a Submission."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def groups(self, *, query_type: str = "", name: str = "") -> list[models.ServerGroup]:
        """…/protection_group/, all pages."""
        purpose = "Reading the list of protection groups"
        filters = {key: value for key, value in (("query_type", query_type), ("name", name)) if value}
        return await read_all(
            lambda offset, _: self._page(models.GroupsAnswer, purpose, "server-groups", offset=offset, filters=filters),
            purpose=purpose,
        )

    async def group(self, group_id: GroupId) -> models.ServerGroup:
        """…/protection_group/querying_the_details_of_a_protection_group.html"""
        answer = await self._read(models.GroupAnswer, "Reading the protection group", "server-groups", group_id)
        return answer.server_group

    async def instances(self, group_id: GroupId) -> list[models.Instance]:
        """…/protected_instance/querying_protected_instances.html, all pages of one group."""
        purpose = "Reading the protected instances"
        filters = {"server_group_id": group_id}
        return await read_all(
            lambda offset, _: self._page(
                models.InstancesAnswer, purpose, "protected-instances", offset=offset, filters=filters
            ),
            purpose=purpose,
        )

    async def pairs(self, group_id: GroupId) -> list[models.Pair]:
        """…/replication_pair/querying_replication_pairs.html, all pages of one group."""
        purpose = "Reading the replication pairs"
        filters = {"server_group_id": group_id}
        return await read_all(
            lambda offset, _: self._page(models.PairsAnswer, purpose, "replications", offset=offset, filters=filters),
            purpose=purpose,
        )

    async def failed_tasks(self, group_id: GroupId) -> list[models.FailedTaskFact]:
        """…/task_center/querying_failed_tasks.html, all pages of one group."""
        purpose = "Reading the failed tasks"
        filters = {"server_group_id": group_id}
        return await read_all(
            lambda offset, _: self._page(
                models.FailedTasksAnswer, purpose, "task-center", "failure-jobs", offset=offset, filters=filters
            ),
            purpose=purpose,
        )

    async def drills(self, group_id: GroupId) -> list[models.DrillFact]:
        """…/dr_drill/, all pages of one group."""
        purpose = "Reading the DR drills"
        filters = {"server_group_id": group_id}
        return await read_all(
            lambda offset, _: self._page(
                models.DrillsAnswer, purpose, "disaster-recovery-drills", offset=offset, filters=filters
            ),
            purpose=purpose,
        )

    async def job(self, job_id: JobId) -> models.JobFact:
        """…/job/querying_the_job_status.html"""
        return await self._read(models.JobAnswer, "Reading the job", "jobs", job_id)

    async def active_domains(self) -> tuple[models.ActiveDomain, ...]:
        """…/active_active_domain/"""
        return (
            await self._read(models.ActiveDomainsAnswer, "Reading the active-active domains", "active-domains")
        ).domains

    async def quotas(self) -> tuple[models.Quota, ...]:
        """…/tenant_quota_management/querying_the_tenant_quota.html"""
        return (await self._read(models.QuotasAnswer, "Reading the quotas", "sdrs", "quotas")).quotas.resources

    async def reverse(self, group_id: GroupId, to: Site, *, is_still_ours: Callable[[], bool]) -> Submission:
        """The page *Performing a Planned Failover for a Protection Group* (sdrs_05_0409): sent once.

        `priority_station` is where production shall be afterwards.
        """
        return await self._session.order(
            "Submitting the planned failover",
            Service.SDRS,
            *("v1", PROJECT, "server-groups", group_id, "action"),
            body={"reverse-server-group": {"priority_station": to.value}},
            is_still_ours=is_still_ours,
        )

    async def _page(self, model: type[M], purpose: str, *path: str, offset: int, filters: Mapping[str, str]) -> M:
        return await self._read(model, purpose, *path, params={"limit": PAGE_SIZE, "offset": offset, **filters})

    async def _read(self, model: type[M], purpose: str, *path: str, params: Mapping[str, str | int] | None = None) -> M:
        return await self._session.read(model, purpose, Service.SDRS, "v1", PROJECT, *path, params=params)
