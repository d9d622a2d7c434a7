"""The least for a command over Socket Mode: acknowledge the envelope, then the two calls with the bot's own bytes."""

from __future__ import annotations

import asyncio
import json
import sys

import uvloop
from aiohttp import ClientSession, WSMsgType

from tests.benchmarks.children import say_ready
from tests.benchmarks.limits.command_http import two_calls


async def main(api: str, link: str) -> None:
    tasks: set[asyncio.Task[None]] = set()
    async with ClientSession() as session, session.ws_connect(link) as socket:
        say_ready()
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                continue
            envelope = json.loads(frame.data)
            if envelope["type"] != "slash_commands":
                continue
            await socket.send_str(json.dumps({"envelope_id": envelope["envelope_id"]}))
            task = asyncio.create_task(two_calls(session, api, envelope["payload"]["trigger_id"]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], sys.argv[2]))
