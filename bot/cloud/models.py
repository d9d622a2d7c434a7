"""The cloud's answers as frozen values: unknown fields ignored, unknown words kept, loose types taken as they come.

Sources: https://docs.otc.t-systems.com/storage-disaster-recovery-service/api-ref/,
https://docs.otc.t-systems.com/elastic-cloud-server/api-ref/, https://docs.otc.t-systems.com/image-management-service/api-ref/
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, field_validator


def _text(value: object) -> object:
    """Null is empty; the documentation says string where an integer comes, and the other way round."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _many(value: object) -> object:
    return () if value is None else value


def _count(value: object) -> object:
    return 0 if value in (None, "") else value


def _tags(value: object) -> object:
    """A list of `{key, value}`, of `key=value` strings, or a map."""
    if isinstance(value, dict):
        return tuple((str(key), _text(item)) for key, item in value.items())
    if not isinstance(value, list):
        return ()
    pairs = [t.partition("=")[::2] if isinstance(t, str) else (t.get("key"), t.get("value")) for t in value]
    return tuple((_text(key), _text(item)) for key, item in pairs)


Text = Annotated[str, BeforeValidator(_text)]
Count = Annotated[int, BeforeValidator(_count)]
Tags = Annotated[tuple[tuple[str, str], ...], BeforeValidator(_tags)]


class Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


# ------------------------------------------------------------------------------------------------------ SDRS


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
    attachment: Annotated[tuple[InstanceAttachment, ...], BeforeValidator(_many)] = ()
    tags: Tags = ()
    metadata: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = {}
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
    attachment: Annotated[tuple[PairAttachment, ...], BeforeValidator(_many)] = ()
    failure_detail: Text = ""
    updated_at: Text = ""

    @field_validator("volume_ids", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else _many(value)


class PairAnswer(Fact):
    replication: Pair


class PairsAnswer(Fact):
    count: int | None = None
    items: tuple[Pair, ...] = Field(validation_alias="replications")


class JobFact(Fact):
    """A job of SDRS or ECS. `entities` holds sub-jobs, or the ids of what the job works on, or both."""

    job_id: Text = ""
    job_type: Text = ""
    status: Text = ""
    begin_time: Text = ""
    end_time: Text = ""
    error_code: Text = ""
    fail_reason: Text = ""
    entities: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = {}

    @property
    def sub_jobs(self) -> tuple[JobFact, ...]:
        subs = self.entities.get("sub_jobs")
        return tuple(JobFact.model_validate(sub) for sub in subs if isinstance(sub, dict)) if subs else ()


class JobAnswer(JobFact):
    """The job that was asked for: without these two the answer is none."""

    job_id: str = Field(min_length=1)
    status: str = Field(min_length=1)


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
    drill_servers: Annotated[tuple[DrillServer, ...], BeforeValidator(_many)] = ()


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


# ------------------------------------------------------------------------------------------------ ECS and IMS


class Flavor(Fact):
    """`vcpus` and `ram` (MiB) come as strings."""

    id: Text = ""
    vcpus: int | None = None
    ram: int | None = None


class ImageRef(Fact):
    id: Text = ""


class ServerFact(Fact):
    """An ECS. "Stopped" takes both `status` SHUTOFF and no `task_state`."""

    id: str
    name: Text = ""
    status: Text = ""
    task_state: str | None = Field(default=None, validation_alias=AliasChoices("OS-EXT-STS:task_state", "task_state"))
    zone: Text = Field(default="", validation_alias=AliasChoices("OS-EXT-AZ:availability_zone", "zone"))
    locked: bool | None = False
    key_name: str | None = None
    flavor: Flavor | None = None
    image: ImageRef | None = None
    metadata: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = {}

    @field_validator("image", "flavor", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value if isinstance(value, dict) else None

    def meta(self, key: str) -> str:
        value = self.metadata.get(key)
        return "" if value is None else str(value)

    @property
    def image_id(self) -> str:
        return self.meta("metering.image_id") or (self.image.id if self.image else "")

    @property
    def is_locked(self) -> bool:
        return bool(self.locked) or bool(self.meta("lockSource"))

    @property
    def is_frozen(self) -> bool:
        return self.meta("EcmResStatus").lower() == "freeze" or is_yes(self.meta("__system__frozen"))


class ServerAnswer(Fact):
    server: ServerFact


class ServersAnswer(Fact):
    count: int | None = None
    items: tuple[ServerFact, ...] = Field(validation_alias="servers")


class ServerAction(Fact):
    action: Text = ""
    start_time: Text = ""


class ServerActionsAnswer(Fact):
    actions: tuple[ServerAction, ...] = Field(validation_alias="instanceActions")


class ImageFact(Fact):
    """An image's own words about its system, each with two underscores in front."""

    id: Text = ""
    name: Text = ""
    os_type: Text = Field(default="", validation_alias="__os_type")
    platform: Text = Field(default="", validation_alias="__platform")
    os_version: Text = Field(default="", validation_alias="__os_version")
    image_type: Text = Field(default="", validation_alias="__imagetype")
    support_fc_inject: Text = Field(default="", validation_alias="__support_fc_inject")


class ImagesAnswer(Fact):
    images: tuple[ImageFact, ...]


def is_yes(value: object) -> bool:
    return str(value).strip().lower() in ("true", "yes", "1")
