"""A place where the bot's processes run: simulators in this process, a balancer in front of the web processes."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from bot.demo.sdrs import Pace, SimulatedCloud
from bot.demo.sdrs import standalone as standalone_cloud
from bot.demo.stage import Stage, free_port, installation
from bot.demo.workspace import Cast
from bot.demo.workspace import standalone as standalone_slack
from bot.slack.manifest import manifest
from tests.acceptance.people import Evening
from tests.chaos.crew import Child, environment_of
from tests.chaos.outside import QUICK, ROOT, Facts, facts_of

BITE = 65536


class Balancer:
    """Each connection goes to the next web process that takes it."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._turns = itertools.cycle(range(len(ports)))
        self._serving: set[asyncio.Task[None]] = set()
        self.port = free_port()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[str]:
        """Its address."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        try:
            yield f"http://127.0.0.1:{self.port}"
        finally:
            server.close()
            for task in self._serving:
                task.cancel()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        turn = next(self._turns)
        try:
            for port in (*self._ports[turn:], *self._ports[:turn]):
                with suppress(OSError):
                    there = await asyncio.open_connection("127.0.0.1", port)
                    await asyncio.gather(_pump(reader, there[1]), _pump(there[0], writer))
                    return
        finally:
            writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    try:
        while bite := await source.read(BITE):
            sink.write(bite)
            await sink.drain()
    except OSError:
        return
    finally:
        sink.close()


@dataclass(slots=True, kw_only=True)
class Site:
    cast: Cast
    cloud: SimulatedCloud
    facts: Facts
    environment: dict[str, str]
    place: Path
    children: list[Child] = field(default_factory=list)

    def child(self, *arguments: str, port: int = 0, **more: str) -> Child:
        """Not started yet; `more` are settings."""
        log = self.place / f"{len(self.children)}-{arguments[0]}.log"
        child = Child(arguments, {**self.environment, **more}, log, port or free_port())
        self.children.append(child)
        return child

    async def started(self, *arguments: str, **more: str) -> Child:
        child = self.child(*arguments, **more)
        await child.start()
        await child.until(200)
        return child

    @property
    def evening(self) -> Evening:
        """People with hands and eyes; they only need the workspace, the cloud and the bot's last words."""
        return Evening(cast("Stage", self))

    @property
    def bot(self) -> Site:
        return self

    def last_words(self, lines: int = 20) -> str:
        return "\n".join(f"== {c.log.name}\n" + "\n".join(c.words.splitlines()[-lines:]) for c in self.children)

    def posts(self) -> int:
        return sum(len(found.attempted) for found in self.cloud.reversals().values())


@asynccontextmanager
async def site(
    url: str, place: Path, *, request_url: str | None = None, pace: Pace = QUICK, groups: int = 0, **settings: Any
) -> AsyncIterator[Site]:
    people = standalone_slack(
        **installation(manifest(request_url=request_url or "")),
        request_url=request_url,
        socket_mode=not request_url,
        rate_limits=False,
    )
    await people.slack.start()
    cloud = await standalone_cloud(pace=pace, plain_groups=groups)
    facts = facts_of(people, cloud)
    environment = {**environment_of(facts, place, url), **settings}
    if request_url:  # as an installation without Socket Mode has it
        del environment["SLACK_APP_TOKEN"]
        environment["SLACK_APP_ID"] = people.app.app_id
    here = Site(cast=people, cloud=cloud, facts=facts, environment=environment, place=place)
    try:
        yield here
    finally:
        await asyncio.gather(*(child.kill() for child in here.children))
        await cloud.stop()
        await people.slack.stop()


def procfile() -> dict[str, str]:
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name.strip(): command.strip() for name, _, command in (line.partition(":") for line in lines if line)}


def by_procfile(here: Site, name: str, port: int = 0) -> Child:
    """A process as the platform starts it: the line as it stands, by the shell, with the program on the PATH."""
    programs = here.place / "programs"
    if not programs.exists():
        programs.mkdir()
        program = programs / "failover-bot"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bot "$@"\n')
        program.chmod(0o755)
    child = here.child(name, port=port, PATH=f"{programs}:{here.environment['PATH']}")
    child.program, child.arguments = ("sh", "-c"), (f"exec {procfile()[name]}",)
    return child
