"""The bot itself, as in production: the program of the command line, in a process of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from tests.benchmarks.children import Child, environment, free_port, module, python, running, start
from tests.benchmarks.outside import cloud
from tests.benchmarks.outside.slack import BareSlack
from tests.benchmarks.setting import Setting

READY_PATH = "/readyz"
CHANNELS = 10
POLICY_HEAD = """\
[channels]
approvals = "C0BENCH"
incidents = "C0INCIDENTS"
"""
POLICY_RULE = """
[[rules]]
name = "{name}"
environment = "PRODUCTION"
groups = ["{pattern}"]
{channels}
[[rules.roles]]
name = "approver"
need = 1
users = ["U0APPROVER"]
"""


def policy_text(*rules: tuple[str, str, str]) -> str:
    """Rules as (name, pattern of group names, channel); one for everything by default."""
    return POLICY_HEAD + "".join(
        POLICY_RULE.format(name=name, pattern=pattern, channels=f'channels = {{ approvals = "{channel}" }}')
        for name, pattern, channel in rules or (("all", "*", "C0BENCH"),)
    )


def bot_environment(
    folder: Path, port: int, slack: Mapping[str, str], the_cloud: Mapping[str, str], database: str = "", **more: str
) -> dict[str, str]:
    policy = folder / "policy.toml"
    if not policy.exists():
        policy.write_text(policy_text())
    return environment(
        **slack,
        **the_cloud,
        DATABASE_URL=database or f"sqlite:///{folder / 'bot.sqlite'}",
        FAILOVER_POLICY=str(policy),
        HOST="127.0.0.1",
        PORT=str(port),
        LOG_LEVEL="WARNING",
        **more,
    )


@asynccontextmanager
async def bot(setting: Setting, slack: BareSlack, **more: str) -> AsyncIterator[Child]:
    """`failover-bot run` on SQLite, beside an empty bare cloud. Its word is its port."""
    folder = setting.folder / f"bot-{free_port()}"
    folder.mkdir()
    async with running(module("outside.cloud"), folder) as the_cloud:
        env = bot_environment(folder, free_port(), slack.environment(), cloud.environment(int(the_cloud.word)), **more)
        async with program("run", folder, env) as child:
            yield child


@asynccontextmanager
async def program(role: str, folder: Path, env: Mapping[str, str]) -> AsyncIterator[Child]:
    """`failover-bot run`, `serve` or `worker`, until it is ready."""
    command = python("-m", "bot", role)
    async with running(command, folder, env=env, port=int(env["PORT"]), path=READY_PATH) as child:
        yield child


async def start_program(role: str, folder: Path, env: Mapping[str, str]) -> Child:
    """The same without an end: for those that are killed."""
    return await start(python("-m", "bot", role), folder, env=env, port=int(env["PORT"]), path=READY_PATH)
