"""The frozen plan that is approved: what exactly will happen to which servers, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property

from bot.domain.facts import (
    Credential,
    GroupId,
    InstanceId,
    Known,
    Os,
    PairId,
    ProjectAlias,
    ProtectedInstance,
    ServerId,
    Site,
    Snapshot,
)


class Occasion(StrEnum):
    FIRST = "first"
    LATER = "later"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the requester chose beside group and direction."""

    stop_servers: bool = True
    start_servers: bool = True
    passwords_changed: Known = Known.UNKNOWN
    occasion: Occasion = Occasion.UNKNOWN
    start_at: datetime | None = None  # UTC; None: as soon as it is approved


@dataclass(frozen=True, kw_only=True)
class PlannedServer:
    """One protected instance as the plan sees it."""

    instance_id: InstanceId
    name: str
    source_server_id: ServerId
    target_server_id: ServerId
    wave: int
    os: Os
    cloudbase_init: Known
    credential: Credential


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Only what a person approves; nothing that moves by itself (power states, progress, times)."""

    project: ProjectAlias
    group_id: GroupId
    group_name: str
    to: Site
    from_zone: str
    to_zone: str
    servers: tuple[PlannedServer, ...]
    pair_ids: tuple[PairId, ...]
    stop_servers: bool
    start_servers: bool
    start_at: str  # ISO 8601, UTC; empty: as soon as it is approved
    policy_version: str
    passwords_changed: Known = Known.UNKNOWN
    occasion: Occasion = Occasion.UNKNOWN

    @cached_property
    def text(self) -> str:
        """The canonical form: JSON, keys sorted, no spaces."""
        return _written({name: getattr(self, name) for name in _NAMES})

    @property
    def canonical(self) -> bytes:
        """Its UTF-8: the bytes that the digest covers, whatever a name holds."""
        return self.text.encode("utf-8", "surrogatepass")

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.canonical).hexdigest()

    @property
    def code(self) -> str:
        """The short form people compare by eye, e.g. `7F3A-91`."""
        return f"{self.digest[:4]}-{self.digest[4:6]}".upper()


_NAMES = tuple(field.name for field in fields(Plan))
_written = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=vars).encode


def plan_of(snapshot: Snapshot, to: Site, options: Options, policy_version: str) -> Plan:
    """The plan that follows from the facts and the requester's choices, in canonical order.

    Whatever order the cloud lists things in, the same facts make the same plan. Power states, progress and
    statuses stay out: they move by themselves, and the preflight looks at them anew each time.
    """
    group = snapshot.group
    return Plan(
        project=group.project,
        group_id=group.id,
        group_name=group.name,
        to=to,
        from_zone=group.zone_of(to.other),
        to_zone=group.zone_of(to),
        servers=tuple(_planned(instance) for instance in snapshot.instances_by_wave()),
        pair_ids=tuple(sorted(pair.id for pair in snapshot.pairs)),
        stop_servers=options.stop_servers,
        start_servers=options.start_servers,
        start_at=options.start_at.astimezone(UTC).isoformat(timespec="seconds") if options.start_at else "",
        policy_version=policy_version,
        passwords_changed=options.passwords_changed,
        occasion=options.occasion,
    )


def _planned(instance: ProtectedInstance) -> PlannedServer:
    return PlannedServer(
        instance_id=instance.id,
        name=instance.name,
        source_server_id=instance.source_server_id,
        target_server_id=instance.target_server_id,
        wave=instance.wave,
        os=instance.os,
        cloudbase_init=instance.cloudbase_init,
        credential=instance.credential,
    )


def difference(old: Plan, new: Plan) -> tuple[str, ...]:
    """What changed from one plan to the next, a sentence each; empty exactly when the digests are equal."""
    if old == new:
        return ()
    return (
        *_membership(
            {server.instance_id: server.name for server in old.servers},
            {server.instance_id: server.name for server in new.servers},
            "",
        ),
        *_membership({pair: pair for pair in old.pair_ids}, {pair: pair for pair in new.pair_ids}, "replication pair "),
        *_server_changes(old, new),
        *_field_changes(PLAN_FIELDS, old, new, "{label}: {old} → {new}"),
    )


def _membership(old: dict[str, str], new: dict[str, str], noun: str) -> list[str]:
    added = [f"+ {noun}{name} added since the request" for key, name in new.items() if key not in old]
    return added + [f"− {noun}{name} removed since the request" for key, name in old.items() if key not in new]


def _server_changes(old: Plan, new: Plan) -> list[str]:
    before = {server.instance_id: server for server in old.servers}
    return [
        sentence
        for server in new.servers
        if server.instance_id in before
        for sentence in _field_changes(
            SERVER_FIELDS, before[server.instance_id], server, f"{{label}} of {_braced(server.name)}: {{old}} → {{new}}"
        )
    ]


def _field_changes(
    labels: Mapping[str, str], old: Plan | PlannedServer, new: Plan | PlannedServer, form: str
) -> list[str]:
    pairs = ((name, label, getattr(old, name), getattr(new, name)) for name, label in labels.items())
    return [
        form.format(label=label, old=PREFIXES.get(name, "") + _word(name, before), new=_word(name, now))
        for name, label, before, now in pairs
        if before != now
    ]


def _braced(name: str) -> str:
    """A name that holds braces must survive `str.format`."""
    return name.replace("{", "{{").replace("}", "}}")


def _word(field: str, value: object) -> str:
    """A field's value as people read it."""
    special = WORDS.get((field, value))
    if special is not None:
        return special
    return str(value).replace("_", " ") or "none"


SERVER_FIELDS: Mapping[str, str] = {
    "name": "name",
    "wave": "start order",
    "os": "system",
    "credential": "login",
    "cloudbase_init": "Cloudbase-Init",
    "source_server_id": "server at the first site",
    "target_server_id": "server at the second site",
}
PLAN_FIELDS: Mapping[str, str] = {
    "project": "project",
    "group_id": "protection group",
    "group_name": "name of the group",
    "to": "direction",
    "from_zone": "from",
    "to_zone": "to",
    "stop_servers": "before the switchover",
    "start_servers": "afterwards",
    "start_at": "start",
    "passwords_changed": "passwords changed since the first failover",
    "occasion": "failover of this group",
    "policy_version": "policy",
}
PREFIXES: Mapping[str, str] = {"policy_version": "version ", "wave": "wave "}
WORDS: Mapping[tuple[str, object], str] = {
    ("os", Os.WINDOWS): "Windows",
    ("os", Os.LINUX): "Linux",
    ("os", Os.COREOS): "CoreOS",
    ("to", Site.TARGET): "failover (production at target)",
    ("to", Site.SOURCE): "failback (production at source)",
    ("stop_servers", True): "stop the servers",
    ("stop_servers", False): "the servers are stopped already",
    ("start_servers", True): "start the servers in order",
    ("start_servers", False): "leave the servers off",
    ("start_at", ""): "on approval",
}
