"""Checks on the protection group itself: its status, where production is, and whether everything of it was read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.domain.facts import Site, Snapshot
from bot.domain.plan import Options
from bot.domain.preflight.finding import Finding, blocker, counted

READY_STATUSES = frozenset({"protected", "error-reversing"})

# Every other status of the API's list, with its cure. What is not here is a word we do not know.
OTHER_STATUSES: Mapping[str, str] = {
    "creating": "Wait until the group has been created and protection is enabled.",
    "available": "Enable protection for the group, and wait for the first full synchronisation.",
    "deleting": "The group is being deleted; choose another one.",
    "error-deleting": "Deleting the group failed; repair it in the console.",
    "error": "Repair the group in the console or open a ticket with the cloud.",
    "starting": "Wait until protection is enabled.",
    "error-starting": "Enabling protection failed; enable it again in the console.",
    "reprotecting": "Wait until the group is protected again.",
    "error-reprotecting": "Protecting it again failed; repeat that in the console.",
    "stopping": "Protection is being switched off; enable it again first.",
    "error-stopping": "Switching protection off failed; finish that in the console, then enable it again.",
    "reversing": "A switchover of this group is under way; wait for its end.",
    "failing-over": "An unplanned failover of this group is under way; wait for its end.",
    "failed-over": "The group has failed over without a plan; protect it again (reprotect) first.",
    "error-failing-over": "An unplanned failover failed; repeat it in the console.",
    "failed-over-back": "The group is in an old state of the cloud; open a ticket with the cloud.",
    "error-failing-back": "The group is in an old state of the cloud; open a ticket with the cloud.",
    "error-failing-over-back": "The group is in an old state of the cloud; open a ticket with the cloud.",
}


def group_status(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    """Only `protected` and `error-reversing` (a retry) allow a planned failover."""
    status = snapshot.group.status
    if status in READY_STATUSES:
        return
    if status in OTHER_STATUSES:
        yield blocker("group_status", f"The group's status is {status}.", OTHER_STATUSES[status])
    else:
        yield blocker(
            "group_status",
            f'The group\'s status is "{status}", a word this bot does not know.',
            "Look at the group in the console; switch it over there if the status allows it.",
        )


def direction(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    """Production must be at the opposite site: what the cloud does otherwise is not documented."""
    group = snapshot.group
    if group.production is None:
        yield blocker(
            "direction",
            f'The cloud says that production is at "{group.priority_station}", a word this bot does not know.',
            "Look at the group in the console and find out where production is.",
        )
    elif group.production is to:
        yield blocker(
            "direction",
            f"Production is already in {group.zone_of(to) or to}.",
            "Nothing is to be done; to move it away, request the opposite direction.",
        )


def zones(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    """The servers of an instance are told apart by zone, so the group's two zones must be two."""
    group = snapshot.group
    if not group.source_zone or not group.target_zone or group.source_zone == group.target_zone:
        yield blocker(
            "zones",
            f'The group\'s zones are "{group.source_zone}" and "{group.target_zone}": '
            "production and DR servers cannot be told apart.",
            "Look at the group's zones in the console or open a ticket with the cloud.",
        )


def no_instances(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    if not snapshot.instances:
        yield blocker(
            "no_instances",
            "The group protects no server.",
            "Create protected instances in the group first.",
        )


def no_pairs(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    if not snapshot.pairs or snapshot.group.pair_count == 0:
        yield blocker(
            "no_pairs",
            "The group has no replication pair: no disk would move.",
            "Create replication pairs and attach them to the protected instances first.",
        )


def incomplete_read(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    """What was not listed was not checked."""
    counts = (
        ("protected instance", snapshot.group.instance_count, len(snapshot.instances)),
        ("replication pair", snapshot.group.pair_count, len(snapshot.pairs)),
    )
    for noun, told, read in counts:
        if read < told:
            yield blocker(
                "incomplete_read",
                f"The group counts {counted(told, noun)}, the cloud listed {read}: the rest is not checked.",
                "Check again in a minute; if it stays so, compare the group in the console.",
            )


def changed_since(before: Snapshot, seen: Snapshot) -> tuple[Finding, ...]:
    """Whether somebody worked on the group since `before` was read (its `updated_at` moved)."""
    old, new = before.group.updated_at, seen.group.updated_at
    if not old or not new or old == new:
        return ()
    return (
        blocker(
            "group_changed",
            f"The group was changed in the cloud since it was checked (cloud time {old}, now {new}).",
            "Approve again after a look at what is different.",
        ),
    )


CHECKS = (group_status, direction, zones, no_instances, no_pairs, incomplete_read)
