"""The frozen plan that is approved: what exactly will happen to which servers, and its digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from bot.domain.facts import Credential, GroupId, InstanceId, Known, Os, PairId, ProjectAlias, ServerId, Site


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

    @cached_property
    def canonical(self) -> bytes:
        """UTF-8 JSON, keys sorted, no spaces: the bytes that the digest covers."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.canonical).hexdigest()

    @property
    def code(self) -> str:
        """The short form people compare by eye, e.g. `7F3A-91`."""
        return f"{self.digest[:4]}-{self.digest[4:6]}".upper()
