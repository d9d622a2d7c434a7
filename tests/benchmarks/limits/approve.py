"""The least from an approving click to the POST: check the signature, the same commits, one POST.

`… DATABASE CLOUD [SLACK]`: with Slack's address, it also reads the group and the approver as the bot's checks do.

The commits are those that the bot makes on its way: the approval with its order to the engine, the claim of the run,
and its beginning with the fence. Each writes as many rows of about that size. Bare drivers, one connection per writer.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs

import psycopg
import uvloop
from aiohttp import ClientSession, web

from tests.benchmarks.children import say_ready
from tests.benchmarks.outside.slack import SECRET, TOKEN

REQUEST, OTHER = "x" * 3000, "x" * 300
COMMITS = (
    (REQUEST, *[OTHER] * 7),  # the request, its approval, two of the engine, two messages, the audit and its head
    (OTHER,),  # of the engine
    (REQUEST, *[OTHER] * 9),  # the request, its run, the fence, five messages, the audit and its head
)
LOOKS_AFTER = 2  # the approval and the claim; then a run begins with its checks
WRITERS = 16
TABLE = "CREATE TABLE IF NOT EXISTS bench_limit (id INTEGER, step INTEGER, body TEXT)"
Commit = Callable[[int], Awaitable[None]]


async def postgresql(url: str) -> Commit:
    connections: asyncio.Queue[psycopg.AsyncConnection[tuple[object, ...]]] = asyncio.Queue()
    for _ in range(WRITERS):
        connections.put_nowait(await psycopg.AsyncConnection.connect(url))

    async def commit(step: int) -> None:
        connection = await connections.get()
        async with connection.cursor() as cursor:
            await cursor.executemany(
                "INSERT INTO bench_limit VALUES (1, %s, %s)", [(step, row) for row in COMMITS[step]]
            )
        await connection.commit()
        connections.put_nowait(connection)

    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as first:
        await first.execute(TABLE)
    return commit


async def sqlite(file: str) -> Commit:
    """One writer in a thread, with the durability that the bot has."""
    thread = ThreadPoolExecutor(1)

    def opened() -> sqlite3.Connection:
        connection = sqlite3.connect(file, isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(TABLE)
        return connection

    loop = asyncio.get_running_loop()
    connection = await loop.run_in_executor(thread, opened)

    def write(step: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO bench_limit VALUES (1, ?, ?)", [(step, row) for row in COMMITS[step]])
        connection.execute("COMMIT")

    async def commit(step: int) -> None:
        await loop.run_in_executor(thread, write, step)

    return commit


async def signed_in(session: ClientSession, cloud: Mapping[str, str]) -> tuple[str, bytes]:
    """The token and what else the answer says."""
    user = {"name": cloud["user"], "password": cloud["password"], "domain": {"name": cloud["domain"]}}
    identity = {"methods": ["password"], "password": {"user": user}}
    body = {"auth": {"identity": identity, "scope": {"project": {"id": cloud["project_id"]}}}}
    async with session.post(f"{cloud['iam']}/auth/tokens", json=body) as answer:
        return answer.headers["X-Subject-Token"], await answer.read()


class Reads:
    """The calls of one look at a group and its approver, over bare aiohttp: as many at once as depend on nothing."""

    def __init__(
        self, session: ClientSession, cloud: Mapping[str, str], slack: str, headers: Mapping[str, str]
    ) -> None:
        self._session, self._slack, self._headers = session, slack, headers
        self._sdrs, self._ecs = f"{cloud['sdrs']}/v1/{cloud['project_id']}", cloud["ecs"]
        self._project_id = cloud["project_id"]

    async def look(self, group_id: str) -> None:
        of_group = f"?limit=500&offset=0&server_group_id={group_id}"
        lists = ("replications", "task-center/failure-jobs", "disaster-recovery-drills")
        await asyncio.gather(
            self._person(),
            self._get(f"{self._sdrs}/server-groups/{group_id}"),
            self._servers(of_group),
            *(self._get(f"{self._sdrs}/{name}{of_group}") for name in lists),
        )

    async def _servers(self, of_group: str) -> None:
        [instance] = (await self._get(f"{self._sdrs}/protected-instances{of_group}"))["protected_instances"]
        both = (instance["source_server"], instance["target_server"])
        await asyncio.gather(*(self._get(f"{self._ecs}/v1/{self._project_id}/cloudservers/{one}") for one in both))
        await self._get(f"{self._ecs}/v2.1/{self._project_id}/servers/{both[1]}/os-instance-actions")

    async def _person(self) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with self._session.get(f"{self._slack}users.info?user=U0APPROVER", headers=headers) as answer:
            json.loads(await answer.read())

    async def _get(self, url: str) -> Any:
        async with self._session.get(url, headers=self._headers) as answer:
            return json.loads(await answer.read())


async def main(database: str, cloud: dict[str, str], slack: str) -> None:
    commit = await (sqlite(database) if database.startswith("/") else postgresql(database))
    async with ClientSession() as session:
        headers = {"X-Auth-Token": (await signed_in(session, cloud))[0], "Content-Type": "application/json"}
        root = f"{cloud['sdrs']}/v1/{cloud['project_id']}/server-groups"
        tasks: set[asyncio.Task[None]] = set()
        reads = Reads(session, cloud, slack, headers)

        async def run(group_id: str) -> None:
            for step in range(len(COMMITS)):
                if slack and step == LOOKS_AFTER:
                    await reads.look(group_id)
                await commit(step)
            order = {"reverse-server-group": {"priority_station": "target"}}
            async with session.post(f"{root}/{group_id}/action", json=order, headers=headers) as answer:
                await answer.read()

        async def click(request: web.Request) -> web.Response:
            body = await request.read()
            stamp = request.headers["X-Slack-Request-Timestamp"]
            mac = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
            if not hmac.compare_digest(f"v0={mac}", request.headers["X-Slack-Signature"]):
                return web.Response(status=401)
            payload = json.loads(parse_qs(body.decode())["payload"][0])
            task = asyncio.create_task(run(payload["view"]["private_metadata"]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            return web.Response()

        app = web.Application()
        app.router.add_post("/slack/events", click)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        say_ready(runner.addresses[0][1])
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], json.loads(sys.argv[2]), "".join(sys.argv[3:])))
