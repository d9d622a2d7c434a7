"""From a raw request to an answer: which service, who asks, for which project, with which role."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, unquote

from bot.demo.sdrs import iam, protection
from bot.demo.sdrs.access import identify
from bot.demo.sdrs.fates import PLAIN, JobFate
from bot.demo.sdrs.iam_keys import create_temporary_key
from bot.demo.sdrs.identity import Caller
from bot.demo.sdrs.project import Project
from bot.demo.sdrs.routes import (
    ECS,
    IMS,
    SDRS,
    Route,
    ecs_role_refusal,
    find_route,
    ims_role_refusal,
    sdrs_role_refusal,
)
from bot.demo.sdrs.signature import Sent
from bot.demo.sdrs.wire import Answer, Ask, gateway, refuse
from bot.demo.sdrs.world import World


@dataclass(slots=True, kw_only=True)
class Visit:
    """A request on its way through: what was sent, and what became known about it."""

    sent: Sent
    at: datetime
    body: object = None
    fate: JobFate = PLAIN
    caller: Caller | None = None

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.sent.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    name: str
    routes: list[Route]
    role_refusal: Callable[[Caller, str], Answer | None]
    wrong_project: Answer


SERVICES = {
    "sdrs": Service(name="sdrs", routes=SDRS, role_refusal=sdrs_role_refusal, wrong_project=refuse("SDRS.0001")),
    "ecs": Service(name="ecs", routes=ECS, role_refusal=ecs_role_refusal, wrong_project=refuse("Common.0018")),
    "ims": Service(
        name="ims",
        routes=IMS,
        role_refusal=ims_role_refusal,
        wrong_project=gateway(403, "APIGW.0306", "API access denied."),
    ),
}


def split_service(path: str) -> tuple[str, str]:
    """`/ecs/v1/…` belongs to ECS; at the root `/v3` is IAM and the rest is SDRS."""
    first, _, rest = path[1:].partition("/")
    if first in ("iam", *SERVICES):
        return first, f"/{rest}"
    return ("iam" if first.startswith("v3") else "sdrs"), path


def parse_body(raw: bytes) -> object:
    """JSON, or the text that is not JSON, which no handler will understand; None for nothing."""
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")


def answer(world: World, visit: Visit) -> Answer:
    name, path = split_service(visit.sent.path)
    if name == "iam":
        return _answer_iam(world, visit, path.rstrip("/"))
    if name == "sdrs" and path in ("/", "/v1", "/v1/"):
        document = protection.version_document(world.base_url)
        return Answer(body={"versions": [document]} if path == "/" else {"version": document})
    return _answer_service(world, visit, SERVICES[name], path)


def _answer_service(world: World, visit: Visit, service: Service, path: str) -> Answer:
    found = find_route(service.routes, visit.sent.method, path)
    if isinstance(found, Answer):
        return found
    handler, ids = found
    caller = _identify(world, visit)
    if isinstance(caller, Answer):
        return caller
    ids = {name: unquote(value) for name, value in ids.items()}
    project = _project_of(world, caller, ids.get("project"))
    if project is None:
        return service.wrong_project
    if refusal := service.role_refusal(caller, visit.sent.method):
        return refusal
    ask = Ask(
        caller=caller,
        project=project,
        now=visit.at,
        ids=ids,
        query=visit.query,
        body=visit.body,
        fate=visit.fate,
    )
    return handler(world, ask)


def _identify(world: World, visit: Visit) -> Caller | Answer:
    caller = identify(world.registry, visit.sent, visit.at)
    if isinstance(caller, Caller):
        visit.caller = caller
    return caller


def _project_of(world: World, caller: Caller, named: str | None) -> Project | None:
    """A token counts in its project; a signature names one by X-Project-Id, or means a main project."""
    project = world.projects.get(named or caller.project_id or "")
    if project is None or project.domain != caller.domain:
        return None
    if caller.project_id is None:
        return project if caller.signed and "_" not in project.name else None
    return project if caller.project_id == project.id else None


def _answer_iam(world: World, visit: Visit, path: str) -> Answer:
    line = f"{visit.sent.method} {path}"
    if line in ("GET ", "GET /v3"):
        version = iam.version_document(world)
        return (
            Answer(body={"version": version}) if path else Answer(status=300, body={"versions": {"values": [version]}})
        )
    caller = _identify(world, visit)
    known = caller if isinstance(caller, Caller) else None
    if line == "POST /v3/auth/tokens":
        with_catalog = not visit.query.get("nocatalog")
        ask = iam.TokenAsk(body=visit.body, now=visit.at, caller=known, with_catalog=with_catalog)
        return iam.create_token(world, ask)
    if line == "POST /v3.0/OS-CREDENTIAL/securitytokens":
        return create_temporary_key(world, known, visit.body, visit.at)
    return caller if isinstance(caller, Answer) else _answer_known(world, visit, caller, line)


def _answer_known(world: World, visit: Visit, caller: Caller, line: str) -> Answer:
    match line:
        case "GET /v3/projects" | "GET /v3/auth/projects":
            return iam.list_projects(world, caller, visit.query.get("name"))
        case "GET /v3/auth/domains":
            return iam.list_domains(caller)
        case "GET /v3/auth/catalog":
            project = world.projects.get(caller.project_id or "")
            return Answer(body={"catalog": iam.catalog(world, project), "links": {}})
        case "GET /v3/auth/tokens":
            return iam.show_token(world, visit.sent.headers.get("x-subject-token", ""), visit.at)
    return gateway(404, "APIGW.0101", "The API does not exist or has not been published in the environment")
