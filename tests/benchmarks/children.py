"""Programs in processes of their own: started, waited for, looked at from outside, and ended."""

from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
START_SECONDS = 60.0
STOP_SECONDS = 15.0
READY = "ready "
FOREIGN = ("SLACK_", "OS_", "HUAWEICLOUD_", "SDRS_", "ECS_", "IMS_", "DATABASE_URL", "FAILOVER_")


class ChildDied(Exception):
    """A program ended, or said nothing in time; its last words are the text."""


@dataclass(frozen=True, slots=True)
class Child:
    """A running program. `word` is what it said after `ready`, often its port."""

    process: asyncio.subprocess.Process
    word: str
    log: Path

    @property
    def pid(self) -> int:
        return self.process.pid

    def cpu_seconds(self) -> float:
        """User and system time of the process and of its children, as far as they live."""
        return sum(map(_cpu_seconds, family(self.pid)))

    def memory_bytes(self) -> int:
        return sum(map(_memory_bytes, family(self.pid)))

    def kill(self) -> None:
        self.process.kill()

    async def stop(self) -> None:
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_SECONDS)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


def environment(**more: str) -> dict[str, str]:
    """Ours without anything that names a real Slack or a real cloud."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def module(name: str, *arguments: object) -> list[str]:
    """A program of this package, e.g. `limits.http`."""
    return python("-m", f"tests.benchmarks.{name}", *map(str, arguments))


@asynccontextmanager
async def running(
    command: Sequence[str],
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    path: str = "",
) -> AsyncIterator[Child]:
    """Until it says `ready …` on stdout, or listens on `port`, or answers 200 there to `path`; ended when left."""
    child = await start(command, folder, env=env, port=port, path=path)
    try:
        yield child
    finally:
        await child.stop()


async def start(
    command: Sequence[str],
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
    path: str = "",
) -> Child:
    log = folder / f"child-{time.monotonic_ns()}.log"
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=file, stderr=file, env=dict(env or environment()), start_new_session=True
        )
    word = await _until_ready(process, log, port, path)
    return Child(process, word, log)


async def _until_ready(process: asyncio.subprocess.Process, log: Path, port: int | None, path: str) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.returncode is None:
        if port is not None and answers(port) and (not path or await asyncio.to_thread(is_well, port, path)):
            return str(port)
        lines = log.read_text(errors="replace").splitlines(keepends=True)
        said = [line for line in lines if line.startswith(READY) and line.endswith("\n")]  # a half line says nothing
        if port is None and said:
            return said[0].removeprefix(READY).strip()
        await asyncio.sleep(0.005)
    if process.returncode is None:
        process.kill()
    raise ChildDied("\n".join(log.read_text(errors="replace").splitlines()[-30:]))


def say_ready(word: object = "") -> None:
    """What a program of ours says when its work has begun."""
    print(f"{READY}{word}", flush=True)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_well(port: int, path: str) -> bool:
    """Whether GET gives 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for parent in found:
        children = Path(f"/proc/{parent}/task/{parent}/children")
        found += map(int, children.read_text().split()) if children.exists() else []
    return found


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def _memory_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:
        return 0
