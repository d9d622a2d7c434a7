"""What the cloud said at one moment, in our words: the values that checks, plans and cards are made of.

Unknown words of the API are kept as they came (`status: str`), so that a new one never crashes anything
and is shown raw. Everything is frozen: a fact does not change, a newer one replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

ProjectAlias = NewType("ProjectAlias", str)
GroupId = NewType("GroupId", str)
InstanceId = NewType("InstanceId", str)
PairId = NewType("PairId", str)
ServerId = NewType("ServerId", str)
JobId = NewType("JobId", str)


class Site(StrEnum):
    """`source` is where production was when the group was created, for ever; `target` its DR site."""

    SOURCE = "source"
    TARGET = "target"

    @property
    def other(self) -> Site:
        return Site.TARGET if self is Site.SOURCE else Site.SOURCE


class Known(StrEnum):
    """A yes or no that may honestly be unknown."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Os(StrEnum):
    WINDOWS = "windows"
    LINUX = "linux"
    COREOS = "coreos"
    UNKNOWN = "unknown"


class Credential(StrEnum):
    PASSWORD = "password"  # noqa: S105  the API's word for a kind of login, no secret
    KEY_PAIR = "key_pair"
    UNKNOWN = "unknown"


class Power(StrEnum):
    ON = "on"
    OFF = "off"
    CHANGING = "changing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One ECS, as its detail call shows it."""

    id: ServerId
    name: str
    zone: str
    status: str
    task_state: str | None = None
    locked: bool = False
    frozen: bool = False
    flavor: str = ""
    vcpus: int | None = None
    ram_mib: int | None = None

    @property
    def power(self) -> Power:
        """`ACTIVE` while powering off and `SHUTOFF` while powering on are neither on nor off."""
        if self.task_state:
            return Power.CHANGING
        match self.status:
            case "ACTIVE":
                return Power.ON
            case "SHUTOFF":
                return Power.OFF
            case _:
                return Power.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedInstance:
    """A protected instance with both of its servers, told apart by availability zone.

    `at_source` is the server in the group's source zone, `at_target` the one in its target zone; `None` when
    the server is gone. OS, credential and Cloudbase-Init are those of the server that was production
    when the instance was created (`at_source`). `dr_started_before` says whether `at_target` was ever started.
    """

    id: InstanceId
    name: str
    status: str
    priority_station: str
    at_source: Server | None
    at_target: Server | None
    source_server_id: ServerId
    target_server_id: ServerId
    wave: int = 1
    os: Os = Os.UNKNOWN
    os_name: str = ""
    cloudbase_init: Known = Known.UNKNOWN
    credential: Credential = Credential.UNKNOWN
    dr_started_before: Known = Known.UNKNOWN
    attached_pair_ids: tuple[PairId, ...] = ()
    frozen: bool = False

    def server_at(self, site: Site) -> Server | None:
        return self.at_source if site is Site.SOURCE else self.at_target

    def server_id_at(self, site: Site) -> ServerId:
        return self.source_server_id if site is Site.SOURCE else self.target_server_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationPair:
    """`progress` in percent; `fault_level` "0" none, "2" production disk lost, "5" replication link broken."""

    id: PairId
    name: str
    status: str
    replication_status: str
    progress: int
    fault_level: str
    priority_station: str
    attached_instance_ids: tuple[InstanceId, ...] = ()
    failure_detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A protection group. `priority_station` says which site is production now; the zones never change."""

    project: ProjectAlias
    id: GroupId
    name: str
    status: str
    priority_station: str
    source_zone: str
    target_zone: str
    updated_at: str = ""  # as the cloud wrote it: its time zone is not documented
    instance_count: int = 0
    pair_count: int = 0
    drill_count: int = 0
    drill_overdue: Known = Known.UNKNOWN
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def production(self) -> Site | None:
        """Where production is now; None if the API used a word we do not know."""
        return Site(self.priority_station) if self.priority_station in tuple(Site) else None

    def zone_of(self, site: Site) -> str:
        return self.source_zone if site is Site.SOURCE else self.target_zone


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedTask:
    resource_name: str
    resource_type: str
    failure_status: str
    error_code: str
    reason: str
    began_at: str
    job_id: JobId


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    id: str
    name: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything a decision needs about one group, read at `taken_at` (UTC)."""

    group: Group
    instances: tuple[ProtectedInstance, ...]
    pairs: tuple[ReplicationPair, ...]
    failed_tasks: tuple[FailedTask, ...] = ()
    drills: tuple[Drill, ...] = ()
    taken_at: datetime
    token_expires_at: datetime | None = None
    password_expires_at: datetime | None = None

    def instances_by_wave(self) -> tuple[ProtectedInstance, ...]:
        return tuple(sorted(self.instances, key=lambda i: (i.wave, i.name, i.id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The groups that match a search, from a cache read at `read_at`; `stale_reason` if it could not be renewed."""

    groups: tuple[Group, ...]
    total: int
    read_at: datetime | None
    stale_reason: str = ""


class JobStatus(StrEnum):
    INIT = "INIT"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An asynchronous job of the cloud, with its sub-jobs. `status` may be a word that JobStatus lacks."""

    id: JobId
    type: str
    status: str
    began_at: str = ""
    ended_at: str = ""
    error_code: str = ""
    fail_reason: str = ""
    sub_jobs: tuple[Job, ...] = ()
    entities: tuple[tuple[str, str], ...] = ()

    @property
    def is_over(self) -> bool:
        return self.status in (JobStatus.SUCCESS, JobStatus.FAIL)

    def leaves(self) -> tuple[Job, ...]:
        """The innermost sub-jobs, the unit of `n of m done`."""
        return tuple(leaf for sub in self.sub_jobs for leaf in (sub.leaves() or (sub,)))
