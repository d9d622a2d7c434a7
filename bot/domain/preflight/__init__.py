"""The checks before a switchover: a snapshot in, findings out, each with its cure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.facts import Site, Snapshot
from bot.domain.plan import Options
from bot.domain.preflight import group, replication, servers, warnings
from bot.domain.preflight.finding import Finding, Level, Verdict, verdict
from bot.domain.preflight.group import changed_since
from bot.domain.preflight.summary import os_mix, pairs_line, running_count, servers_line, verdict_line

__all__ = [
    "BLOCKER_CHECKS",
    "WARNING_CHECKS",
    "Finding",
    "Level",
    "Verdict",
    "changed_since",
    "check",
    "check_before_reversal",
    "os_mix",
    "pairs_line",
    "running_count",
    "servers_line",
    "verdict",
    "verdict_line",
]

BLOCKER_CHECKS = group.CHECKS + replication.CHECKS + servers.CHECKS
WARNING_CHECKS = warnings.CHECKS


def check(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> tuple[Finding, ...]:
    """All findings about moving production to site `to`, blockers first. Empty: ready."""
    return tuple(finding for one in (*BLOCKER_CHECKS, *WARNING_CHECKS) for finding in one(snapshot, to, options, now))


def check_before_reversal(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> tuple[Finding, ...]:
    """The same checks at the last moment, when the servers must be off whoever was to stop them."""
    return check(snapshot, to, replace(options, stop_servers=False), now)
