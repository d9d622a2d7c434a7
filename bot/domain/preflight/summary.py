"""A snapshot in single lines, as the card shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.domain.facts import Os, Power, ReplicationPair, Site, Snapshot
from bot.domain.plan import Options
from bot.domain.preflight.finding import Finding, Verdict, counted, listed, verdict
from bot.domain.preflight.replication import COMPLETE, IN_SYNC, NO_FAULT, SOUND_STATUS

OS_WORDS = {Os.WINDOWS: "Windows", Os.LINUX: "Linux", Os.COREOS: "CoreOS", Os.UNKNOWN: "of unknown system"}


def verdict_line(findings: Sequence[Finding]) -> str:
    """`READY`, `2 warnings` or `BLOCKED: …` with the first reason."""
    match verdict(findings):
        case Verdict.READY:
            return "READY"
        case Verdict.WARNINGS:
            return counted(len(findings), "warning")
        case Verdict.BLOCKED:
            blockers = [finding for finding in findings if finding.is_blocker]
            more = f" ({len(blockers) - 1} more)" if len(blockers) > 1 else ""
            return f"BLOCKED: {blockers[0].sentence}{more}"


def pairs_line(snapshot: Snapshot) -> str:
    """`7/7 pairs active, 100 %, no fault`, or the exceptions by name."""
    pairs = snapshot.pairs
    if not pairs:
        return "no replication pairs"
    exceptions = [f"{pair.name} ({exception})" for pair in pairs if (exception := _exception(pair))]
    sound = len(pairs) - len(exceptions)
    if exceptions:
        return f"{sound}/{len(pairs)} pairs in sync; not in sync: {listed(exceptions)}"
    return f"{sound}/{len(pairs)} pairs active, 100 %, no fault"


def _exception(pair: ReplicationPair) -> str:
    parts = (
        pair.status if pair.status != SOUND_STATUS else "",
        pair.replication_status if pair.replication_status != IN_SYNC else "",
        f"{pair.progress} %" if pair.progress != COMPLETE else "",
        f"fault level {pair.fault_level or 'left out'}" if pair.fault_level != NO_FAULT else "",
    )
    return ", ".join(part for part in parts if part)


def servers_line(snapshot: Snapshot, to: Site, options: Options) -> str:
    """`5 (3 running, will be stopped; 2 off)`, of the servers that are production now."""
    powers = Counter(
        server.power if (server := instance.server_at(to.other)) else None for instance in snapshot.instances
    )
    running = f"{powers[Power.ON]} running, {'will be stopped' if options.stop_servers else 'must be stopped first'}"
    parts = (
        running if powers[Power.ON] else "",
        f"{powers[Power.OFF]} off" if powers[Power.OFF] else "",
        f"{powers[Power.CHANGING]} changing" if powers[Power.CHANGING] else "",
        f"{powers[Power.UNKNOWN]} in an unclear state" if powers[Power.UNKNOWN] else "",
        f"{powers[None]} missing" if powers[None] else "",
    )
    detail = "; ".join(part for part in parts if part)
    return f"{len(snapshot.instances)} ({detail})" if detail else "none"


def os_mix(snapshot: Snapshot) -> str:
    """`2 Windows, 2 Linux, 1 CoreOS`; unknown ones last."""
    counts = Counter(instance.os for instance in snapshot.instances)
    return ", ".join(f"{counts[kind]} {OS_WORDS[kind]}" for kind in Os if counts[kind])


def running_count(snapshot: Snapshot, site: Site) -> int:
    servers = (instance.server_at(site) for instance in snapshot.instances)
    return sum(1 for server in servers if server is not None and server.power is Power.ON)
