"""The demo's stage: a Slack workspace, a cloud, and the real bot between them, in one process group on loopback."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession

from bot.demo.sdrs import Pace, SimulatedCloud, describe
from bot.demo.sdrs import standalone as standalone_cloud
from bot.demo.workspace import Cast
from bot.demo.workspace import standalone as standalone_slack

READY_SECONDS = 120.0  # patience, not a promise: a busy machine starts slowly
STOP_SECONDS = 12.0
POLICY_FILE = "policy.toml"

POLICY = """\
# The policy of the demo. `failover-bot policy example` prints one that explains every word.
[channels]
approvals = "{approvals}"
incidents = "{incidents}"
{rules}
[[rules]]
name = "demo"
environment = "PRODUCTION"
groups = ["*"]

[[rules.roles]]
name = "approver"
need = {need}
usergroups = ["{approvers}"]
"""

Furnish = Callable[[Cast, SimulatedCloud], str]
"""Adds people, channels and groups before the bot starts; gives the rules that come before the demo's own."""


def as_it_is(cast: Cast, cloud: SimulatedCloud) -> str:
    return ""


class BotDied(Exception):
    """The bot's process ended, or was not ready in time; its last words are the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Everything that plays: the people's hands are `cast.slack.person(…)`, the outside's eyes `cloud.calls`."""

    cast: Cast
    cloud: SimulatedCloud
    bot: BotProcess

    @property
    def address(self) -> str:
        return self.cast.slack.url


class BotProcess:
    """`failover-bot run` as a child: the same program as in production, with other base addresses."""

    def __init__(self, environment: Mapping[str, str], log: Path, port: int) -> None:
        self.environment = {**_inherited(), **environment}
        self._log = log
        self._port = port
        self._process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "run", env=self.environment, stdout=log, stderr=log
            )
        await self._until_ready()

    async def stop(self) -> None:
        """SIGTERM, then wait; SIGKILL for one that hangs."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    async def kill(self) -> None:
        """As a power cut would."""
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def ended(self) -> int:
        """Wait for the process to end by itself."""
        return await self._process.wait() if self._process else 0

    def last_words(self, lines: int = 20) -> str:
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])

    async def _until_ready(self) -> None:
        async with ClientSession() as session:
            deadline = asyncio.get_running_loop().time() + READY_SECONDS
            while asyncio.get_running_loop().time() < deadline:
                if self._process and self._process.returncode is not None:
                    break
                with suppress(ClientError, TimeoutError):
                    async with session.get(f"{self.url}/readyz") as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(0.05)
        raise BotDied(self.last_words())


def _inherited() -> dict[str, str]:
    """The environment without anything that would point the demo at a real Slack, a real cloud, or a proxy."""
    foreign = ("SLACK_", "OS_", "HUAWEICLOUD_", "SDRS_", "ECS_", "IMS_", "DATABASE_URL", "FAILOVER_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}


def installation(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What Slack does with an app manifest: its scopes, commands, shortcuts and events."""
    features = manifest["features"]
    return {
        "scopes": manifest["oauth_config"]["scopes"]["bot"],
        "commands": [(c["command"], c["description"], c["usage_hint"]) for c in features["slash_commands"]],
        "shortcuts": [(s["callback_id"], s["name"]) for s in features["shortcuts"]],
        "events": manifest["settings"]["event_subscriptions"]["bot_events"],
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def stage(
    *,
    page_port: int = 0,
    pace: Pace | None = None,
    manifest: Mapping[str, Any],
    over_http: bool = False,
    need: int = 1,
    environment: Mapping[str, str] | None = None,
    furnish: Furnish = as_it_is,
) -> AsyncIterator[Stage]:
    """Set up, play, tear down. The app is installed from its `manifest`; `over_http`: instead of Socket Mode."""
    bot_port = free_port()
    events = f"http://127.0.0.1:{bot_port}/slack/events"
    cast = standalone_slack(
        **installation(manifest), request_url=events if over_http else None, socket_mode=not over_http
    )
    async with AsyncExitStack() as ends:
        place = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="failover-bot-demo-")))
        ends.push_async_callback(cast.slack.stop)
        await cast.slack.start(page_port)
        cloud = await standalone_cloud(pace=pace)
        ends.push_async_callback(cloud.stop)
        _write_policy(place, cast, need=need, rules=furnish(cast, cloud))
        settings = _settings(cast, cloud, place, bot_port) | dict(environment or {})
        bot = BotProcess(settings, place / "bot.log", bot_port)
        ends.push_async_callback(bot.stop)
        await bot.start()
        yield Stage(cast=cast, cloud=cloud, bot=bot)


def _write_policy(place: Path, cast: Cast, *, need: int, rules: str) -> None:
    text = POLICY.format(
        approvals=cast.approvals.id,
        incidents=cast.incidents.id,
        approvers=cast.approver_group.id,
        need=need,
        rules=rules,
    )
    (place / POLICY_FILE).write_text(text)


def _settings(cast: Cast, cloud: SimulatedCloud, place: Path, port: int) -> dict[str, str]:
    facts = describe(cloud)
    return {
        **cast.slack.environment(cast.app),
        "DATABASE_URL": f"sqlite:///{place / 'failover-bot.sqlite'}",
        "FAILOVER_POLICY": str(place / POLICY_FILE),
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "OS_AUTH_URL": facts["iam"],
        "OS_USERNAME": facts["user"],
        "OS_PASSWORD": facts["password"],
        "OS_USER_DOMAIN_NAME": facts["domain"],
        "OS_PROJECT_NAME": facts["project"],
        "SDRS_ENDPOINT": facts["sdrs"],
        "ECS_ENDPOINT": facts["ecs"],
        "IMS_ENDPOINT": facts["ims"],
        "POLL_SECONDS": "0.5",
        "SLOW_POLL_SECONDS": "1",
        "PYTHONUNBUFFERED": "1",
    }
