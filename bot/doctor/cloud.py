"""The cloud, project by project: sign-in, services, rights, expiry; and the groups, for where the bot itself stands."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from bot.cloud.checkup import Health
from bot.cloud.client import Limits
from bot.cloud.gateway import CloudGateway
from bot.cloud.identity import discover_from
from bot.cloud.transport import Retries
from bot.doctor.report import Area, Result, Results, failed, warned, well
from bot.domain.facts import Group, ProjectAlias
from bot.ports import Clock

MOST_GROUPS = 100_000
# Parts of the names that roles have on Open Telekom Cloud and Huawei Cloud, shown or internal, by what they permit.
ALL_RIGHTS = ("tenant administrator", "te_admin")
NEEDED_RIGHTS = {"reverse groups": ("sdrs",), "stop and start servers": ("server adm", "server_adm", "ecs")}
NEEDED_ROLES = "Give the bot's user SDRS Administrator, Server Administrator and Tenant Guest in this project."
LIMITS = Limits(connect_seconds=4, read_seconds=15, total_seconds=18)


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudLook:
    """`groups` are None when those of some project could not be read."""

    results: Results
    groups: tuple[Group, ...] | None = None
    secrets: tuple[str, ...] = ()


async def examine_cloud(environ: Mapping[str, str], clock: Clock) -> CloudLook:
    found = discover_from(environ)
    if found.problems:
        cure = "Set it in the environment of the bot, or in the clouds.yaml that OS_CLOUD names."
        return CloudLook(results=tuple(failed(Area.CLOUD, "settings", sentence, cure) for sentence in found.problems))
    cloud = CloudGateway(found.accesses, clock=clock, limits=LIMITS, retries=Retries(attempts=1))
    try:  # all at once: a project that does not answer must not use up the time of the others
        examined = await asyncio.gather(*(_project(cloud, project) for project in cloud.projects))
    finally:
        await cloud.aclose()
    results = [result for found_there, _ in examined for result in found_there]
    lists = [groups for _, groups in examined if groups is not None]
    groups = tuple(group for groups in lists for group in groups) if len(lists) == len(examined) else None
    secrets = tuple(secret for access in found.accesses for secret in access.secrets())
    return CloudLook(results=tuple(results), groups=groups, secrets=secrets)


async def _project(cloud: CloudGateway, project: ProjectAlias) -> tuple[list[Result], tuple[Group, ...] | None]:
    examined = await cloud.examine(project)
    results = [
        Result(
            area=Area.CLOUD,
            name=f"{project}: {one.name}",
            health=one.health,
            sentence=one.sentence,
            cure=one.cure,
            milliseconds=one.milliseconds,
        )
        for one in examined
    ]
    is_in = all(one.health is not Health.FAILED for one in examined if one.name == "sign-in")
    token = cloud.session(project).token
    if not is_in:
        return results, None
    catalogue = await cloud.search(project, "", limit=MOST_GROUPS)
    rights = _rights(project, token.roles if token else None)
    return [*results, *rights], catalogue.groups if catalogue.read_at else None


def _rights(project: ProjectAlias, roles: tuple[str, ...] | None) -> Results:
    """Orders can't be tried harmlessly, so the token's own list of roles is read; an access key (None) brings none."""
    if roles is None:
        sentence = "An access key does not tell its user's roles, so it is not known whether the bot may give orders."
        return (warned(Area.CLOUD, f"{project}: rights", sentence, f"See in the console. {NEEDED_ROLES}"),)
    name, held = f"{project}: rights", [role.lower() for role in roles]
    missing = [
        what
        for what, words in NEEDED_RIGHTS.items()
        if not any(word in role for role in held for word in (*words, *ALL_RIGHTS))
    ]
    if not missing:
        return (well(Area.CLOUD, name, f"The user's roles are {', '.join(roles)}."),)
    sentence = f"None of the user's roles ({', '.join(roles) or 'none'}) is known to let it {' or '.join(missing)}."
    return (warned(Area.CLOUD, name, sentence, NEEDED_ROLES),)
