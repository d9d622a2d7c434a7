"""The least for a command over HTTP: check the signature, answer, then the two calls with the bot's own bytes."""

from __future__ import annotations

import asyncio
import hmac
import re
import sys
import time
from hashlib import sha256

import uvloop
from aiohttp import ClientSession, web

from tests.benchmarks.children import say_ready
from tests.benchmarks.limits.views import HEADERS, open_body, update_body
from tests.benchmarks.outside.slack import SECRET

TRIGGER = re.compile(rb"trigger_id=([^&]+)")


class Handler:
    def __init__(self, session: ClientSession, api: str) -> None:
        self._session, self._api = session, api
        self._tasks: set[asyncio.Task[None]] = set()

    async def command(self, request: web.Request) -> web.Response:
        body = await request.read()
        stamp = request.headers["X-Slack-Request-Timestamp"]
        mac = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
        is_ours = hmac.compare_digest(f"v0={mac}", request.headers["X-Slack-Signature"])
        if not is_ours or abs(time.time() - int(stamp)) > 300:
            return web.Response(status=401)
        trigger = TRIGGER.search(body)
        assert trigger is not None
        task = asyncio.create_task(two_calls(self._session, self._api, trigger[1].decode()))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return web.Response()


async def two_calls(session: ClientSession, api: str, trigger: str) -> None:
    async with session.post(f"{api}views.open", data=open_body(trigger), headers=HEADERS) as answer:
        view_id = (await answer.json())["view"]["id"]
    async with session.post(f"{api}views.update", data=update_body(view_id), headers=HEADERS) as answer:
        await answer.read()


async def main(api: str) -> None:
    async with ClientSession() as session:
        app = web.Application()
        app.router.add_post("/slack/events", Handler(session, api).command)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        say_ready(runner.addresses[0][1])
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
