"""What `demo` and `simulate` show on the terminal: the address to open, and what to do there."""

from __future__ import annotations

import asyncio
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
        print(f"Port {port} can't be used: {error.strerror}. Try another one: failover-bot demo --port 0")
        return 1


async def simulate_slack(manifest: Mapping[str, Any], port: int) -> int:
    cast = standalone_slack(**installation(manifest))
    await cast.slack.start(port)
    _print({"page": cast.slack.url, **cast.slack.environment(cast.app)})
    await asyncio.Event().wait()
    return 0


async def simulate_sdrs(port: int) -> int:
    cloud = await standalone_cloud(port)
    _print(describe(cloud))
    await asyncio.Event().wait()
    return 0


def _print(facts: Mapping[str, str]) -> None:
    width = max(map(len, facts))
    for name, value in facts.items():
        print(f"{name:<{width}}  {value}", flush=True)
