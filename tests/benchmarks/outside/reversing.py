"""The simulated cloud with reversals under way, some of which end one after the other: `… GROUPS ENDS AFTER SPACING`.

The first ENDS jobs end from AFTER seconds on, one each SPACING seconds; the others last an hour. Says `ready` and how
the cloud is used, with each group's id and name, its job and the moment of its end.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace

import aiohttp
import uvloop

from bot.demo.sdrs import Pace, Server, SimulatedCloud, describe
from tests.benchmarks.children import say_ready
from tests.benchmarks.limits.approve import signed_in

HOUR = 3600.0


async def main(groups: int, ends: int, after: float, spacing: float) -> None:
    cloud = SimulatedCloud(pace=Pace(reverse_seconds=HOUR))
    project = cloud.add_project("eu-de")
    for number in range(groups):
        server = Server(name=f"s-{number:05d}", running=False)
        project.add_group(f"pg-{number:05d}", servers=[server], last_drill_days_ago=20)
    cloud.add_user("drbot", password="only-for-the-benchmark")
    await cloud.start()
    facts = describe(cloud)
    begun = asyncio.get_running_loop().time()
    async with aiohttp.ClientSession() as session:
        headers = {"X-Auth-Token": (await signed_in(session, facts))[0]}
        for number, group_id in enumerate(project.groups):
            passed = asyncio.get_running_loop().time() - begun
            seconds = after + spacing * number - passed if number < ends else HOUR
            cloud.world.pace = replace(cloud.world.pace, reverse_seconds=seconds)
            url = f"{facts['sdrs']}/v1/{project.id}/server-groups/{group_id}/action"
            order = {"reverse-server-group": {"priority_station": "target"}}
            async with session.post(url, json=order, headers=headers) as answer:
                answer.raise_for_status()
    runs = [
        [group_id, project.groups[group_id].name, job.id, job.ends_at.timestamp() if job.ends_at else 0.0]
        for group_id, job in zip(project.groups, project.sdrs_jobs.values(), strict=True)
    ]
    say_ready(json.dumps({**facts, "runs": runs}))
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
