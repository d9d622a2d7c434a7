"""From the file's shape to the policy that decides, and the version that says whether two policies mean the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta

from bot.domain.policy import Audience, Policy, Role, Rule, Window
from bot.policy_file.shapes import AudienceShape, ChannelsShape, FileShape, RoleShape, RuleShape, WindowShape

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
VERSION_LENGTH = 12


def policy_of(shape: FileShape) -> Policy:
    policy = Policy(
        version="",
        rules=tuple(_rule(rule, shape.channels) for rule in shape.rules),
        team=shape.team,
        people={account: name for name, accounts in sorted(shape.people.items()) for account in sorted(accounts)},
        on_call={name: frozenset(users) for name, users in sorted(shape.on_call.items())},
    )
    return replace(policy, version=version_of(policy))


def version_of(policy: Policy) -> str:
    """A digest of what the policy means: comments, spaces and the order within a list do not count."""
    text = json.dumps(_plain(replace(policy, version="")), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:VERSION_LENGTH]


def _plain(value: object) -> object:
    match value:
        case frozenset():
            return sorted(value)
        case Mapping():
            return {str(key): _plain(one) for key, one in value.items()}
        case tuple():
            return [_plain(one) for one in value]
        case timedelta():
            return value.total_seconds()
        case _ if is_dataclass(value):
            return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        case _:
            return value


def _rule(shape: RuleShape, channels: ChannelsShape) -> Rule:
    return Rule(
        name=shape.name,
        environment=shape.environment,
        name_patterns=tuple(sorted(shape.groups)),
        group_ids=frozenset(shape.ids),
        tags=tuple(sorted(shape.tags.items())),
        requesters=_audience(shape.requesters or AudienceShape()),
        roles=tuple(_role(role) for role in shape.roles),
        request_ttl=shape.request_expires_after,
        approval_ttl=shape.approval_expires_after,
        reminder_every=shape.remind_every,
        ticket_pattern=shape.ticket,
        windows=tuple(_window(window) for window in shape.windows),
        types_name=shape.type_group_name,
        needs_step_up=shape.second_factor,
        break_glass=_audience(shape.break_glass),
        approvals_channel=shape.channels.approvals or channels.approvals or "",
        incidents_channel=shape.channels.incidents or channels.incidents or "",
    )


def _role(shape: RoleShape) -> Role:
    return Role(name=shape.name, need=shape.need, who=_audience(shape), backups=_audience(shape.backups))


def _audience(shape: AudienceShape) -> Audience:
    return Audience(
        users=frozenset(shape.users), usergroups=frozenset(shape.usergroups), on_call=frozenset(shape.on_call)
    )


def _window(shape: WindowShape) -> Window:
    return Window(
        days=frozenset(DAYS.index(day) for day in shape.days),
        start_minute=shape.opens % (24 * 60),
        end_minute=shape.closes,
        zone=shape.zone,
    )
