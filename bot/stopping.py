"""The end of a process in time: platforms wait ten seconds after SIGTERM, and some things hang for longer."""

from __future__ import annotations

import asyncio
import os
import signal
import threading

import structlog

GRACE_SECONDS = 9.0
EXIT_CODE = 70  # EX_SOFTWARE, as after the loss of an executor's lock
log = structlog.get_logger(__name__)


def heed_signals() -> asyncio.Event:
    """Set by SIGTERM or SIGINT; from then on the process ends by itself, or is ended."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, _stop, stopped)
    return stopped


def _stop(stopped: asyncio.Event) -> None:
    stopped.set()
    timer = threading.Timer(GRACE_SECONDS, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    """A thread that waits for a database which hangs cannot be told to stop. What counts is committed or will be taken
    up again, as after any death."""
    log.critical("ended_by_force", after_seconds=GRACE_SECONDS)
    os._exit(EXIT_CODE)
