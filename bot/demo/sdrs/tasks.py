"""SDRS: the task center (failed tasks) and DR drills."""

import re
from datetime import datetime

from bot.demo.sdrs.fates import Ends
from bot.demo.sdrs.group import Drill, FailedTask, Group
from bot.demo.sdrs.jobs import Job, Work
from bot.demo.sdrs.listing import UUID_SHAPE, answer_page, rendered
from bot.demo.sdrs.wire import Answer, Ask, accepted, refuse
from bot.demo.sdrs.world import JobEnd, World

DRILL_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
DRILL_STATUSES = {
    "available",
    "protected",
    "error-reversing",
    "error-failing-over",
    "failed-over",
    "error-reprotecting",
    "error-starting",
    "error-stopping",
}


def list_failed_tasks(world: World, ask: Ask) -> Answer:
    """Without a group id only tasks of whole groups are listed."""
    group_id = ask.query.get("server_group_id")
    found = [
        task
        for task in ask.project.failed_tasks
        if (task.group_id == group_id if group_id else task.resource_type == "server_groups")
        and ask.query.get("failure_status", task.failure_status) == task.failure_status
        and ask.query.get("resource_type", task.resource_type) == task.resource_type
    ]
    return answer_page(world.quirks, "failure_jobs", found, ask, lambda one: rendered(one.document()))


def delete_failed_task(world: World, ask: Ask) -> Answer:
    return _forget(ask, [task for task in ask.project.failed_tasks if task.job_id == ask.ids["job"]])


def delete_failed_tasks_of_group(world: World, ask: Ask) -> Answer:
    return _forget(ask, [task for task in ask.project.failed_tasks if task.group_id == ask.ids["group"]])


def delete_failed_tasks_of_groups(world: World, ask: Ask) -> Answer:
    return _forget(ask, [task for task in ask.project.failed_tasks if task.resource_type == "server_groups"])


def _forget(ask: Ask, tasks: list[FailedTask]) -> Answer:
    for task in tasks:
        ask.project.failed_tasks.remove(task)
    return Answer(status=204)


def list_drills(world: World, ask: Ask) -> Answer:
    query = ask.query
    found = [
        drill
        for drill in ask.project.drills.values()
        if query.get("server_group_id", drill.group.id) == drill.group.id
        and query.get("name", "").lower() in drill.name.lower()
        and query.get("status", drill.status) == drill.status
        and query.get("drill_vpc_id", drill.drill_vpc_id) == drill.drill_vpc_id
    ]
    return answer_page(world.quirks, "disaster_recovery_drills", found, ask, lambda one: rendered(one.document()))


def find_drill(ask: Ask) -> Drill | Answer:
    if not UUID_SHAPE.fullmatch(ask.ids["drill"]):
        return refuse("SDRS.1900")
    return ask.project.drills.get(ask.ids["drill"]) or refuse("SDRS.1902")


def show_drill(world: World, ask: Ask) -> Answer:
    drill = find_drill(ask)
    return drill if isinstance(drill, Answer) else Answer(body={"disaster_recovery_drill": drill.document()})


def create_drill(world: World, ask: Ask) -> Answer:
    match ask.body:
        case {"disaster_recovery_drill": {"name": str(name), "server_group_id": str(group_id), **rest}}:
            group = ask.project.groups.get(group_id)
        case _:
            return refuse("SDRS.0201")
    if not DRILL_NAME.fullmatch(name):
        return refuse("SDRS.0202")
    if group is None:
        return refuse("SDRS.1013")
    vpc_id = rest.get("drill_vpc_id")
    if code := _drill_refusal(ask, group, vpc_id):
        return refuse(code)
    return accepted(_begin_drill(world, ask, group, name, str(vpc_id or world.uuid())).id)


def _drill_refusal(ask: Ask, group: Group, vpc_id: object) -> str | None:
    if group.status not in DRILL_STATUSES:
        return "SDRS.1002"
    if not group.pairs:
        return "SDRS.1608"
    if any(pair.progress < 100 and pair.replication_status == "copying" for pair in group.pairs):
        return "SDRS.1830"
    if vpc_id is not None and vpc_id in (group.source_vpc_id, group.target_vpc_id):
        return "SDRS.1907"
    if vpc_id is not None and any(drill.drill_vpc_id == vpc_id for drill in ask.project.drills.values()):
        return "SDRS.1921"
    return None


def _begin_drill(world: World, ask: Ask, group: Group, name: str, vpc_id: str) -> Job:
    drill = Drill(
        id=world.uuid(),
        name=name,
        group=group,
        drill_vpc_id=vpc_id,
        created_at=ask.now,
        updated_at=ask.now,
    )
    ask.project.drills[drill.id] = drill
    group.drills.append(drill)
    group.updated_at = ask.now
    entities = {"server_group_id": group.id, "disaster_recovery_drill_id": drill.id}
    work = Work(job_type="createDisasterRecoveryDrill", entities=dict(entities))
    return _start(world, ask, work, lambda at, job: _finish_drill(world, drill, job, at))


def _start(world: World, ask: Ask, work: Work, on_end: JobEnd) -> Job:
    job = world.start_job(ask.project, work, seconds=world.pace.other_seconds, on_end=on_end, fate=ask.fate)
    if ask.fate.ends is not Ends.VANISHES:
        ask.project.sdrs_jobs[job.id] = job
    return job


def _finish_drill(world: World, drill: Drill, job: Job, at: datetime) -> None:
    drill.status, drill.updated_at = ("error" if job.ends is Ends.FAIL else "available"), at
    if job.ends is not Ends.FAIL:
        drill.servers = {instance.id: world.uuid() for instance in drill.group.instances}
        drill.group.last_drill_at = at


def delete_drill(world: World, ask: Ask) -> Answer:
    drill = find_drill(ask)
    if isinstance(drill, Answer):
        return drill
    if drill.status not in ("available", "error", "error-deleting"):
        return refuse("SDRS.1913")
    drill.status, drill.updated_at = "deleting", ask.now
    entities = {"server_group_id": drill.group.id, "disaster_recovery_drill_id": drill.id}
    work = Work(job_type="deleteDisasterRecoveryDrill", entities=dict(entities))
    return accepted(_start(world, ask, work, lambda at, job: _drop_drill(ask, drill, job, at)).id)


def _drop_drill(ask: Ask, drill: Drill, job: Job, at: datetime) -> None:
    """The drill's VPC and subnets stay, as documented."""
    if job.ends is Ends.FAIL:
        drill.status, drill.updated_at = "error-deleting", at
        return
    del ask.project.drills[drill.id]
    drill.group.drills.remove(drill)
    drill.group.updated_at = at
