"""Checks on the servers behind the instances: they exist, stand where they should, and may be switched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bot.domain.facts import Power, Server, Site, Snapshot
from bot.domain.plan import Options
from bot.domain.preflight.finding import Finding, blocker, counted, listed


def _at(snapshot: Snapshot, site: Site) -> list[Server]:
    servers = (instance.server_at(site) for instance in snapshot.instances_by_wave())
    return [server for server in servers if server is not None]


def _everywhere(snapshot: Snapshot) -> list[Server]:
    return _at(snapshot, Site.SOURCE) + _at(snapshot, Site.TARGET)


def server_missing(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    for site in (to.other, to):
        names = [one.name for one in snapshot.instances if one.server_at(site) is None]
        if names:
            zone = snapshot.group.zone_of(site) or f"the {site} site"
            yield blocker(
                "server_missing",
                f"{counted(len(names), 'protected instance')} without a server in {zone}: {listed(names)}.",
                "The server is gone or stands in another zone: restore it or remove the instance from the group.",
                names,
            )


def server_zone(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    for site in (to.other, to):
        zone = snapshot.group.zone_of(site)
        names = [server.name for server in _at(snapshot, site) if server.zone != zone]
        if names:
            yield blocker(
                "server_zone",
                f"{counted(len(names), 'server')} not in the zone where the group has it ({zone}): {listed(names)}.",
                "It is unclear which server is production. Look at the zones in the console.",
                names,
            )


def production_running(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    """Running production is no finding when the bot will stop it."""
    names = [server.name for server in _at(snapshot, to.other) if server.power is Power.ON]
    if names and not options.stop_servers:
        yield blocker(
            "production_running",
            f"{counted(len(names), 'production server is', 'production servers are')} still running: {listed(names)}. "
            "The request says that they are stopped already.",
            "Stop what still runs, or let the bot do it in a new request.",
            names,
        )


def dr_running(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    names = [server.name for server in _at(snapshot, to) if server.power is Power.ON]
    if names:
        yield blocker(
            "dr_running",
            f"{counted(len(names), 'server is', 'servers are')} running at the site that production moves to: "
            f"{listed(names)}. The cloud refuses a switchover then.",
            "Stop each of them in the console, then check again.",
            names,
        )


def server_busy(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    busy = [server for server in _everywhere(snapshot) if server.task_state]
    if busy:
        names = [server.name for server in busy]
        states = [f"{server.name} ({server.task_state})" for server in busy]
        yield blocker(
            "server_busy",
            f"{counted(len(busy), 'server is', 'servers are')} in the middle of another task: {listed(states)}.",
            "Wait until the task is over, then check again.",
            names,
        )


def server_status(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    """Neither running nor off: an error, or a word that we do not know."""
    strange = [server for server in _everywhere(snapshot) if server.power is Power.UNKNOWN]
    if strange:
        names = [server.name for server in strange]
        states = [f'{server.name} "{server.status}"' for server in strange]
        yield blocker(
            "server_status",
            f"{counted(len(strange), 'server is', 'servers are')} neither running nor off: {listed(states)}.",
            "Bring each of them to a stop or to a running state in the console, then check again.",
            names,
        )


def server_locked(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    names = [server.name for server in _everywhere(snapshot) if server.locked]
    if names:
        yield blocker(
            "server_locked",
            f"{counted(len(names), 'server is', 'servers are')} locked: {listed(names)}.",
            "Unlock what is locked in the console, or wait for the service that locked it.",
            names,
        )


def server_frozen(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    names = [server.name for server in _everywhere(snapshot) if server.frozen]
    names += [instance.name for instance in snapshot.instances if instance.frozen and instance.name not in names]
    if names:
        yield blocker(
            "server_frozen",
            f"Frozen by the cloud: {listed(names)}.",
            "Find out why (often an unpaid bill) and have it released.",
            names,
        )


CHECKS = (
    server_missing,
    server_zone,
    production_running,
    dr_running,
    server_busy,
    server_status,
    server_locked,
    server_frozen,
)
