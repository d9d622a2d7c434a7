"""Turns the cloud's answers into the domain's facts. Pure: what was read comes in, facts go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.cloud import models
from bot.cloud.bodies import parse_reason
from bot.cloud.guest import (
    CLOUDBASE_INIT_TAG,
    WAVE_TAG,
    cloudbase_init,
    credential_of,
    os_of,
    started_before,
    wave_of,
)
from bot.domain.facts import (
    Drill,
    FailedTask,
    Group,
    GroupId,
    InstanceId,
    Job,
    JobId,
    Known,
    PairId,
    ProjectAlias,
    ProtectedInstance,
    ReplicationPair,
    Server,
    ServerId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """An instance's two servers by site; None is one that does not exist any more."""

    source_id: ServerId
    target_id: ServerId
    source: models.ServerFact | None
    target: models.ServerFact | None


def group_fact(project: ProjectAlias, group: models.ServerGroup, drill_overdue: Known = Known.UNKNOWN) -> Group:
    return Group(
        project=project,
        id=GroupId(group.id),
        name=group.name or group.id,
        status=group.status,
        priority_station=group.priority_station,
        source_zone=group.source_availability_zone,
        target_zone=group.target_availability_zone,
        updated_at=group.updated_at,
        instance_count=group.protected_instance_num,
        pair_count=group.replication_num,
        drill_count=group.disaster_recovery_drill_num,
        drill_overdue=drill_overdue,
        tags=group.tags,
    )


def tell_apart(instance: models.Instance, group: Group, servers: Mapping[str, models.ServerFact]) -> Twins:
    """Which server is at which site: their zones say it, the order of the fields only when the zones cannot.

    Whether `source_server` and `target_server` change places after a reversal is not documented.
    """
    first, second = ServerId(instance.source_server), ServerId(instance.target_server)
    is_crossed = _zone(servers, first) == group.target_zone or _zone(servers, second) == group.source_zone
    is_straight = _zone(servers, first) == group.source_zone or _zone(servers, second) == group.target_zone
    if is_crossed and not is_straight:
        first, second = second, first
    return Twins(source_id=first, target_id=second, source=servers.get(first), target=servers.get(second))


def _zone(servers: Mapping[str, models.ServerFact], server_id: str) -> str | None:
    return servers[server_id].zone or None if server_id in servers else None


def instance_fact(
    instance: models.Instance,
    twins: Twins,
    image: models.ImageFact | None,
    dr_history: tuple[models.ServerAction, ...] | None,
) -> ProtectedInstance:
    os, os_name = os_of(twins.source, image)
    return ProtectedInstance(
        id=InstanceId(instance.id),
        name=instance.name or instance.id,
        status=instance.status,
        priority_station=instance.priority_station,
        at_source=server_fact(twins.source) if twins.source else None,
        at_target=server_fact(twins.target) if twins.target else None,
        source_server_id=twins.source_id,
        target_server_id=twins.target_id,
        wave=wave_of(instance.tag(WAVE_TAG)),
        os=os,
        os_name=os_name,
        cloudbase_init=cloudbase_init(os, instance.tag(CLOUDBASE_INIT_TAG), twins.source, image),
        credential=credential_of(twins.source),
        dr_started_before=started_before(dr_history),
        attached_pair_ids=tuple(PairId(a.replication) for a in instance.attachment if a.replication),
        frozen=instance.is_frozen,
    )


def server_fact(server: models.ServerFact) -> Server:
    return Server(
        id=ServerId(server.id),
        name=server.name or server.id,
        zone=server.zone,
        status=server.status,
        task_state=server.task_state or None,
        locked=server.is_locked,
        frozen=server.is_frozen,
        flavor=server.flavor.id if server.flavor else "",
        vcpus=server.flavor.vcpus if server.flavor else None,
        ram_mib=server.flavor.ram if server.flavor else None,
    )


def pair_fact(pair: models.Pair) -> ReplicationPair:
    return ReplicationPair(
        id=PairId(pair.id),
        name=pair.name or pair.id,
        status=pair.status,
        replication_status=pair.replication_status,
        progress=pair.progress,
        fault_level=pair.fault_level,
        priority_station=pair.priority_station,
        attached_instance_ids=tuple(InstanceId(a.protected_instance) for a in pair.attachment if a.protected_instance),
        failure_detail=pair.failure_detail,
    )


def failed_task_fact(task: models.FailedTaskFact) -> FailedTask:
    return FailedTask(
        resource_name=task.resource_name,
        resource_type=task.resource_type,
        failure_status=task.failure_status,
        error_code=task.error_code,
        reason=_reason(task.fail_reason),
        began_at=task.begin_time,
        job_id=JobId(task.job_id),
    )


def drill_fact(drill: models.DrillFact) -> Drill:
    return Drill(id=drill.id, name=drill.name or drill.id, status=drill.status)


def job_fact(job: models.JobFact, *, depth: int = 6) -> Job:
    """Sub-jobs nest; beyond `depth` nobody reads them."""
    return Job(
        id=JobId(job.job_id),
        type=job.job_type,
        status=job.status,
        began_at=job.begin_time,
        ended_at=job.end_time,
        error_code=job.error_code,
        fail_reason=_reason(job.fail_reason),
        sub_jobs=tuple(job_fact(sub, depth=depth - 1) for sub in job.sub_jobs) if depth else (),
        entities=tuple((key, _scalar(value)) for key, value in job.entities.items() if key != "sub_jobs"),
    )


def _reason(text: str) -> str:
    """Services hand on each other's answers as JSON inside of a sentence; people read what is inside."""
    if not text:  # of most jobs, each time they are looked at
        return ""
    inner = parse_reason(text)
    return f"{inner.code}: {inner.message}" if inner.code and inner.code not in inner.message else inner.message


def _scalar(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
