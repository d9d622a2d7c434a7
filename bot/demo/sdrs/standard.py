"""A small project to play with: what the demo and `simulate sdrs` show."""

from bot.demo.sdrs.clock import Pace
from bot.demo.sdrs.cloud import SimulatedCloud
from bot.demo.sdrs.identity import DEFAULT_DOMAIN, TENANT_GUEST
from bot.demo.sdrs.inventory import OS, Server
from bot.demo.sdrs.project import Project

PASSWORD = "only-for-the-simulator"


def add_standard_groups(project: Project) -> None:
    """Four groups: every kind of login guidance, a failback, one still copying, one unprotected."""
    project.add_group(
        "pg-erp",
        description="ERP: database, application, web",
        servers=[
            Server(name="erp-db", credential="key-pair", wave=1, disks=2),
            Server(name="erp-app", os=OS.WINDOWS, credential="key-pair", wave=2, cloudbase_init=True),
            Server(name="erp-report", os=OS.WINDOWS, wave=2, cloudbase_init=False),
            Server(name="erp-web", wave=3),
            Server(name="erp-cache", os=OS.COREOS, wave=3),
        ],
        last_drill_days_ago=20,
    )
    project.add_group(
        "pg-crm",
        description="CRM",
        servers=[
            Server(name="crm-db", wave=1),
            Server(name="crm-app", os=OS.WINDOWS, wave=2, cloudbase_init=True),
        ],
        priority_station="target",
        last_drill_days_ago=200,
    )
    intranet = project.add_group("pg-intranet", servers=[Server(name="intranet-web", os=OS.WINDOWS)])
    intranet.pairs[0].progress, intranet.pairs[0].replication_status = 97, "copying"
    project.add_group("pg-lab", status="available", servers=[Server(name="lab-1", credential="key-pair")])


async def standalone(port: int = 0, pace: Pace | None = None, plain_groups: int = 0) -> SimulatedCloud:
    """A started cloud with the standard project, one operator and one user who may only read.

    `plain_groups` adds that many groups of one server each, to see how lists of any length behave.
    """
    cloud = SimulatedCloud(pace=pace)
    project = cloud.add_project("eu-de")
    project.add_groups(plain_groups)
    add_standard_groups(project)
    cloud.add_user("drbot", password=PASSWORD)
    cloud.add_user("auditor", password=PASSWORD, roles={TENANT_GUEST})
    await cloud.start(port)
    return cloud


def describe(cloud: SimulatedCloud) -> dict[str, str]:
    """What a person must know to use the first project as the first user."""
    project = next(iter(cloud.world.projects.values()))
    user = cloud.world.registry.users[0]
    return {
        "address": cloud.url,
        "iam": f"{cloud.iam_url}/v3",
        "sdrs": cloud.sdrs_url,
        "ecs": cloud.ecs_url,
        "ims": cloud.ims_url,
        "domain": DEFAULT_DOMAIN,
        "project": project.name,
        "project_id": project.id,
        "user": user.name,
        "password": user.password,
        "access_key": user.access_key,
        "secret_key": user.secret_key,
    }
