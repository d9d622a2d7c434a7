"""SDRS, the acting half: which action a group allows, what stands against it, and the job that it becomes."""

from collections.abc import Iterator

from bot.demo.sdrs.effects import end_job
from bot.demo.sdrs.fates import Ends
from bot.demo.sdrs.group import Group
from bot.demo.sdrs.inventory import Document, Instance, Machine
from bot.demo.sdrs.jobs import Job, Work
from bot.demo.sdrs.protection import find_group
from bot.demo.sdrs.transitions import FAILOVER, REPROTECT, REVERSE, START, STOP, Action
from bot.demo.sdrs.wire import Answer, Ask, accepted, refuse
from bot.demo.sdrs.world import World

SETTLED = {"available", "protected", "failed-over"}


def act(world: World, ask: Ask) -> Answer:
    """`POST /server-groups/{id}/action`: exactly one action, checked, then a job."""
    group = find_group(ask)
    if isinstance(group, Answer):
        return group
    action = read_action(group, ask.body)
    if action is None:
        return refuse("SDRS.0206")
    if code := next(find_refusals(action, group, ask.body), None):
        return refuse(code)
    return accepted(begin(world, ask, action, group).id)


def read_action(group: Group, body: object) -> Action | None:
    """Enabling and enabling again share a body; the group's status tells them apart."""
    match body:
        case {"reverse-server-group": {}, **rest} if not rest:
            return REVERSE
        case {"failover-server-group": {}, **rest} if not rest:
            return FAILOVER
        case {"start-server-group": {}, **rest} if not rest:
            return REPROTECT if group.status in REPROTECT.allowed else START
        case {"stop-server-group": {}, **rest} if not rest:
            return STOP
    return None


def find_refusals(action: Action, group: Group, body: object) -> Iterator[str]:
    """The documented codes that stand against an action, the first one being the answer."""
    yield from _status_refusals(action, group)
    if not group.pairs:
        yield "SDRS.1608"
    if action is REVERSE:
        yield from _direction_refusals(group, body)
        yield from _data_refusals(group)
        yield from _server_refusals(group)
    if action is FAILOVER and any(str(pair.fault_level) == "5" for pair in group.pairs):
        yield "SDRS.1824"  # the replication link is broken: the DR site is behind
    if action is REPROTECT and not all(machine.stands_still for machine in group.standby_machines()):
        yield "SDRS.1342"


def _status_refusals(action: Action, group: Group) -> Iterator[str]:
    if group.status in action.allowed:
        return
    if group.status not in SETTLED and not group.status.startswith("error"):
        yield "SDRS.1002"  # somebody else's job is running
    elif action in (REVERSE, FAILOVER, STOP) and group.status == "available":
        yield "SDRS.1019"
    elif action is START and group.status == "protected":
        yield "SDRS.1018"
    else:
        yield action.wrong_status


def _direction_refusals(group: Group, body: object) -> Iterator[str]:
    """What the service does with an equal direction is undocumented; refusing is the safe reading."""
    match body:
        case {"reverse-server-group": {"priority_station": "source" | "target" as wanted}}:
            if wanted == group.priority_station:
                yield "SDRS.0216"
        case _:
            yield "SDRS.0216"


def _data_refusals(group: Group) -> Iterator[str]:
    for instance in group.instances:
        if instance.priority_station != group.priority_station:
            yield "SDRS.1025"
        if instance.status in ("invalid", "fault"):
            yield "SDRS.1314"
        if instance.metadata.get("__system__frozen") == "true":
            yield "SDRS.0225"
    for pair in group.pairs:
        if pair.priority_station != group.priority_station:
            yield "SDRS.1026"
        if str(pair.fault_level) == "5":
            yield "SDRS.1824"  # "contact customer service": nothing can be moved over a broken link
        if str(pair.fault_level) == "2":
            yield "SDRS.1823"  # "perform a failover": the production disk is lost
        if pair.replication_status == "copying" or pair.progress < 100:
            yield "SDRS.1830"
        if pair.status in ("invalid", "fault") or pair.replication_status != "active":
            yield "SDRS.0214"


def _server_refusals(group: Group) -> Iterator[str]:
    for machine in group.production_machines():
        yield from _machine_refusals(machine)
        if machine.status == "ACTIVE" and not machine.task_state:
            yield "SDRS.1319"
        elif not machine.stands_still:
            yield "SDRS.1352"
    for machine in group.standby_machines():
        yield from _machine_refusals(machine)
        if not machine.stands_still:
            yield "SDRS.1342"


def _machine_refusals(machine: Machine) -> Iterator[str]:
    if machine.deleted:
        yield "SDRS.1326"
    if machine.locked:
        yield "SDRS.1359" if machine.lock_source else "SDRS.1357"


def begin(world: World, ask: Ask, action: Action, group: Group) -> Job:
    """The group is busy from now on, and the job's end changes it."""
    group.enter(action.during, ask.now)
    seconds = world.pace.reverse_seconds if action is REVERSE else world.pace.other_seconds
    job = world.start_job(
        ask.project,
        plan_work(world, action, group),
        seconds=seconds,
        on_end=lambda at, job: end_job(world, ask, action, group, job, at),
        fate=ask.fate,
    )
    if ask.fate.ends is not Ends.VANISHES:
        ask.project.sdrs_jobs[job.id] = job
    return job


def plan_work(world: World, action: Action, group: Group) -> Work:
    """A part for each instance with parts for its pairs; or the pairs side by side, as published."""
    about_group: Document = {"server_group_id": group.id}
    pairs = [
        Work(job_type=action.sub_job_type, entities=about_group | {"replication_pair_id": pair.id})
        for pair in group.pairs
    ]
    if not world.quirks.nested_sub_jobs:
        return Work(job_type=action.job_type, entities=dict(about_group), parts=pairs)
    parts = [_instance_work(action, instance) for instance in group.instances]
    return Work(job_type=action.job_type, entities=dict(about_group), parts=parts)


def _instance_work(action: Action, instance: Instance) -> Work:
    about = {"server_group_id": instance.group.id, "protected_instance_id": instance.id}
    pairs = [Work(job_type=action.sub_job_type, entities={"replication_pair_id": pair.id}) for pair in instance.pairs]
    return Work(job_type=f"{action.name}ProtectedInstanceNoCG", entities=dict(about), parts=pairs)
