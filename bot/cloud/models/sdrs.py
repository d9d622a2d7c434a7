"""The answers of the Storage Disaster Recovery Service.

Source: https://docs.otc.t-systems.com/storage-disaster-recovery-service/api-ref/
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from bot.cloud.models.loose import Count, Fact, Many, Map, Tags, Text, is_yes, tally


class ServerGroup(Fact):
    """A protection group. The zones and `source`/`target` never change; `priority_station` says who is production."""

    id: str
    name: Text = ""
    description: Text = ""
    status: Text = ""
    priority_station: Text = ""
    source_availability_zone: Text = ""
    target_availability_zone: Text = ""
    domain_id: Text = ""
    progress: Count = 0
    protected_instance_num: Count = 0
    replication_num: Count = 0
    disaster_recovery_drill_num: Count = 0
    server_type: Text = ""
    created_at: Text = ""
    updated_at: Text = ""
    tags: Tags = ()


class GroupAnswer(Fact):
    server_group: ServerGroup

    @property
    def said(self) -> str:
        return f"{self.server_group.status}, production at {self.server_group.priority_station}"


class GroupsAnswer(Fact):
    count: int | None = None
    items: tuple[ServerGroup, ...] = Field(validation_alias="server_groups")


class InstanceAttachment(Fact):
    replication: Text = ""
    device: Text = ""


class Instance(Fact):
    """A protected instance: a server and its twin."""

    id: str
    name: Text = ""
    server_group_id: Text = ""
    status: Text = ""
    progress: Count = 0
    source_server: Text = ""
    target_server: Text = ""
    priority_station: Text = ""
    attachment: Annotated[tuple[InstanceAttachment, ...], Many] = ()
    tags: Tags = ()
    metadata: Map = Field(default_factory=dict)
    updated_at: Text = ""

    def tag(self, key: str) -> str:
        return next((value for name, value in self.tags if name == key), "")

    @property
    def is_frozen(self) -> bool:
        return is_yes(self.metadata.get("__system__frozen"))


class InstanceAnswer(Fact):
    protected_instance: Instance


class InstancesAnswer(Fact):
    count: int | None = None
    items: tuple[Instance, ...] = Field(validation_alias="protected_instances")

    @property
    def said(self) -> str:
        return tally(f"{one.status} with production at {one.priority_station}" for one in self.items)


class PairAttachment(Fact):
    protected_instance: Text = ""
    device: Text = ""


class Pair(Fact):
    """A replication pair. `fault_level` comes as string or number; `volume_ids` as one comma-separated string."""

    id: str
    name: Text = ""
    status: Text = ""
    replication_status: Text = ""
    progress: Count = 0
    fault_level: Text = ""
    priority_station: Text = ""
    server_group_id: Text = ""
    volume_ids: tuple[str, ...] = ()
    attachment: Annotated[tuple[PairAttachment, ...], Many] = ()
    failure_detail: Text = ""
    updated_at: Text = ""

    @field_validator("volume_ids", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value or ()


class PairAnswer(Fact):
    replication: Pair


class PairsAnswer(Fact):
    count: int | None = None
    items: tuple[Pair, ...] = Field(validation_alias="replications")

    @property
    def said(self) -> str:
        return tally(f"{one.replication_status} at {one.progress} %" for one in self.items)


class JobFact(Fact):
    """A job of SDRS or ECS. `entities` holds sub-jobs, or the ids of what the job works on, or both."""

    job_id: Text = ""
    job_type: Text = ""
    status: Text = ""
    begin_time: Text = ""
    end_time: Text = ""
    error_code: Text = ""
    fail_reason: Text = ""
    entities: Map = Field(default_factory=dict)

    @property
    def sub_jobs(self) -> tuple[JobFact, ...]:
        subs = self.entities.get("sub_jobs")
        return tuple(JobFact.model_validate(sub) for sub in subs if isinstance(sub, dict)) if subs else ()


class JobAnswer(JobFact):
    """The job that was asked for: without these two the answer is none."""

    job_id: str = Field(min_length=1)
    status: str = Field(min_length=1)

    @property
    def said(self) -> str:
        return f"{self.status} {self.error_code}".strip()


class FailedTaskFact(Fact):
    job_status: Text = ""
    resource_id: Text = ""
    resource_name: Text = ""
    resource_type: Text = ""
    failure_status: Text = ""
    job_id: Text = ""
    job_type: Text = ""
    begin_time: Text = ""
    error_code: Text = ""
    fail_reason: Text = ""

    @property
    def id(self) -> str:
        return f"{self.job_id}/{self.resource_id}"


class FailedTasksAnswer(Fact):
    count: int | None = None
    items: tuple[FailedTaskFact, ...] = Field(validation_alias="failure_jobs")

    @property
    def said(self) -> str:
        return tally(one.error_code for one in self.items)


class DrillServer(Fact):
    protected_instance: Text = ""
    drill_server_id: Text = ""


class DrillFact(Fact):
    id: str
    name: Text = ""
    status: Text = ""
    server_group_id: Text = ""
    drill_vpc_id: Text = ""
    created_at: Text = ""
    drill_servers: Annotated[tuple[DrillServer, ...], Many] = ()


class DrillsAnswer(Fact):
    count: int | None = None
    items: tuple[DrillFact, ...] = Field(validation_alias="disaster_recovery_drills")


class Cluster(Fact):
    availability_zone: Text = ""


class ActiveDomain(Fact):
    id: str
    name: Text = ""
    description: Text = ""
    sold_out: bool | None = None
    local_replication_cluster: Cluster | None = None
    remote_replication_cluster: Cluster | None = None


class ActiveDomainsAnswer(Fact):
    domains: tuple[ActiveDomain, ...]


class Quota(Fact):
    """`quota` of -1 is unlimited."""

    type: Text = ""
    used: Count = 0
    quota: Count = 0
    min: Count = 0
    max: Count = 0


class QuotaResources(Fact):
    resources: tuple[Quota, ...]


class QuotasAnswer(Fact):
    quotas: QuotaResources
