"""How a simulator leaves its port: nobody new, and whoever came in at the last moment is closed like the others."""

from __future__ import annotations

import asyncio

from aiohttp import web

LAST_MOMENT_SECONDS = 0.02


async def leave(runner: web.AppRunner) -> None:
    """Stop listening, then clean up. asyncio needs a few turns until a connection that it took is known to the server;
    one that the clean-up does not know stays open for ever."""
    for site in list(runner.sites):
        await site.stop()
    await asyncio.sleep(LAST_MOMENT_SECONDS)
    await runner.cleanup()
