"""The bot's processes under a supervisor: whoever dies is started again, as a platform would."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bot.demo.stage import free_port
from tests.chaos.outside import ROOT, Facts

FOREIGN = ("SLACK_", "OS_", "HUAWEICLOUD_", "SDRS_", "ECS_", "IMS_", "DATABASE_URL", "FAILOVER_")
HASTE = {
    "POLL_SECONDS": "0.3",
    "SLOW_POLL_SECONDS": "0.5",
    "STOP_LIMIT_SECONDS": "8",
    "START_LIMIT_SECONDS": "20",
    "UNCLEAR_SECONDS": "12",
    "SWEEP_SECONDS": "2",
    "LOG_FORMAT": "json",
    "PYTHONUNBUFFERED": "1",
}
CHANNELS = """\
[channels]
approvals = "{approvals}"
incidents = "{incidents}"
"""
RULE = """
[[rules]]
name = "{name}"
environment = "PRODUCTION"
groups = ["{groups}"]
{channels}
[[rules.roles]]
name = "approver"
need = 1
usergroups = ["{usergroup}"]
"""


def policy_of(facts: Facts) -> str:
    """Where there are rooms, each group has its own: Slack takes one message a second and channel."""
    rules = [
        RULE.format(
            name=f"room {n}",
            groups=f"pg-{n:05d}",
            channels=f'channels = {{ approvals = "{room}", incidents = "{room}" }}',
            usergroup=facts["usergroup"],
        )
        for n, room in enumerate(facts["rooms"])
    ]
    rest = RULE.format(name="all others", groups="*", channels="", usergroup=facts["usergroup"])
    return "".join((CHANNELS.format(**{name: facts[name] for name in ("approvals", "incidents")}), *rules, rest))


def environment_of(facts: Facts, place: Path, database_url: str) -> dict[str, str]:
    """The settings of a bot between the simulators, without anything of this machine's own."""
    cloud = facts["cloud"]
    policy = place / "policy.toml"
    policy.write_text(policy_of(facts))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {
        **inherited,
        **facts["environment"],
        "DATABASE_URL": database_url,
        "FAILOVER_POLICY": str(policy),
        "HOST": "127.0.0.1",
        "OS_AUTH_URL": cloud["iam"],
        "OS_USERNAME": cloud["user"],
        "OS_PASSWORD": cloud["password"],
        "OS_USER_DOMAIN_NAME": cloud["domain"],
        "OS_PROJECT_NAME": cloud["project"],
        "SDRS_ENDPOINT": cloud["sdrs"],
        "ECS_ENDPOINT": cloud["ecs"],
        "IMS_ENDPOINT": cloud["ims"],
        **HASTE,
    }


@dataclass(slots=True)
class Child:
    """One process of the bot: `arguments` as on the command line. Its log outlives it."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    port: int = field(default_factory=free_port)
    program: tuple[str, ...] = (sys.executable, "-m", "bot")
    process: asyncio.subprocess.Process | None = None
    is_frozen: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid if self.process else 0

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    @property
    def words(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def start(self) -> None:
        environment = {**self.environment, "PORT": str(self.port)}
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.program, *self.arguments, env=environment, stdout=log, stderr=log, cwd=ROOT
            )

    def send(self, number: signal.Signals) -> None:
        if self.is_running and self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    async def kill(self) -> None:
        """As a power cut would."""
        self.send(signal.SIGKILL)
        await self.ended()

    async def ended(self, seconds: float = 30) -> int:
        return await asyncio.wait_for(self.process.wait(), seconds) if self.process else 0

    async def stop(self) -> float:
        """SIGTERM; the seconds that it took to end."""
        began = time.monotonic()
        self.send(signal.SIGTERM)
        await self.ended()
        return time.monotonic() - began

    async def readiness(self) -> tuple[int, Facts]:
        """(0, {}) while nobody listens."""
        with suppress(aiohttp.ClientError, TimeoutError):
            timeout = aiohttp.ClientTimeout(total=5)
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.get(f"http://127.0.0.1:{self.port}/readyz") as answer,
            ):
                return answer.status, await answer.json()
        return 0, {}

    async def metrics(self) -> str:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.port}/metrics") as answer,
        ):
            return await answer.text()

    async def until(self, status: int, seconds: float = 40) -> Facts:
        """The body of the first `/readyz` with this status."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            seen, body = await self.readiness()
            if seen == status:
                return body
            if not self.is_running and status == 200:
                break
            await asyncio.sleep(0.1)
        raise AssertionError(f"{self.arguments} did not answer {status}:\n{self.words[-6000:]}")


class Crew:
    """Keeps children alive until it is told not to, and counts how they ended."""

    def __init__(self, children: list[Child], *, pause_seconds: float = 0.2) -> None:
        self.children = children
        self.exits: list[int] = []
        self._pause_seconds = pause_seconds
        self._keepers: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def on_duty(self) -> AsyncIterator[Crew]:
        self._keepers = [asyncio.create_task(self._keep(child)) for child in self.children]
        try:
            yield self
        finally:
            for keeper in self._keepers:
                keeper.cancel()
            await asyncio.gather(*self._keepers, return_exceptions=True)
            for child in self.children:
                child.send(signal.SIGCONT)
                await child.kill()

    async def _keep(self, child: Child) -> None:
        while True:
            await child.start()
            assert child.process is not None
            self.exits.append(await child.process.wait())
            child.is_frozen = False
            await asyncio.sleep(self._pause_seconds)

    @property
    def alive(self) -> list[Child]:
        return [child for child in self.children if child.is_running and not child.is_frozen]

    def with_pid(self, pid: int) -> Child | None:
        return next((child for child in self.alive if child.pid == pid), None)

    async def freeze(self, child: Child, seconds: float) -> None:
        """SIGSTOP, and SIGCONT later: a process that does not know how late it is."""
        pid = child.pid
        child.send(signal.SIGSTOP)
        child.is_frozen = True
        await asyncio.sleep(seconds)
        if child.pid == pid:
            child.send(signal.SIGCONT)
            child.is_frozen = False
