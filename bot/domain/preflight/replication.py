"""Checks on protected instances and replication pairs: in sync, sound, and all at the same site."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from bot.domain.facts import Site, Snapshot
from bot.domain.plan import Options
from bot.domain.preflight.finding import Finding, blocker, counted, listed

SOUND_STATUS = "protected"
IN_SYNC = "active"
COMPLETE = 100
NO_FAULT = "0"
DISK_LOST = "2"
LINK_BROKEN = "5"


def _grouped(names_by_word: list[tuple[str, str]]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for word, name in names_by_word:
        groups.setdefault(word, []).append(name)
    return groups


def _status_cure(status: str) -> str:
    if status == "invalid":
        return "A server or disk was deleted: remove the object from the group or restore it."
    if status == "fault":
        return "Synchronisation is disturbed: look at the object in the console and open a ticket with the cloud."
    if status.startswith("error"):
        return "The last operation on it failed: repair it in the console."
    return "Wait until its status is protected, then check again."


def instance_status(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    wrong = [(one.status, one.name) for one in snapshot.instances if one.status != SOUND_STATUS]
    for status, names in _grouped(wrong).items():
        what = f'{counted(len(names), "protected instance")} with status "{status}": {listed(names)}.'
        yield blocker("instance_status", what, _status_cure(status), names)


def instance_without_pair(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    names = [one.name for one in snapshot.instances if not one.attached_pair_ids]
    if names:
        yield blocker(
            "instance_without_pair",
            f"{counted(len(names), 'protected instance')} without a replication pair: {listed(names)}. "
            "Its disks would not move.",
            "Attach a replication pair to each of them, and wait for the first full synchronisation.",
            names,
        )


def pair_status(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    wrong = [(pair.status, pair.name) for pair in snapshot.pairs if pair.status != SOUND_STATUS]
    for status, names in _grouped(wrong).items():
        what = f'{counted(len(names), "replication pair")} with status "{status}": {listed(names)}.'
        yield blocker("pair_status", what, _status_cure(status), names)


def pair_replication(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    cures = {
        "inactive": "Replication does not run: enable protection and wait until the pair is active.",
        "copying": "Wait until the pair has been copied and is active.",
        "active-stopped": "Replication was stopped: enable protection and wait until the pair is active.",
    }
    wrong = [(pair.replication_status, pair.name) for pair in snapshot.pairs if pair.replication_status != IN_SYNC]
    for status, names in _grouped(wrong).items():
        yield blocker(
            "pair_replication",
            f'{counted(len(names), "replication pair")} not active but "{status}": {listed(names)}.',
            cures.get(status, "The bot does not know this word: look at the pair in the console."),
            names,
        )


def pair_progress(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    behind = [pair for pair in snapshot.pairs if pair.progress != COMPLETE]
    if behind:
        names = [pair.name for pair in behind]
        states = [f"{pair.name} at {pair.progress} %" for pair in behind]
        yield blocker(
            "pair_progress",
            f"{counted(len(behind), 'replication pair')} not fully in sync: {listed(states)}.",
            "Wait until every pair is at 100 %, then check again.",
            names,
        )


def pair_fault(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    wrong = [(pair.fault_level, pair.name) for pair in snapshot.pairs if pair.fault_level != NO_FAULT]
    for level, names in _grouped(wrong).items():
        count = counted(len(names), "replication pair")
        if level == LINK_BROKEN:
            what, cure = (
                f"The replication link of {count} is broken (fault level 5): {listed(names)}.",
                "Failover is not allowed now. Wait until the link is back or open a ticket with the cloud.",
            )
        elif level == DISK_LOST:
            what, cure = (
                f"{count} lost the production disk (fault level 2): {listed(names)}.",
                "Use failover (unplanned) in the console instead; a planned failover needs both disks.",
            )
        else:
            what, cure = (
                f"{count} with {_unknown_level(level)}: {listed(names)}.",
                "Look at the pair in the console or open a ticket with the cloud.",
            )
        yield blocker("pair_fault", what, cure, names)


def _unknown_level(level: str) -> str:
    return f'fault level "{level}", which this bot does not know' if level else "no fault level in the cloud's answer"


def sites_disagree(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    """One instance or pair at the other site than its group means that an earlier switchover ended half way."""
    station = snapshot.group.priority_station
    names = [one.name for one in snapshot.instances if one.priority_station != station]
    names += [pair.name for pair in snapshot.pairs if pair.priority_station != station]
    if names:
        yield blocker(
            "sites_disagree",
            f"The group says that production is at its {station} site, {listed(names)} "
            f"{'says' if len(names) == 1 else 'say'} otherwise.",
            "Do not go on. Open a ticket with the cloud and name these objects.",
            names,
        )


Check = Callable[[Snapshot, Site, Options, datetime], Iterator[Finding]]

CHECKS: tuple[Check, ...] = (
    instance_status,
    instance_without_pair,
    pair_status,
    pair_replication,
    pair_progress,
    pair_fault,
    sites_disagree,
)
