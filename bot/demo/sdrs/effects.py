"""What the end of a group's job changes: statuses, production site, addresses, failed tasks."""

from collections.abc import Callable
from datetime import datetime

from bot.demo.sdrs.clock import job_time
from bot.demo.sdrs.fates import Ends, Leaves
from bot.demo.sdrs.group import FailedTask, Group
from bot.demo.sdrs.inventory import opposite
from bot.demo.sdrs.jobs import Job
from bot.demo.sdrs.transitions import FAILOVER, REVERSE, Action
from bot.demo.sdrs.wire import Ask
from bot.demo.sdrs.world import World


def end_job(world: World, ask: Ask, action: Action, group: Group, job: Job, at: datetime) -> None:
    if action is REVERSE and not _all_stand_still(group):
        job.fail("SDRS.1319", "SdrsCheckServerStatusTask-fail:a server was started during the planned failover")
    if job.ends is Ends.FAIL:
        group.status, group.updated_at = action.after_failure, at
        _restore_parts(group, action.parts_before, at)
        ask.project.failed_tasks.append(_failed_task(action, group, job))
    else:
        _effect(action)(group, at)
        _flip_server_ids(world, action, group)
        group.enter(action.after, at)
        _leave(group, ask.fate.leaves)
    if ask.fate.group_status:
        group.status = ask.fate.group_status


def _all_stand_still(group: Group) -> bool:
    machines = (*group.production_machines(), *group.standby_machines())
    return all(machine.stands_still for machine in machines)


def _restore_parts(group: Group, status: str, at: datetime) -> None:
    """The parts are as before, so that trying again is possible, as the status table allows."""
    for part in group.parts():
        if part.status not in ("invalid", "fault"):
            part.status, part.updated_at = status, at


def _failed_task(action: Action, group: Group, job: Job) -> FailedTask:
    return FailedTask(
        job_id=job.id,
        job_type=action.job_type,
        group_id=group.id,
        resource_id=group.id,
        resource_name=group.name,
        resource_type="server_groups",
        failure_status=f"{action.name}Fail",
        begin_time=job_time(job.begin_at),
        error_code=job.error_code or "",
        fail_reason=job.fail_reason or "",
    )


def _effect(action: Action) -> Callable[[Group, datetime], None]:
    return {
        "reverse": _move_production,
        "failover": _fail_over,
        "start": _synchronise,
        "reprotect": _synchronise,
        "stop": _stop_replication,
    }[action.name]


def _move_production(group: Group, at: datetime) -> None:
    """Production is at the other site now, and took its network addresses along. No server is started."""
    station = opposite(group.priority_station)
    group.priority_station = station
    for part in group.parts():
        part.priority_station = station
    for instance in group.instances:
        source, target = instance.source, instance.target
        source.addresses, target.addresses = target.addresses, source.addresses


def _fail_over(group: Group, at: datetime) -> None:
    """The servers of the lost site are forced off, and replication stops until reprotection."""
    for machine in group.production_machines():
        if not machine.deleted:
            machine.status, machine.task_state = "SHUTOFF", None
    _move_production(group, at)
    _stop_replication(group, at)


def _synchronise(group: Group, at: datetime) -> None:
    for pair in group.pairs:
        pair.replication_status, pair.progress = "active", 100


def _stop_replication(group: Group, at: datetime) -> None:
    for pair in group.pairs:
        pair.replication_status = "active-stopped"


def _flip_server_ids(world: World, action: Action, group: Group) -> None:
    if world.quirks.server_ids_swap and action in (REVERSE, FAILOVER):
        for instance in group.instances:
            instance.ids_swapped = not instance.ids_swapped


def _leave(group: Group, leaves: Leaves) -> None:
    """What a job that said SUCCESS did not do."""
    before = opposite(group.priority_station)
    match leaves:
        case Leaves.ALL_TRUE:
            return
        case Leaves.GROUP_REVERSING:
            group.status = "reversing"
        case Leaves.GROUP_STATION:
            group.priority_station = before
        case Leaves.INSTANCE_STATION:
            group.instances[-1].priority_station = before
        case Leaves.PAIR_STATION:
            group.pairs[-1].priority_station = before
        case Leaves.PAIR_COPYING:
            group.pairs[-1].progress, group.pairs[-1].replication_status = 97, "copying"
