"""The cloud for one command: opened from the same variables as the bot's, and a group found by what people call it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.clock import SystemClock
from bot.cloud.client import Limits
from bot.cloud.gateway import CloudGateway
from bot.cloud.identity import discover_from
from bot.cloud.transport import Retries
from bot.domain.facts import Group, ProjectAlias

MOST_NAMED = 10


class CloudProblems(Exception):
    """The cloud or the group can't be used; `sentences` say why."""

    def __init__(self, *sentences: str) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


@asynccontextmanager
async def opened_cloud() -> AsyncIterator[CloudGateway]:
    """CloudProblems when nothing usable is configured. Somebody waits for it: it gives up sooner than the bot does."""
    found = discover_from(os.environ)
    if found.problems:
        raise CloudProblems(*found.problems)
    limits = Limits(connect_seconds=3, read_seconds=15, total_seconds=20)
    cloud = CloudGateway(found.accesses, clock=SystemClock(), limits=limits, retries=Retries(attempts=2))
    try:
        yield cloud
    finally:
        await cloud.aclose()


def chosen_project(cloud: CloudGateway, project: str) -> ProjectAlias:
    """The named one, or the only one."""
    known = ", ".join(cloud.projects)
    if project and project not in cloud.projects:
        raise CloudProblems(f"There is no project {project}. Configured: {known}.")
    if not project and len(cloud.projects) > 1:
        raise CloudProblems(f"Several projects are configured: {known}. Name one with --project.")
    return ProjectAlias(project) if project else cloud.projects[0]


async def find_group(cloud: CloudGateway, text: str, project: str) -> Group:
    """By id or by exact name. CloudProblems lists what comes near."""
    alias = chosen_project(cloud, project)
    catalogue = await cloud.search(alias, text)
    if not catalogue.groups and catalogue.stale_reason:
        cure = "Nothing was changed. `failover-bot doctor` says what is wrong with the cloud, and the cure."
        raise CloudProblems(catalogue.stale_reason, cure)
    exact = [group for group in catalogue.groups if text in (group.name, group.id)]
    if len(exact) == 1:
        return exact[0]
    near = exact or catalogue.groups
    listed = ", ".join(f"{group.name} ({group.id})" for group in near[:MOST_NAMED])
    if exact:
        raise CloudProblems(f"{len(exact)} groups are named “{text}”: {listed}. Name the one that is meant by its id.")
    raise CloudProblems(f"No group is named “{text}” in {alias}." + (f" There are: {listed}." if listed else ""))
