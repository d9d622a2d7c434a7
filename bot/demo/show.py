"""What `demo` and `simulate` show on the terminal: the address to open, and what to do there."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from typing import Any

from bot.demo.sdrs import Pace, describe
from bot.demo.sdrs import standalone as standalone_cloud
from bot.demo.stage import BotDied, installation, stage
from bot.demo.workspace import standalone as standalone_slack

WATCHABLE = Pace(reverse_seconds=12, sub_job_seconds=2, stop_seconds=3, start_seconds=3)

WELCOME = """
failover-bot demo: a simulated Slack workspace, a simulated cloud, and the real bot between them.
Nothing leaves this machine.

  Open   {address}

  1  You are Rosa. Type /failover, choose pg-erp, say why, submit.
  2  Become Amir (at the lower left), open #dr-approvals, press Approve….
  3  Watch the thread of the card, and #incidents.
  4  Be Rosa again: the login guidance is in the messages from failover-bot.

Ctrl-C ends everything.
"""


async def demo(manifest: Mapping[str, Any], *, port: int, over_http: bool) -> int:
    """Until Ctrl-C, or until the bot ends by itself."""
    try:
        async with stage(manifest=manifest, page_port=port, pace=WATCHABLE, over_http=over_http) as playing:
            print(WELCOME.format(address=playing.address), flush=True)
            code = await playing.bot.ended()
            print(f"The bot ended (exit status {code}). Its last words:\n{playing.bot.last_words()}")
            return 1
    except BotDied as died:
        print(f"The bot did not start. Its last words:\n{died}")
        return 1
    except OSError as error:
        return _cannot_listen(port, error, "demo")


async def simulate_slack(manifest: Mapping[str, Any], port: int) -> int:
    """Until Ctrl-C."""
    cast = standalone_slack(**installation(manifest))
    try:
        await cast.slack.start(port)
        _print({"page": cast.slack.url, **cast.slack.environment(cast.app)})
        return await _forever()
    except OSError as error:
        return _cannot_listen(port, error, "simulate slack")
    finally:
        await cast.slack.stop()


async def simulate_sdrs(port: int) -> int:
    """Until Ctrl-C."""
    try:
        cloud = await standalone_cloud(port)
    except OSError as error:
        return _cannot_listen(port, error, "simulate sdrs")
    try:
        _print(describe(cloud))
        return await _forever()
    finally:
        await cloud.stop()


async def _forever() -> int:
    await asyncio.Event().wait()
    return 0


def _cannot_listen(port: int, error: OSError, command: str) -> int:
    why = os.strerror(error.errno) if error.errno else str(error)
    sentence = f"Port {port} can't be used: {why}. Try another one: failover-bot {command} --port 0"
    print(sentence, file=sys.stderr)
    return 1


def _print(facts: Mapping[str, str]) -> None:
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:<{width}}  {value}", flush=True)
