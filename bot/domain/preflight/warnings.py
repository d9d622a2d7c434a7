"""Checks that only warn: the switchover would work, and a person should know this before saying yes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.domain import login
from bot.domain.facts import Known, ProtectedInstance, Site, Snapshot
from bot.domain.plan import Options
from bot.domain.preflight.finding import Finding, counted, listed, warning

TOKEN_MARGIN = timedelta(minutes=60)
PASSWORD_MARGIN = timedelta(days=7)


def failed_tasks(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    if snapshot.failed_tasks:
        tasks = [f"{task.resource_name} {task.failure_status}".strip() for task in snapshot.failed_tasks]
        yield warning(
            "failed_tasks",
            f"{counted(len(tasks), 'failed task')} open in the cloud: {listed(tasks)}.",
            "Read why they failed, then delete them in the console.",
            (task.resource_name for task in snapshot.failed_tasks if task.resource_name),
        )


def pairs_unattached(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    attached = {pair_id for instance in snapshot.instances for pair_id in instance.attached_pair_ids}
    loose = (pair for pair in snapshot.pairs if not pair.attached_instance_ids and pair.id not in attached)
    names = [pair.name for pair in loose]
    if names:
        yield warning(
            "pairs_unattached",
            f"{counted(len(names), 'replication pair')} attached to no instance: {listed(names)}.",
            "They move with the group, but no server sees them: attach them or remove them.",
            names,
        )


def drill_open(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    count = len(snapshot.drills) or snapshot.group.drill_count
    if count:
        names = [drill.name for drill in snapshot.drills]
        yield warning(
            "drill_open",
            f"{counted(count, 'DR drill')} of this group still exists{': ' if names else ''}{listed(names)}.",
            "Its servers stay as they are; some operations are refused while it exists. Delete it when it is over.",
            names,
        )


def drill_overdue(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    if snapshot.group.drill_overdue is Known.YES:
        yield warning(
            "drill_overdue",
            "No DR drill was made with this group for more than 90 days.",
            "Plan a drill; until then nobody has seen the servers run at the other site lately.",
        )


def first_failover(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    names = [one.name for one in login.affected(snapshot.instances, to, options.occasion)]
    if names:
        yield warning(
            "first_failover",
            f"{login.card_line(snapshot.instances, to, options.occasion)}.",
            "Have the passwords and key pairs at hand; the login guidance says which one holds.",
            names,
        )


def login_facts(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    names = [one.name for one in snapshot.instances if login.is_unknown(one)]
    if names:
        yield warning(
            "login_facts",
            f"System or login of {counted(len(names), 'server')} not fully known: {listed(names)}.",
            "The login guidance will name every possibility. A tag on the protected instance "
            "(cloudbase-init=yes or no) settles Cloudbase-Init.",
            names,
        )


def flavor_smaller(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    names = [one.name for one in snapshot.instances if _shrinks(one, to)]
    if names:
        yield warning(
            "flavor_smaller",
            f"{counted(len(names), 'server')} smaller at the other site (or of unknown size there): {listed(names)}.",
            "Expect less capacity, or resize them while they are off.",
            names,
        )


def _shrinks(instance: ProtectedInstance, to: Site) -> bool:
    here, there = instance.server_at(to.other), instance.server_at(to)
    if here is None or there is None or (here.flavor and here.flavor == there.flavor):
        return False
    sizes = (here.vcpus, there.vcpus), (here.ram_mib, there.ram_mib)
    if any(now is not None and then is not None and then < now for now, then in sizes):
        return True
    return here.flavor != there.flavor and any(size is None for pair in sizes for size in pair)


def token_expires(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    expires_at = snapshot.token_expires_at
    if expires_at is not None and expires_at - now < TOKEN_MARGIN:
        minutes = max(0, int((expires_at - now).total_seconds() // 60))
        yield warning(
            "token_expires",
            f"The bot's access token for the cloud expires in {counted(minutes, 'minute')}.",
            "The bot renews it by itself; check its credentials if this stays.",
        )


def password_expires(snapshot: Snapshot, to: Site, options: Options, now: datetime) -> Iterator[Finding]:
    expires_at = snapshot.password_expires_at
    if expires_at is not None and expires_at - now < PASSWORD_MARGIN:
        days = max(0, (expires_at - now).days)
        yield warning(
            "password_expires",
            f"The password of the bot's cloud user expires in {counted(days, 'day')}.",
            "Renew it before, or the bot loses its access.",
        )


CHECKS = (
    failed_tasks,
    pairs_unattached,
    drill_open,
    drill_overdue,
    first_failover,
    login_facts,
    flavor_smaller,
    token_expires,
    password_expires,
)
