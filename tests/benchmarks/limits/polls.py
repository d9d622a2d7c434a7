"""The least for following jobs: a timer for each job, a request, and the JSON read. `… CLIENT PORT JOBS SECONDS`.

CLIENT is `same` (httpx over aiohttp, as the bot), `aiohttp` (bare), or `httpx` (its own pool, its defaults: a peer).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import aiohttp
import httpx
import uvloop
from httpx_aiohttp import HttpxAiohttpClient

from tests.benchmarks.children import say_ready
from tests.benchmarks.outside.cloud import AUTH_TOKEN, job_id_of, job_path

HEADERS = {"X-Auth-Token": AUTH_TOKEN, "Accept": "application/json"}
CONNECTIONS = 64  # as the bot
Look = Callable[[str], Awaitable[str]]
"""The path of a job -> its status."""


@asynccontextmanager
async def over_aiohttp(root: str) -> AsyncIterator[Look]:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(headers=HEADERS, connector=connector) as session:

        async def look(path: str) -> str:
            async with session.get(root + path) as answer:
                return str(json.loads(await answer.read())["status"])

        yield look


@asynccontextmanager
async def over_httpx(client: httpx.AsyncClient, root: str) -> AsyncIterator[Look]:
    async with client:

        async def look(path: str) -> str:
            try:
                answer = await client.get(root + path)
            except httpx.HTTPError:
                return ""  # the default pool gives up under load; the cloud then sees fewer looks
            return str(answer.json()["status"])

        yield look


def chosen(client: str, root: str) -> object:
    match client:
        case "same":
            limits = httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=30)
            return over_httpx(HttpxAiohttpClient(headers=HEADERS, limits=limits), root)
        case "httpx":
            return over_httpx(httpx.AsyncClient(headers=HEADERS, timeout=60), root)
        case _:
            return over_aiohttp(root)


async def follow(look: Look, number: int, start_at: float, interval: float) -> None:
    """On the beat, each job for itself."""
    loop, path, due = asyncio.get_running_loop(), job_path(job_id_of(number)), start_at
    while True:
        await asyncio.sleep(due - loop.time())
        await look(path)
        due = max(loop.time(), due + interval)


async def main(client: str, port: int, jobs: int, interval: float) -> None:
    async with chosen(client, f"http://127.0.0.1:{port}") as look:  # type: ignore[attr-defined]  # one of the three
        now = asyncio.get_running_loop().time()
        say_ready()
        await asyncio.gather(*(follow(look, n, now + interval * n / jobs, interval) for n in range(jobs)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
