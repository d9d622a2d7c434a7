"""The demo and the simulators as processes: how they end, and what they say when they cannot begin."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PATIENCE_SECONDS = 60


@contextmanager
def started(*words: str, last: str) -> Iterator[subprocess.Popen[str]]:
    """A command of ours that has printed what it has to say; `last` stands in the last line of it."""
    command = [sys.executable, "-X", "dev", "-m", "bot", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, start_new_session=True, **pipes) as process:  # type: ignore[call-overload]
        assert any(last in line for line in process.stdout), process.stderr.read()
        yield process


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status and what was said on the way out, but for asyncio's remark that a busy machine was slow."""
    _, errors = process.communicate(timeout=PATIENCE_SECONDS)
    remarks = [line for line in errors.splitlines() if not line.startswith("Executing <")]
    return process.returncode, "\n".join(remarks)


@pytest.mark.parametrize(("what", "last"), [("slack", "SLACK_API_URL"), ("sdrs", "secret_key")])
def test_ctrl_c_ends_a_simulator_quietly(what: str, last: str) -> None:
    with started("simulate", what, last=last) as process:
        process.send_signal(signal.SIGINT)
        assert ended(process) == (130, "")


@pytest.mark.parametrize(
    "signals", [[signal.SIGTERM], [signal.SIGINT, signal.SIGINT]], ids=["terminated", "an impatient Ctrl-C"]
)
def test_the_demo_leaves_no_child_behind(signals: list[signal.Signals]) -> None:
    with started("demo", "--port", "0", last="Ctrl-C") as process:
        group = process.pid
        for number in signals:
            os.killpg(group, number)
        assert ended(process) == (130, "")
    assert members_of(group) == []


def members_of(group: int) -> list[str]:
    """The processes of this group that still run."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            _, _, after_name = (place / "stat").read_text().rpartition(")")
        except OSError:
            continue  # it ended while we looked
        state, _, its_group = after_name.split()[:3]
        if int(its_group) == group and state != "Z":
            found.append(place.name)
    return found


@pytest.mark.parametrize("words", [["demo"], ["simulate", "slack"], ["simulate", "sdrs"]], ids=" ".join)
def test_a_port_that_somebody_else_has_is_a_sentence(words: list[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "bot", *words, "--port", port]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
    again = f"failover-bot {' '.join(words)} --port 0"
    assert done.returncode == 1
    assert done.stderr == f"Port {port} can't be used: Address already in use. Try another one: {again}\n"
