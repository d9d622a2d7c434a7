"""ECS and IMS: servers, batch power operations with jobs of their own, server history, images."""

from datetime import datetime

from bot.demo.sdrs.fates import Ends
from bot.demo.sdrs.inventory import Machine, SoftStop
from bot.demo.sdrs.jobs import Job, Work
from bot.demo.sdrs.wire import Answer, Ask, accepted, refuse, refuse_job_query
from bot.demo.sdrs.world import World

DEFAULT_PAGE, LARGEST_PAGE, LARGEST_BATCH = 25, 1000, 1000


def find_machine(ask: Ask, machine_id: str) -> Machine | Answer:
    machine = ask.project.machines.get(machine_id)
    return refuse("Ecs.0114") if machine is None or machine.deleted else machine


def show_machine(world: World, ask: Ask) -> Answer:
    machine = find_machine(ask, ask.ids["server"])
    return machine if isinstance(machine, Answer) else Answer(body={"server": machine.document()})


def list_machines(world: World, ask: Ask) -> Answer:
    """`offset` is a page number; 0 and 1 are both the first page."""
    said_limit, said_offset = ask.query.get("limit", str(DEFAULT_PAGE)), ask.query.get("offset", "1")
    if not (said_limit.isdecimal() and said_offset.isdecimal() and int(said_limit) > 0):
        return refuse("Ecs.0005")
    limit, page = min(int(said_limit), LARGEST_PAGE), max(int(said_offset), 1)
    found = [machine for machine in ask.project.live_machines() if _is_wanted(machine, ask)]
    shown = found[(page - 1) * limit : page * limit]
    return Answer(body={"count": len(found), "servers": [machine.document() for machine in shown]})


def _is_wanted(machine: Machine, ask: Ask) -> bool:
    query = ask.query
    return (
        query.get("name", "") in machine.name
        and query.get("status", machine.status) == machine.status
        and query.get("flavor", machine.flavor) == machine.flavor
        and query.get("ip", "") in str(machine.addresses[0]["addr"])
    )


def power(world: World, ask: Ask) -> Answer:
    """`POST /cloudservers/action`: `os-stop` (SOFT or HARD) or `os-start` for up to 1,000 servers."""
    match ask.body:
        case None:
            return refuse("Common.0002")
        case {"os-stop": {"servers": [_, *_] as servers, **rest}} if rest.get("type", "SOFT") in (
            "SOFT",
            "HARD",
        ):
            verb = "hard-stop" if rest.get("type") == "HARD" else "soft-stop"
        case {"os-start": {"servers": [_, *_] as servers}}:
            verb = "start"
        case _:
            return refuse("Ecs.0005")
    machines = _find_machines(ask, servers)
    return machines if isinstance(machines, Answer) else accepted(_begin(world, ask, verb, machines).id)


def _find_machines(ask: Ask, servers: list[object]) -> list[Machine] | Answer:
    """All of them, or the refusal of the first that can't be had: a batch is not half accepted."""
    machines = []
    if len(servers) > LARGEST_BATCH:
        return refuse("Ecs.0005")
    for server in servers:
        match server:
            case {"id": str(machine_id)}:
                machine = find_machine(ask, machine_id)
            case _:
                return refuse("Ecs.0005")
        if isinstance(machine, Answer):
            return machine
        if machine.locked:
            return refuse("Ecs.0605")
        machines.append(machine)
    return machines


def _begin(world: World, ask: Ask, verb: str, machines: list[Machine]) -> Job:
    seconds = world.pace.start_seconds if verb == "start" else world.pace.stop_seconds
    word = "Start" if verb == "start" else "Stop"
    parts = [Work(job_type=f"{word}Server", entities={"server_id": machine.id}) for machine in machines]
    work = Work(job_type=f"batch{word}Server", parts=parts)
    job = world.start_job(ask.project, work, seconds=seconds, on_end=_nothing, fate=ask.fate)
    job.counts_sub_jobs = True
    for machine, part in zip(machines, job.sub_jobs, strict=True):
        _operate(world, ask, verb, machine, part)
        if part.ends is Ends.FAIL:
            job.fail("Ecs.0611", "Batch operation failed.")
        if part.ends_at is None:
            job.ends_at = None
    if ask.fate.ends is not Ends.VANISHES:
        ask.project.ecs_jobs[job.id] = job
    return job


def _nothing(at: datetime, job: Job) -> None:
    """The job as a whole changes nothing: its parts do."""


def _operate(world: World, ask: Ask, verb: str, machine: Machine, part: Job) -> None:
    """Starting what is on, or stopping what is off, changes nothing; whether it fails is undocumented."""
    wanted = "ACTIVE" if verb == "start" else "SHUTOFF"
    ask.project.record_deed(machine, "start" if verb == "start" else "stop", ask.caller.user.id)
    if machine.status == wanted:
        if world.quirks.idle_power_fails:
            part.fail("Ecs.0611", f"The server is already {wanted}.")
        return
    if verb == "start" and machine.frozen:
        part.fail("Ecs.0226", "Failed to start: the server is frozen.")
    if verb == "soft-stop" and machine.soft_stop == SoftStop.FAILS:
        part.fail("Ecs.0611", "The guest did not shut down in time.")
    if verb == "soft-stop" and machine.soft_stop == SoftStop.HANGS:
        part.ends_at = None
    machine.task_state = "powering-on" if verb == "start" else "powering-off"
    if part.ends_at is not None:
        reached = machine.status if part.ends is Ends.FAIL else wanted
        world.timeline.schedule(part.ends_at, lambda at: _arrive(machine, reached, at))


def _arrive(machine: Machine, status: str, at: datetime) -> None:
    if machine.deleted:
        return
    machine.status, machine.task_state = status, None
    if status == "ACTIVE":
        machine.launched_at = machine.launched_at or at


def show_job(world: World, ask: Ask) -> Answer:
    """A job of SDRS is unknown here."""
    job = ask.project.ecs_jobs.get(ask.ids["job"])
    return Answer(body=job.document(ask.now)) if job else refuse_job_query()


def list_deeds(world: World, ask: Ask) -> Answer:
    """`os-instance-actions`, newest first: a DR server that was never started has no `start`."""
    machine = find_machine(ask, ask.ids["server"])
    if isinstance(machine, Answer):
        return machine
    deeds = [deed.document(machine.id) for deed in reversed(machine.deeds)]
    return Answer(body={"instanceActions": deeds})


def read_password(world: World, ask: Ask) -> Answer:
    """Works like the real one, and writes down that somebody asked."""
    machine = find_machine(ask, ask.ids["server"])
    if isinstance(machine, Answer):
        return machine
    ask.project.password_reads.append(machine.id)
    return Answer(body={"password": machine.password if machine.launched_at else ""})


def list_images(world: World, ask: Ask) -> Answer:
    """IMS `GET /v2/cloudimages?id=`. A deleted image is simply not in the list."""
    query, limit = ask.query, ask.query.get("limit", "")
    images = [
        image.document()
        for image in ask.project.images.values()
        if query.get("id", image.id) == image.id
        and query.get("name", image.name) == image.name
        and query.get("__imagetype", image.imagetype) == image.imagetype
    ]
    return Answer(body={"images": images[: int(limit) if limit.isdecimal() else None]})
