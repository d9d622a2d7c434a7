"""Bolt async with its defaults: its own server, or Socket Mode with `--socket`."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.benchmarks.children import say_ready
from tests.benchmarks.limits.views import FORM, LOADING

app = AsyncApp(
    client=AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ["SLACK_SIGNING_SECRET"],
)


@app.command("/failover")
async def failover(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
    await ack()
    view = (await client.views_open(trigger_id=body["trigger_id"], view=LOADING))["view"]
    await client.views_update(view_id=view["id"], view=FORM)


async def over_sockets() -> None:
    handler = AsyncSocketModeHandler(
        app,
        os.environ["SLACK_APP_TOKEN"],
        web_client=AsyncWebClient(token=os.environ["SLACK_APP_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    )
    await handler.connect_async()
    say_ready()
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "--socket":
        asyncio.run(over_sockets())
    else:
        app.server(port=int(sys.argv[1]), host="127.0.0.1").start()
