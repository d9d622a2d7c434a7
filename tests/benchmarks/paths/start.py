"""Starting: the help, the bot until it is ready, and the memory it then has, beside the bare imports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import partial

from tests.benchmarks.children import environment, free_port, module, python, running
from tests.benchmarks.figures import Row, Turn, in_turns
from tests.benchmarks.ours.bot import bot_environment, program
from tests.benchmarks.ours.rows import migrate_all
from tests.benchmarks.outside import cloud
from tests.benchmarks.paths.command import bare_slack
from tests.benchmarks.setting import Setting

LIBRARIES = (
    "aiohttp.web, alembic.command, cryptography.fernet, dbos, httpx, httpx_aiohttp, prometheus_client, psycopg, "
    "pydantic_settings, pyotp, slack_bolt.adapter.socket_mode.aiohttp, slack_bolt.async_app, "
    "sqlalchemy.dialects.sqlite, sqlmodel, structlog, typer, uvloop, yaml"
)
IMPORTS = (
    f"import {LIBRARIES}; pages = open('/proc/self/statm').read().split()[1]; "
    "import os; print(int(pages) * os.sysconf('SC_PAGE_SIZE'))"
)


async def rows(setting: Setting) -> list[Row]:
    help_turns: dict[str, Turn] = {
        "ours": partial(_run, python("-m", "bot", "--help")),
        "limit": partial(_run, python("-c", "import typer")),
    }
    helped = await in_turns(help_turns, setting.starts)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(bare_slack())
        the_cloud = await stack.enter_async_context(running(module("outside.cloud"), setting.folder))
        folder = setting.folder / "start"
        folder.mkdir()
        url = f"sqlite:///{folder / 'bot.sqlite'}"
        await asyncio.to_thread(migrate_all, url)
        env = bot_environment(folder, free_port(), slack.environment(), cloud.environment(int(the_cloud.word)), url)
        turns: dict[str, Turn] = {"ours": partial(_ready, setting, env), "limit": partial(_run, python("-c", IMPORTS))}
        started = await in_turns(turns, setting.starts)

    def row(path: str, measure: str, ours: float, limit: float, name: str, most: float | None) -> Row:
        return Row(
            path=path,
            measure=measure,
            ours=ours,
            limit=limit,
            limit_name=name,
            goal=f"≤ {most} × limit" if most else "",
            is_met=ours <= most * limit if most else None,
            rounds=setting.starts,
        )

    def of(seen: object, measure: str) -> tuple[float, float]:
        return seen.of("ours", measure), seen.of("limit", measure)  # type: ignore[attr-defined]

    return [
        row("start: --help", "ms", *of(helped, "ms"), "import typer", 2.5),
        row("start: run until ready", "ms", *of(started, "ms"), "the imports", 1.3),
        row("start: memory when ready", "MB", *of(started, "MB"), "the imports", None),
    ]


async def _run(command: Sequence[str]) -> Mapping[str, float]:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment())
    said, _ = await process.communicate()
    took = (time.perf_counter() - began) * 1000
    if process.returncode:
        raise RuntimeError(f"{command} failed")
    text = said.decode().strip()
    return {"ms": took, **({"MB": int(text) / 1e6} if text.isdigit() else {})}


async def _ready(setting: Setting, env: Mapping[str, str]) -> Mapping[str, float]:
    began = time.perf_counter()
    async with program("run", setting.folder, env) as child:
        return {"ms": (time.perf_counter() - began) * 1000, "MB": child.memory_bytes() / 1e6}
