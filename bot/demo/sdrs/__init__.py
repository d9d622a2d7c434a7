"""A simulated Open Telekom Cloud: IAM, SDRS, ECS and IMS in one aiohttp application on loopback.

It is written from the published API reference alone and shares no code with the bot's own client, so that
each can catch a misreading of the other. It refuses what the real cloud refuses, runs jobs over time, and
fails on demand.

    cloud = SimulatedCloud(seed=7, pace=Pace(reverse_seconds=3))
    project = cloud.add_project("eu-de")
    user = cloud.add_user("drbot", password="…")          # also user.access_key, user.secret_key
    group = project.add_group("pg-erp", servers=[Server(name="erp-db", wave=1)])
    async with cloud:                                     # or await cloud.start(port=0) … await cloud.stop()
        cloud.faults.add(Fault(match="POST .*/action", drop="after_accepting", times=1))
        …
        cloud.reversals()[group.id].accepted              # what the outside saw

Addresses: `/iam/v3`, `/sdrs/v1/{project}`, `/ecs/v1/{project}`, `/ecs/v2.1/{project}`, `/ims/v2`; at the
root also IAM (`/v3`) and SDRS (`/v1/{project}`) for clients that know one address only.

Over HTTP, for other processes, without authentication:

    GET    /_/calls?since=0     {"count", "calls": [{at, service, method, path, query, body, status, user,
                                project, job_id}]}
    GET    /_/faults            {"faults": [{id, hits, matches, fault}]}
    POST   /_/faults            the fields of `Fault` as JSON -> 201 {id, …}; 400 names the wrong field
    DELETE /_/faults/{id}       takes a fault away
    GET    /_/state             projects, groups, and the servers at either site
    POST   /_/advance           {"seconds": 60} pushes the cloud's clock
    PATCH  /_/things/{id}       sets fields of a group, instance, pair or server: {"progress": 97}
    DELETE /_/things/{id}       deletes a group or a server
    PATCH  /_/quirks            sets fields of `Quirks`: {"server_ids_swap": true}
"""

from bot.demo.sdrs.clock import Pace
from bot.demo.sdrs.cloud import Reversals, SimulatedCloud
from bot.demo.sdrs.fates import Ends, JobFate, Leaves
from bot.demo.sdrs.faults import (
    Fault,
    Rule,
    bad_gateway,
    expired_token,
    throttled,
    throttled_as_accepted,
)
from bot.demo.sdrs.front import Call
from bot.demo.sdrs.group import Drill, FailedTask, Group
from bot.demo.sdrs.identity import (
    AGENT_OPERATOR,
    DEFAULT_DOMAIN,
    OPERATOR_ROLES,
    SDRS_ADMINISTRATOR,
    SERVER_ADMINISTRATOR,
    TENANT_GUEST,
    User,
)
from bot.demo.sdrs.inventory import OS, Instance, Machine, Pair, Server, SoftStop, Station
from bot.demo.sdrs.project import Project
from bot.demo.sdrs.standard import add_standard_groups, describe, standalone
from bot.demo.sdrs.world import Quirks

__all__ = [
    "AGENT_OPERATOR",
    "DEFAULT_DOMAIN",
    "OPERATOR_ROLES",
    "OS",
    "SDRS_ADMINISTRATOR",
    "SERVER_ADMINISTRATOR",
    "TENANT_GUEST",
    "Call",
    "Drill",
    "Ends",
    "FailedTask",
    "Fault",
    "Group",
    "Instance",
    "JobFate",
    "Leaves",
    "Machine",
    "Pace",
    "Pair",
    "Project",
    "Quirks",
    "Reversals",
    "Rule",
    "Server",
    "SimulatedCloud",
    "SoftStop",
    "Station",
    "User",
    "add_standard_groups",
    "bad_gateway",
    "describe",
    "expired_token",
    "standalone",
    "throttled",
    "throttled_as_accepted",
]
