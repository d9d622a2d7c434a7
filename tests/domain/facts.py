"""Snapshots to ask questions about: a healthy group, and small ways to make it unhealthy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from bot.domain.facts import (
    Credential,
    Group,
    GroupId,
    InstanceId,
    Known,
    Os,
    PairId,
    ProjectAlias,
    ProtectedInstance,
    ReplicationPair,
    Server,
    ServerId,
    Snapshot,
)

NOW = datetime(2026, 3, 2, 20, 0, tzinfo=UTC)


def server(name: str, zone: str, *, is_on: bool) -> Server:
    return Server(
        id=ServerId(f"{name}-{zone}"),
        name=name,
        zone=zone,
        status="ACTIVE" if is_on else "SHUTOFF",
        flavor="s3.large.2",
        vcpus=2,
        ram_mib=4096,
    )


def instance(name: str, *, wave: int = 1, is_on: bool = True, kind: Os = Os.LINUX) -> ProtectedInstance:
    """Production at the source zone, its twin off."""
    source, target = server(name, "eu-de-01", is_on=is_on), server(name, "eu-de-02", is_on=False)
    return ProtectedInstance(
        id=InstanceId(f"i-{name}"),
        name=name,
        status="protected",
        priority_station="source",
        at_source=source,
        at_target=target,
        source_server_id=source.id,
        target_server_id=target.id,
        wave=wave,
        os=kind,
        os_name=kind.value,
        cloudbase_init=Known.YES if kind is Os.WINDOWS else Known.NO,
        credential=Credential.PASSWORD,
        dr_started_before=Known.YES,
        attached_pair_ids=(PairId(f"p-{name}"),),
    )


def pair(name: str) -> ReplicationPair:
    return ReplicationPair(
        id=PairId(f"p-{name}"),
        name=f"pair-{name}",
        status="protected",
        replication_status="active",
        progress=100,
        fault_level="0",
        priority_station="source",
        attached_instance_ids=(InstanceId(f"i-{name}"),),
    )


def group(instances: int = 2, pairs: int = 2) -> Group:
    return Group(
        project=ProjectAlias("eu-de"),
        id=GroupId("g-1"),
        name="pg-erp",
        status="protected",
        priority_station="source",
        source_zone="eu-de-01",
        target_zone="eu-de-02",
        updated_at="2026-03-01 09:00:00.000",
        instance_count=instances,
        pair_count=pairs,
    )


def snapshot(*names: str) -> Snapshot:
    """A group that may be switched over at once: everything in sync, production on, nothing to warn of."""
    names = names or ("db-1", "web-1")
    return Snapshot(
        group=group(len(names), len(names)),
        instances=tuple(instance(name, wave=number) for number, name in enumerate(names, 1)),
        pairs=tuple(pair(name) for name in names),
        taken_at=NOW,
    )


def with_group(facts: Snapshot, **changes: object) -> Snapshot:
    return replace(facts, group=replace(facts.group, **changes))


def with_instance(facts: Snapshot, **changes: object) -> Snapshot:
    """The first instance changed."""
    first, *others = facts.instances
    return replace(facts, instances=(replace(first, **changes), *others))


def with_pair(facts: Snapshot, **changes: object) -> Snapshot:
    """The first pair changed."""
    first, *others = facts.pairs
    return replace(facts, pairs=(replace(first, **changes), *others))


def with_source_server(facts: Snapshot, **changes: object) -> Snapshot:
    return with_instance(facts, at_source=replace(facts.instances[0].at_source, **changes))


def with_target_server(facts: Snapshot, **changes: object) -> Snapshot:
    return with_instance(facts, at_target=replace(facts.instances[0].at_target, **changes))


def moved(facts: Snapshot) -> Snapshot:
    """The same group after a switchover to its target site, servers off."""
    return replace(
        facts,
        group=replace(facts.group, priority_station="target"),
        instances=tuple(
            replace(one, priority_station="target", at_source=replace(one.at_source, status="SHUTOFF"))
            for one in facts.instances
        ),
        pairs=tuple(replace(one, priority_station="target") for one in facts.pairs),
    )
