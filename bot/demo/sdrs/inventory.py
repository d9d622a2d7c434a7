"""What stands in the simulated cloud: machines, images, protected instances and replication pairs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from bot.demo.sdrs.clock import group_time, pair_time, server_time

if TYPE_CHECKING:
    from bot.demo.sdrs.group import Group

Document = dict[str, object]
Credential = Literal["key-pair", "password"]


class OS(StrEnum):
    LINUX = "Linux"
    WINDOWS = "Windows"
    COREOS = "CoreOS"
    OTHER = "Other"


class Station(StrEnum):
    """The side of a protection group. SOURCE is where production was when the group was created."""

    SOURCE = "source"
    TARGET = "target"


def opposite(station: str) -> Station:
    return Station.TARGET if station == Station.SOURCE else Station.SOURCE


class SoftStop(StrEnum):
    """What a server does with a soft stop."""

    WORKS = "works"
    FAILS = "fails"  # the sub-job fails, the server stays ACTIVE
    HANGS = "hangs"  # the server stays ACTIVE and powering-off


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server to be protected, as a person describes it; `add_group` makes the machine and its DR twin.

    `cloudbase_init` is the truth inside a Windows guest and decides what the outside can see: True gives a
    public image, False an image that says so, None a private image that says nothing.
    """

    name: str
    os: OS = OS.LINUX
    credential: Credential = "password"
    wave: int | None = None
    running: bool = True
    cloudbase_init: bool | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    disks: int = 1
    flavor: str = "s3.large.2"
    dr_flavor: str | None = None
    ip: str | None = None
    image_deleted: bool = False
    soft_stop: SoftStop = SoftStop.WORKS


@dataclass(slots=True, kw_only=True)
class Image:
    id: str
    name: str
    os: OS
    imagetype: Literal["gold", "private", "shared"]
    os_version: str
    denies_injection: bool = False

    def document(self) -> Document:
        platform = {OS.LINUX: "Ubuntu", OS.WINDOWS: "Windows", OS.COREOS: "CoreOS", OS.OTHER: "Other"}[self.os]
        document: Document = {
            "id": self.id,
            "name": self.name,
            "status": "active",
            "__os_type": "Linux" if self.os is OS.COREOS else self.os.value,
            "__platform": platform,
            "__os_version": self.os_version,
            "__os_bit": "64",
            "__imagetype": self.imagetype,
        }
        return document | ({"__support_fc_inject": "true"} if self.denies_injection else {})


@dataclass(slots=True, kw_only=True)
class Deed:
    """Something that was once done to a machine: the history behind `os-instance-actions`."""

    action: str
    at: datetime
    request_id: str
    user_id: str

    def document(self, machine_id: str) -> Document:
        return {
            "action": self.action,
            "instance_uuid": machine_id,
            "message": None,
            "request_id": self.request_id,
            "start_time": pair_time(self.at),
            "user_id": self.user_id,
        }


@dataclass(slots=True, kw_only=True)
class Machine:
    """An ECS server. Tests may set any field; `stands_still` is what "stopped" means to SDRS."""

    id: str
    name: str
    zone: str
    project_id: str
    flavor: str
    image: Image
    addresses: list[Document]
    created_at: datetime
    status: str = "ACTIVE"
    task_state: str | None = None
    key_name: str | None = None
    locked: bool = False
    lock_source: str = ""
    frozen: bool = False
    deleted: bool = False
    soft_stop: SoftStop = SoftStop.WORKS
    password: str = ""
    tags: list[str] = field(default_factory=list)
    deeds: list[Deed] = field(default_factory=list)
    launched_at: datetime | None = None
    fault: Document | None = None
    agents: str = ""

    @property
    def stands_still(self) -> bool:
        return self.status == "SHUTOFF" and not self.task_state

    def document(self) -> Document:
        vm_state, power_state = {"ACTIVE": ("active", 1), "SHUTOFF": ("stopped", 4)}.get(
            self.status, (self.status.lower(), 0)
        )
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "OS-EXT-STS:task_state": self.task_state,
            "OS-EXT-STS:vm_state": vm_state,
            "OS-EXT-STS:power_state": power_state,
            "OS-EXT-AZ:availability_zone": self.zone,
            "OS-SRV-USG:launched_at": pair_time(self.launched_at) if self.launched_at else None,
            "OS-SRV-USG:terminated_at": None,
            "key_name": self.key_name,
            "metadata": self._metadata(),
            "addresses": {"046852ef-c49d-409b-8389-546aaaa5701f": self.addresses},
            "flavor": {"id": self.flavor, "name": self.flavor, "vcpus": "2", "ram": "4096", "disk": "0"},
            "image": {"id": self.image.id},
            "locked": self.locked,
            "fault": self.fault,
            "tags": self.tags,
            "tenant_id": self.project_id,
            "created": server_time(self.created_at),
            "updated": server_time(self.deeds[-1].at if self.deeds else self.created_at),
        }

    def _metadata(self) -> Document:
        return {
            "os_type": "Linux" if self.image.os is OS.COREOS else self.image.os.value,
            "os_bit": "64",
            "image_name": self.image.name,
            "metering.image_id": self.image.id,
            "metering.imagetype": self.image.imagetype,
            "EcmResStatus": "freeze" if self.frozen else "normal",
            "lockSource": self.lock_source,
            "lockScene": "",
            "__support_agent_list": self.agents,
        }


@dataclass(slots=True, kw_only=True)
class Pair:
    """A replication pair: two disks kept equal."""

    id: str
    name: str
    group: "Group"
    device: str
    volume_ids: str
    created_at: datetime
    updated_at: datetime
    instance: "Instance | None" = None
    status: str = "protected"
    progress: int = 100
    replication_status: str = "active"
    fault_level: str = "0"
    priority_station: Station = Station.SOURCE

    def document(self) -> Document:
        attachment = [{"device": self.device, "protected_instance": self.instance.id}] if self.instance else []
        return {
            "id": self.id,
            "name": self.name,
            "description": "",
            "replication_model": "hypermetro",
            "status": self.status,
            "progress": self.progress,
            "replication_status": self.replication_status,
            "attachment": attachment,
            "server_group_id": self.group.id,
            "volume_ids": self.volume_ids,
            "priority_station": self.priority_station,
            "fault_level": self.fault_level,
            "created_at": pair_time(self.created_at),
            "updated_at": pair_time(self.updated_at),
            "record_metadata": {
                "multiattach": False,
                "bootable": self.device.endswith("a"),
                "volume_size": 40,
                "volume_type": "SAS",
            },
            "failure_detail": None,
        }


@dataclass(slots=True, kw_only=True)
class Instance:
    """A protected instance: the machine in the source zone, its twin in the target zone, and their pairs."""

    id: str
    name: str
    group: "Group"
    source: Machine
    target: Machine
    created_at: datetime
    updated_at: datetime
    status: str = "protected"
    progress: int = 100
    priority_station: Station = Station.SOURCE
    pairs: list[Pair] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    ids_swapped: bool = False

    def at(self, station: str) -> Machine:
        return self.source if station == Station.SOURCE else self.target

    def document(self) -> Document:
        first, second = (self.target, self.source) if self.ids_swapped else (self.source, self.target)
        return {
            "id": self.id,
            "name": self.name,
            "description": "",
            "server_group_id": self.group.id,
            "status": self.status,
            "progress": self.progress,
            "source_server": first.id,
            "target_server": second.id,
            "created_at": group_time(self.created_at),
            "updated_at": group_time(self.updated_at),
            "priority_station": self.priority_station,
            "attachment": [{"replication": pair.id, "device": pair.device} for pair in self.pairs],
            "tags": [{"key": key, "value": value} for key, value in self.tags.items()],
            "metadata": self.metadata,
        }
