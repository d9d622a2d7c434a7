"""The simulated cloud's own answers about one group, recorded once and given for many: `… outside.prepared GROUPS`.

The bytes are those of the simulated cloud with other ids, and a look at them costs next to nothing, so that what is
measured is not the simulator. Says `ready` and the facts with which it is used, as JSON.
`GET /_/posts?since=0` tells which groups were ordered to move, and when.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

import aiohttp
import uvloop

from bot.demo.sdrs import Pace, Server, SimulatedCloud, describe
from tests.benchmarks.children import say_ready
from tests.benchmarks.limits.approve import signed_in
from tests.benchmarks.outside.http import listen, response

LIST = "limit=500&offset=0"
OF_GROUP = ("protected-instances", "replications", "task-center/failure-jobs", "disaster-recovery-drills")
ID = re.compile(rb"(?<=-)[0-9a-f]{12}(?![0-9a-f])|(?<=/jobs/ff808082[0-9a-f]{12})[0-9a-f]{12}")
MARK = b"@" * 12


def marked(text: bytes, ids: tuple[bytes, ...]) -> bytes:
    """With a mark where the number of a group stands in an id: its last twelve digits."""
    for one in ids:
        text = text.replace(one, one[:-12] + MARK)
    return text


class PreparedCloud:
    """`told` holds the answers by path, both with a mark for the number."""

    def __init__(self, told: dict[bytes, bytes], token: tuple[str, bytes], job_head: bytes) -> None:
        self._told = {path: body.split(MARK) for path, body in told.items()}
        self._token, self._job_head = token, job_head
        self._posts: list[tuple[str, float]] = []

    def answer(self, method: bytes, path: bytes, body: bytes) -> bytes:
        if path.startswith(b"/_/posts"):
            return response(json.dumps(self._posts[int(path.rpartition(b"=")[2]) :]).encode())
        if path.endswith(b"/auth/tokens"):
            return response(self._token[1], status=201, headers=f"X-Subject-Token: {self._token[0]}\r\n" + _said_by())
        if path.endswith(b"/action"):
            return self._ordered(path.split(b"/")[-2])
        number, found = self._found(path)
        if found is None:
            return response(b'{"error": {"code": "APIGW.0101", "message": "not found"}}', status=404)
        return response(number.join(found), headers=_said_by())

    def _found(self, path: bytes) -> tuple[bytes, list[bytes] | None]:
        """The number of a group that stands last in the path, and the answer with gaps for it."""
        ids = list(ID.finditer(path))
        if path in self._told or not ids:
            return b"", self._told.get(path)
        start, end = ids[-1].span()
        return ids[-1][0], self._told.get(path[:start] + MARK + path[end:])

    def _ordered(self, group: bytes) -> bytes:
        self._posts.append((group.decode(), time.time()))
        return response(b'{"job_id": "' + self._job_head + group[-12:] + b'"}', headers=_said_by())


def _said_by() -> str:
    return f"X-Request-ID: c2b4c6680d8747818fab1302828663c2\r\nDate: {formatdate(usegmt=True)}\r\n"


class Recorder:
    """Asks the simulated cloud what the bot and the limits ask, and keeps the answers by path."""

    def __init__(self, session: aiohttp.ClientSession, facts: Mapping[str, str], token: str) -> None:
        self._session, self._facts = session, facts
        self._headers = {"X-Auth-Token": token}
        self.told: dict[bytes, bytes] = {}

    async def get(self, service: str, path: str) -> Any:
        url = f"{self._facts[service]}/{path.replace('{project}', self._facts['project_id'])}"
        async with self._session.get(url, headers=self._headers) as answer:
            answer.raise_for_status()
            self.told[url.removeprefix(self._facts["address"]).encode()] = await answer.read()
            return await answer.json()

    async def order(self, group_id: str) -> str:
        url = f"{self._facts['sdrs']}/v1/{self._facts['project_id']}/server-groups/{group_id}/action"
        order = {"reverse-server-group": {"priority_station": "target"}}
        async with self._session.post(url, json=order, headers=self._headers) as answer:
            return str((await answer.json())["job_id"])


async def recorded(facts: Mapping[str, str], group_id: str) -> PreparedCloud:
    """All about one group, before its order and after it."""
    async with aiohttp.ClientSession() as session:
        token = await signed_in(session, facts)
        cloud = Recorder(session, facts, token[0])
        root = "v1/{project}"
        lists = [await cloud.get("sdrs", f"{root}/{name}?{LIST}&server_group_id={group_id}") for name in OF_GROUP]
        [instance], [pair] = lists[0]["protected_instances"], lists[1]["replications"]
        group = (await cloud.get("sdrs", f"{root}/server-groups/{group_id}"))["server_group"]
        await cloud.get("sdrs", f"{root}/server-groups?{LIST}&query_type=period_no_dr_drill&name={group['name']}")
        await cloud.get("sdrs", f"{root}/server-groups?{LIST}")
        source, target = instance["source_server"], instance["target_server"]
        await cloud.get("ecs", f"{root}/cloudservers/{target}")
        server = (await cloud.get("ecs", f"{root}/cloudservers/{source}"))["server"]
        await cloud.get("ims", f"v2/cloudimages?id={server['image']['id']}")
        await cloud.get("ecs", f"v2.1/{{project}}/servers/{target}/os-instance-actions")
        await cloud.get("iam", f"projects?name={facts['project']}")
        job_id = await cloud.order(group_id)
        await cloud.get("sdrs", f"{root}/jobs/{job_id}")
    ids = tuple(one.encode() for one in (group_id, instance["id"], pair["id"], source, target, job_id))
    told = {marked(path, ids): marked(body, ids) for path, body in cloud.told.items()}
    return PreparedCloud(told, token, job_id[:-12].encode())


async def main(groups: int) -> None:
    async with SimulatedCloud(pace=Pace(reverse_seconds=3600)) as simulated:
        group = simulated.add_project("eu-de").add_group(
            "pg-00000", servers=[Server(name="s-00000-0", running=False)], last_drill_days_ago=20
        )
        simulated.add_user("drbot", password="only-for-the-benchmark")
        facts = describe(simulated)
        cloud = await recorded(facts, group.id)
    server, port = await listen(cloud.answer)
    there = {name: fact.replace(facts["address"], f"http://127.0.0.1:{port}") for name, fact in facts.items()}
    say_ready(json.dumps({**there, "groups": [f"{group.id[:-12]}{number:012x}" for number in range(groups)]}))
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
