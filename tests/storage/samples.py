"""Domain values to store: small, valid, and different where a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.audit import Entry
from bot.domain.facts import (
    Group,
    GroupId,
    InstanceId,
    PairId,
    ProjectAlias,
    ProtectedInstance,
    ReplicationPair,
    Server,
    ServerId,
    Site,
    Snapshot,
)
from bot.domain.people import Account
from bot.domain.plan import Options, Plan, PlannedServer
from bot.domain.request import Approval, Request, RequestId, State
from bot.domain.run import Attempt, Run, Step, StepProgress, StepState
from bot.ports import CloudCall

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
ANNA = Account("E1", "T1", "UANNA")
BEN = Account("E1", "T1", "UBEN")


def group(group_id: str = "group-1") -> Group:
    return Group(
        project=ProjectAlias("eu-de"),
        id=GroupId(group_id),
        name="pg-erp",
        status="protected",
        priority_station="source",
        source_zone="eu-de-01",
        target_zone="eu-de-02",
        tags=(("tier", "gold"),),
    )


def instance(number: int = 1) -> ProtectedInstance:
    name = f"erp-{number}"
    return ProtectedInstance(
        id=InstanceId(f"instance-{number}"),
        name=name,
        status="protected",
        priority_station="source",
        at_source=Server(id=ServerId(f"s-{number}"), name=name, zone="eu-de-01", status="ACTIVE"),
        at_target=Server(id=ServerId(f"t-{number}"), name=name, zone="eu-de-02", status="SHUTOFF"),
        source_server_id=ServerId(f"s-{number}"),
        target_server_id=ServerId(f"t-{number}"),
    )


def pair(number: int = 1) -> ReplicationPair:
    return ReplicationPair(
        id=PairId(f"pair-{number}"),
        name=f"disk-{number}",
        status="protected",
        replication_status="active",
        progress=100,
        fault_level="0",
        priority_station="source",
    )


def plan(group_id: str = "group-1", servers: int = 1, **changes: Any) -> Plan:
    planned = tuple(
        PlannedServer(
            instance_id=i.id,
            name=i.name,
            source_server_id=i.source_server_id,
            target_server_id=i.target_server_id,
            wave=1,
            os=i.os,
            cloudbase_init=i.cloudbase_init,
            credential=i.credential,
        )
        for i in map(instance, range(1, servers + 1))
    )
    values: dict[str, Any] = {
        "project": ProjectAlias("eu-de"),
        "group_id": GroupId(group_id),
        "group_name": "pg-erp",
        "to": Site.TARGET,
        "from_zone": "eu-de-01",
        "to_zone": "eu-de-02",
        "servers": planned,
        "pair_ids": (PairId("pair-1"),),
        "stop_servers": True,
        "start_servers": True,
        "start_at": "",
        "policy_version": "1",
    }
    return Plan(**(values | changes))


def request(request_id: str = "r-1", group_id: str = "group-1", *, servers: int = 1, **changes: Any) -> Request:
    the_group = group(group_id)
    instances = tuple(map(instance, range(1, servers + 1)))
    values: dict[str, Any] = {
        "id": RequestId(request_id),
        "state": State.PENDING,
        "revision": 1,
        "project": the_group.project,
        "group": the_group,
        "to": Site.TARGET,
        "environment": "PRODUCTION",
        "requester": ANNA,
        "reason": "The zone is on fire: `<!channel>` <@U1>\nline two",
        "ticket": "CHG-1",
        "options": Options(),
        "plan": plan(group_id, servers),
        "snapshot": Snapshot(group=the_group, instances=instances, pairs=(pair(),), taken_at=NOON),
        "findings": (),
        "created_at": NOON,
        "expires_at": NOON + timedelta(hours=4),
        "updated_at": NOON,
    }
    return Request(**(values | changes))


def approval(of: Request, account: Account = BEN, **changes: Any) -> Approval:
    values: dict[str, Any] = {
        "request_id": of.id,
        "revision": of.revision,
        "account": account,
        "person_id": f"person-{account.user}",
        "name": "Ben",
        "roles": ("owner",),
        "digest": of.plan.digest,
        "at": NOON,
    }
    return Approval(**(values | changes))


def attempt(of: Request, **changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "request_id": of.id,
        "group_status": "protected",
        "priority_station": "source",
        "group_updated_at": "2026-03-01 11:00:00",
        "executor": "worker-1",
        "at": NOON,
    }
    return Attempt(**(values | changes))


def finished_run(of: Request, *, stopped_at: datetime, verified_at: datetime, running_at: datetime) -> Run:
    done = StepState.DONE
    steps = {
        Step.STOP: StepProgress(step=Step.STOP, state=done, started_at=stopped_at),
        Step.VERIFY: StepProgress(step=Step.VERIFY, state=done, ended_at=verified_at),
        Step.START: StepProgress(step=Step.START, state=done, ended_at=running_at),
    }
    run = Run(request_id=of.id, revision=of.revision, executor="worker-1", started_at=stopped_at)
    for progress in steps.values():
        run = run.with_step(progress)
    return run


def call(path: str = "/v1/p/server-groups/g/action") -> CloudCall:
    return CloudCall(at=NOON, method="POST", path=path, status=200, milliseconds=41, request_id="req-9", summary="ok")


def entry(of: str | None = "r-1", **changes: Any) -> Entry:
    values: dict[str, Any] = {
        "action": "approve",
        "outcome": "done",
        "request_id": RequestId(of) if of else None,
        "revision": 1,
        "actor": BEN,
        "surface": "button",
        "digest": "d" * 64,
        "detail": {"given": 1, "names": ("a", "b"), "when": NOON},
    }
    return Entry(**(values | changes))
