"""The control surface under `/_/` for other processes: calls, faults, state, and the clock."""

from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from bot.demo.sdrs.faults import Fault, Rule
from bot.demo.sdrs.group import Group
from bot.demo.sdrs.inventory import Document, Instance, Machine, Pair
from bot.demo.sdrs.project import Project
from bot.demo.sdrs.services import parse_body
from bot.demo.sdrs.world import Quirks

if TYPE_CHECKING:
    from bot.demo.sdrs.front import Call, Front

_PLAIN = (str, int, float, dict, type(None))
_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)


def add_control_routes(app: web.Application, front: "Front") -> None:
    surface = Surface(front)
    app.router.add_get("/_/calls", surface.list_calls)
    app.router.add_get("/_/faults", surface.list_faults)
    app.router.add_post("/_/faults", surface.add_fault)
    app.router.add_delete("/_/faults/{id}", surface.remove_fault)
    app.router.add_get("/_/state", surface.show_state)
    app.router.add_post("/_/advance", surface.advance)
    app.router.add_patch("/_/things/{id}", surface.change)
    app.router.add_delete("/_/things/{id}", surface.delete)
    app.router.add_patch("/_/quirks", surface.change_quirks)


class Surface:
    """Nothing here is a service of the cloud: it is not authenticated, not recorded, and never faulty."""

    def __init__(self, front: "Front") -> None:
        self._front = front

    async def list_calls(self, request: web.Request) -> web.Response:
        """`?since=12` leaves out the first twelve."""
        said = request.query.get("since", "0")
        since = int(said) if said.isdecimal() else 0
        calls = list(self._front.calls)
        return web.json_response({"count": len(calls), "calls": [_call_document(one) for one in calls[since:]]})

    async def list_faults(self, request: web.Request) -> web.Response:
        rules = self._front.faults.rules.values()
        return web.json_response({"faults": [_rule_document(rule) for rule in rules]})

    async def add_fault(self, request: web.Request) -> web.Response:
        """The fields of `Fault`, with `fate` as an object. 201 with the id, 400 with what is wrong."""
        try:
            fault = _FAULT.validate_json(await request.read())
        except ValidationError as error:
            return web.json_response(
                {"error": error.errors(include_url=False, include_input=False, include_context=False)}, status=400
            )
        rule = self._front.faults.add(fault)
        return web.json_response(_rule_document(rule), status=201)

    async def remove_fault(self, request: web.Request) -> web.Response:
        rule = self._front.faults.rules.get(request.match_info["id"])
        if rule is None:
            return web.json_response({"error": "no such fault"}, status=404)
        rule.remove()
        return web.json_response(_rule_document(rule))

    async def show_state(self, request: web.Request) -> web.Response:
        world = self._front.world
        world.settle()
        projects = [_project_document(project) for project in world.projects.values()]
        return web.json_response({"now": world.clock.now().isoformat(), "projects": projects})

    async def advance(self, request: web.Request) -> web.Response:
        """`{"seconds": 3600}`; negative seconds are refused, time doesn't run back."""
        said = parse_body(await request.read())
        seconds = said.get("seconds") if isinstance(said, dict) else None
        if not isinstance(seconds, int | float) or seconds < 0:
            return web.json_response({"error": "seconds must be a number from 0"}, status=400)
        self._front.world.clock.advance(seconds)
        return web.json_response({"now": self._front.world.settle().isoformat()})

    async def change(self, request: web.Request) -> web.Response:
        """`PATCH /_/things/{id of a group, instance, pair or server}` with plain fields to set."""
        thing = _find_thing(list(self._front.world.projects.values()), request.match_info["id"])
        said = parse_body(await request.read())
        if thing is None:
            return web.json_response({"error": "no such thing"}, status=404)
        return _set_fields(thing, said) or web.json_response(thing.document())

    async def delete(self, request: web.Request) -> web.Response:
        """`DELETE /_/things/{id of a group or server}`, as if somebody had done it in the console."""
        for project in self._front.world.projects.values():
            if group := project.groups.get(request.match_info["id"]):
                project.delete_group(group)
                return web.json_response(group.document())
            if machine := project.machines.get(request.match_info["id"]):
                project.delete_machine(machine)
                return web.json_response(machine.document())
        return web.json_response({"error": "no such group or server"}, status=404)

    async def change_quirks(self, request: web.Request) -> web.Response:
        """`PATCH /_/quirks` with fields of `Quirks`; the answer has all of them."""
        quirks = self._front.world.quirks
        return _set_fields(quirks, parse_body(await request.read())) or web.json_response(asdict(quirks))


def _set_fields(thing: Group | Instance | Pair | Machine | Quirks, said: object) -> web.Response | None:
    """Set plain fields; a 400 that names them when the body has others."""
    known = {field.name for field in fields(thing) if isinstance(getattr(thing, field.name), _PLAIN)}
    if not isinstance(said, dict) or not said.keys() <= known:
        return web.json_response({"error": f"fields are {sorted(known)}"}, status=400)
    for name, value in said.items():
        setattr(thing, name, value)
    return None


def _find_thing(projects: list[Project], thing_id: str) -> Group | Instance | Pair | Machine | None:
    for project in projects:
        for kept in (project.groups, project.instances, project.pairs, project.machines):
            if thing := kept.get(thing_id):
                return thing
    return None


def _call_document(call: "Call") -> Document:
    return asdict(call) | {"at": call.at.isoformat()}


def _rule_document(rule: Rule) -> Document:
    return {"id": rule.id, "hits": rule.hits, "matches": rule.matches, "fault": asdict(rule.fault)}


def _project_document(project: Project) -> Document:
    return {
        "id": project.id,
        "name": project.name,
        "groups": [_group_document(group) for group in project.groups.values()],
        "password_reads": project.password_reads,
    }


def _group_document(group: Group) -> Document:
    return {
        "id": group.id,
        "name": group.name,
        "status": group.status,
        "priority_station": group.priority_station,
        "production": [_machine_document(machine) for machine in group.production_machines()],
        "standby": [_machine_document(machine) for machine in group.standby_machines()],
    }


def _machine_document(machine: Machine) -> Document:
    return {
        "id": machine.id,
        "name": machine.name,
        "zone": machine.zone,
        "status": machine.status,
        "task_state": machine.task_state,
    }
