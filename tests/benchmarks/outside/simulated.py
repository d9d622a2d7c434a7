"""The simulated cloud in a process of its own: `… outside.simulated GROUPS SERVERS_EACH ON_OR_OFF`.

Says `ready` and the facts with which it is used, as JSON; its control surface is under `/_/`.
"""

from __future__ import annotations

import asyncio
import json
import sys

import uvloop

from bot.demo.sdrs import Pace, Server, SimulatedCloud, describe
from tests.benchmarks.children import say_ready

PACE = Pace(reverse_seconds=3600, stop_seconds=0.1, start_seconds=0.1)


async def main(groups: int, servers: int, is_on: bool) -> None:
    cloud = SimulatedCloud(pace=PACE)
    project = cloud.add_project("eu-de")
    for number in range(groups):
        names = [f"s-{number:05d}-{one}" for one in range(servers)]
        project.add_group(
            f"pg-{number:05d}",
            servers=[Server(name=name, running=is_on) for name in names],
            last_drill_days_ago=20,
        )
    cloud.add_user("drbot", password="only-for-the-benchmark")
    await cloud.start()
    say_ready(json.dumps({**describe(cloud), "groups": [group.id for group in project.groups.values()]}))
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "on"))
