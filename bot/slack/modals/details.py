"""Everything behind the card: servers, pairs, checks and the raw values, cut to what a view may hold."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.facts import ProtectedInstance, ReplicationPair, Server, Snapshot
from bot.domain.login import kind_of
from bot.domain.plan import Options, Plan
from bot.domain.preflight import Finding, os_mix, pairs_line, servers_line, verdict_line
from bot.domain.request import Request
from bot.slack.blocks import Block, View, fit, header, modal, paragraphs, section
from bot.slack.escape import mrkdwn, names, when
from bot.slack.ids import COMMAND, CallbackId, encode_target
from bot.slack.modals.decide import title

PART_LIMIT = 45_000  # characters per part: four parts stay below the 250 kB and 100 blocks of a view


def details_view(request: Request) -> View:
    snapshot = request.snapshot
    servers = [_server(instance, request) for instance in snapshot.instances_by_wave()]
    blocks = [
        *_part(f"Servers ({len(servers)})", servers),
        *_part(f"Pairs ({len(snapshot.pairs)})", [_pair(pair) for pair in snapshot.pairs]),
        *_part(f"Checks ({len(request.findings)})", [_finding(finding) for finding in request.findings]),
        *_part("Raw values", _raw(request)),
    ]
    return modal(CallbackId.DETAILS, "Details", blocks, metadata=encode_target(request.id, request.revision))


def check_view(snapshot: Snapshot, plan: Plan, found: Sequence[Finding]) -> View:
    """The preflight without a request."""
    group, to = snapshot.group, plan.to
    zones = f"{mrkdwn(group.zone_of(to.other), 60)} → {mrkdwn(group.zone_of(to), 60)}"
    told = (
        f"*{mrkdwn(group.name, 80)}* · {zones} · {mrkdwn(verdict_line(found), 500)}",
        f"Replication: {mrkdwn(pairs_line(snapshot), 500)}",
        f"Servers: {mrkdwn(' · '.join(filter(None, (servers_line(snapshot, to, Options()), os_mix(snapshot)))), 700)}",
        f"Nothing was requested. {COMMAND} opens the form.",
    )
    blocks = [section("\n".join(told)), *_part(f"Checks ({len(found)})", [_finding(finding) for finding in found])]
    return modal(CallbackId.DETAILS, "Checked", blocks)


def _part(title: str, told: list[str]) -> list[Block]:
    return [header(title), *paragraphs(fit(told, PART_LIMIT) or ["none"])]


def _server(instance: ProtectedInstance, request: Request) -> str:
    source, target = _power(instance.at_source), _power(instance.at_target)
    facts = f"{kind_of(instance)}, wave {instance.wave}, {instance.status}"
    zones = f"{request.group.source_zone} {source}; {request.group.target_zone} {target}"
    system = mrkdwn(instance.os_name or "system without a name", 60)
    return f"• *{mrkdwn(instance.name, 80)}* {system} · {mrkdwn(zones, 160)} · {mrkdwn(facts, 160)}"


def _power(server: Server | None) -> str:
    if server is None:
        return "gone"
    task = f" ({server.task_state})" if server.task_state else ""
    marks = "".join(mark for is_so, mark in ((server.locked, ", locked"), (server.frozen, ", frozen")) if is_so)
    return f"{server.status}{task}{marks}"


def _pair(pair: ReplicationPair) -> str:
    sync = f"{pair.replication_status}, {pair.progress} %, fault level {pair.fault_level}"
    return f"• *{mrkdwn(pair.name, 80)}* {mrkdwn(f'{sync}, {pair.status}, {pair.priority_station}', 160)}"


def _finding(finding: Finding) -> str:
    subjects = f" ({names(finding.subjects, 300)})" if finding.subjects else ""
    told = f"{mrkdwn(finding.sentence, 400)} {mrkdwn(finding.cure, 400)}"
    return f"• *{mrkdwn(finding.level, 20)}* {title(finding)}: {told}{subjects}"


def _raw(request: Request) -> list[str]:
    group, snapshot = request.group, request.snapshot
    raw = {
        "project": request.project,
        "group id": group.id,
        "group status": group.status,
        "priority_station": group.priority_station,
        "updated_at": group.updated_at,
        "plan digest": request.plan.digest,
        "policy version": request.plan.policy_version,
        "request": request.id,
        "revision": str(request.revision),
    }
    told = [f"• {name}: {mrkdwn(value, 200) or '-'}" for name, value in raw.items()]
    told += [
        f"• failed task: {mrkdwn(task.resource_name, 80)} {mrkdwn(task.error_code, 40)} {mrkdwn(task.reason, 300)}"
        for task in snapshot.failed_tasks
    ]
    told += [f"• drill: {mrkdwn(drill.name, 80)} {mrkdwn(drill.status, 40)}" for drill in snapshot.drills]
    return [*told, f"• read {when(snapshot.taken_at)}"]
