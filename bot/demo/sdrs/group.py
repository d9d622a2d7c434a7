"""A protection group and its drills. It keeps its own JSON, so that ten thousand list in milliseconds."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.demo.sdrs.clock import group_time
from bot.demo.sdrs.inventory import Document, Instance, Machine, Pair, Station, opposite

NO_DRILL_PERIOD = timedelta(days=90)


@dataclass(slots=True, kw_only=True)
class Drill:
    """A DR drill: copies of the DR servers in a network of their own."""

    id: str
    name: str
    group: "Group"
    drill_vpc_id: str
    created_at: datetime
    updated_at: datetime
    status: str = "creating"
    servers: dict[str, str] = field(default_factory=dict)

    def document(self) -> Document:
        servers = [{"protected_instance": key, "drill_server_id": value} for key, value in self.servers.items()]
        return {
            "id": self.id,
            "name": self.name,
            "status": self.status,
            "server_group_id": self.group.id,
            "drill_vpc_id": self.drill_vpc_id,
            "created_at": group_time(self.created_at),
            "updated_at": group_time(self.updated_at),
            "drill_servers": servers,
        }


@dataclass(slots=True, kw_only=True)
class FailedTask:
    """A row of the task center."""

    job_id: str
    job_type: str
    group_id: str
    resource_id: str
    resource_name: str
    resource_type: str
    failure_status: str
    begin_time: str
    error_code: str
    fail_reason: str

    def document(self) -> Document:
        return {
            "job_status": "FAIL",
            "resource_id": self.resource_id,
            "resource_name": self.resource_name,
            "resource_type": self.resource_type,
            "failure_status": self.failure_status,
            "job_id": self.job_id,
            "job_type": self.job_type,
            "begin_time": self.begin_time,
            "error_code": self.error_code,
            "fail_reason": self.fail_reason,
        }


@dataclass(kw_only=True, eq=False)
class Group:
    """A protection group. Setting a field drops its cached JSON."""

    id: str
    name: str
    source_zone: str
    target_zone: str
    source_vpc_id: str
    target_vpc_id: str
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    status: str = "protected"
    progress: int = 0
    priority_station: Station = Station.SOURCE
    last_drill_at: datetime | None = None
    domain_id: str = "fb4bb8e3-a574-4437-a156-78c916aeea4d"
    domain_name: str = "ActiveactiveDomain"
    instances: list[Instance] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    drills: list[Drill] = field(default_factory=list)

    def __setattr__(self, name: str, value: object) -> None:
        self.__dict__[name] = value
        self.__dict__["_rendered"] = None

    def document(self) -> Document:
        return {
            "id": self.id,
            "name": self.name,
            "description": self.description,
            "source_availability_zone": self.source_zone,
            "target_availability_zone": self.target_zone,
            "domain_id": self.domain_id,
            "domain_name": self.domain_name,
            "status": self.status,
            "protected_status": None,
            "replication_status": None,
            "health_status": None,
            "progress": self.progress,
            "priority_station": self.priority_station,
            "protected_instance_num": len(self.instances),
            "replication_num": len(self.pairs),
            "disaster_recovery_drill_num": len(self.drills),
            "source_vpc_id": self.source_vpc_id,
            "target_vpc_id": self.target_vpc_id,
            "test_vpc_id": None,
            "dr_type": "migration",
            "server_type": "ECS",
            "created_at": group_time(self.created_at),
            "updated_at": group_time(self.updated_at),
            "protection_type": "replication-pair",
            "replication_model": None,
        }

    def rendered(self) -> bytes:
        if self.__dict__["_rendered"] is None:
            self.__dict__["_rendered"] = json.dumps(self.document()).encode()
        kept: bytes = self.__dict__["_rendered"]
        return kept

    def enter(self, status: str, now: datetime) -> None:
        """Group, instances and pairs move together; only a pair's own trouble keeps its status."""
        self.status, self.updated_at = status, now
        for part in self.parts():
            if part.status not in ("invalid", "fault"):
                part.status, part.updated_at = status, now

    def parts(self) -> list[Instance | Pair]:
        return [*self.instances, *self.pairs]

    def production_machines(self) -> list[Machine]:
        return [instance.at(self.priority_station) for instance in self.instances]

    def standby_machines(self) -> list[Machine]:
        return [instance.at(opposite(self.priority_station)) for instance in self.instances]

    def is_drill_overdue(self, now: datetime) -> bool:
        return self.last_drill_at is None or now - self.last_drill_at > NO_DRILL_PERIOD
