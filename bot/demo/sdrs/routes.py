"""Which path of which service is answered by whom, and which roles it asks for."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.demo.sdrs import actions, ecs, protection, tasks
from bot.demo.sdrs.identity import SDRS_ADMINISTRATOR, SERVER_ADMINISTRATOR, TENANT_GUEST, Caller
from bot.demo.sdrs.wire import Answer, Ask, gateway, refuse
from bot.demo.sdrs.world import World

Handler = Callable[[World, Ask], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler


def _routes(table: dict[str, Handler]) -> list[Route]:
    """`"GET /v1/{project}/jobs/{job}": handler`; a name in braces is one segment."""
    routes = []
    for line, handler in table.items():
        method, template = line.split()
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template.replace(".", r"\.")))
        routes.append(Route(method=method, pattern=pattern, handler=handler))
    return routes


_GROUPS = "/v1/{project}/server-groups"
_TASKS = "/v1/{project}/task-center"
_DRILLS = "/v1/{project}/disaster-recovery-drills"

SDRS = _routes(
    {
        "GET /v1/{project}/jobs/{job}": protection.show_job,
        f"GET {_GROUPS}": protection.list_groups,
        f"GET {_GROUPS}/{{group}}": protection.show_group,
        f"POST {_GROUPS}/{{group}}/action": actions.act,
        "GET /v1/{project}/protected-instances": protection.list_instances,
        "GET /v1/{project}/protected-instances/{instance}": protection.show_instance,
        "GET /v1/{project}/replications": protection.list_pairs,
        "GET /v1/{project}/replications/{pair}": protection.show_pair,
        f"GET {_TASKS}/failure-jobs": tasks.list_failed_tasks,
        f"DELETE {_TASKS}/failure-jobs/batch": tasks.delete_failed_tasks_of_groups,
        f"DELETE {_TASKS}/failure-jobs/{{job}}": tasks.delete_failed_task,
        f"DELETE {_TASKS}/{{group}}/failure-jobs/batch": tasks.delete_failed_tasks_of_group,
        f"GET {_DRILLS}": tasks.list_drills,
        f"POST {_DRILLS}": tasks.create_drill,
        f"GET {_DRILLS}/{{drill}}": tasks.show_drill,
        f"DELETE {_DRILLS}/{{drill}}": tasks.delete_drill,
        "GET /v1/{project}/active-domains": protection.list_domains,
        "GET /v1/{project}/sdrs/quotas": protection.show_quotas,
    }
)
ECS = _routes(
    {
        "GET /v1/{project}/jobs/{job}": ecs.show_job,
        "GET /v1/{project}/cloudservers/detail": ecs.list_machines,
        "POST /v1/{project}/cloudservers/action": ecs.power,
        "GET /v1/{project}/cloudservers/{server}": ecs.show_machine,
        "GET /v1/{project}/cloudservers/{server}/os-server-password": ecs.read_password,
        "GET /v2/{project}/servers/{server}/os-instance-actions": ecs.list_deeds,
        "GET /v2.1/{project}/servers/{server}/os-instance-actions": ecs.list_deeds,
        "GET /v2.1/{project}/servers/{server}/os-server-password": ecs.read_password,
    }
)
IMS = _routes({"GET /v2/cloudimages": ecs.list_images})


def find_route(routes: list[Route], method: str, path: str) -> tuple[Handler, dict[str, str]] | Answer:
    """The handler and the ids in the path; APIGW.0101 when nobody publishes it."""
    for route in routes:
        if route.method == method and (found := route.pattern.fullmatch(path)):
            return route.handler, found.groupdict()
    return gateway(404, "APIGW.0101", "The API does not exist or has not been published in the environment")


def sdrs_role_refusal(caller: Caller, method: str) -> Answer | None:
    """SDRS Administrator counts only together with Tenant Guest and Server Administrator."""
    if method == "GET":
        may_read = {SDRS_ADMINISTRATOR, TENANT_GUEST} & caller.roles
        return None if may_read else refuse("SDRS.0003")
    if SDRS_ADMINISTRATOR not in caller.roles:
        return refuse("SDRS.0005")
    return None if {SERVER_ADMINISTRATOR, TENANT_GUEST} <= caller.roles else refuse("SDRS.0003")


def ecs_role_refusal(caller: Caller, method: str) -> Answer | None:
    wanted = {SERVER_ADMINISTRATOR, TENANT_GUEST} if method == "GET" else {SERVER_ADMINISTRATOR}
    return None if wanted & caller.roles else refuse("Ecs.0003")


def ims_role_refusal(caller: Caller, method: str) -> Answer | None:
    return None if caller.roles else gateway(403, "APIGW.0306", "API access denied.")
