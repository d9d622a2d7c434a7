"""What each connection to SQLite is told before it is used, the same for our tables and for the engine's."""

from __future__ import annotations

import sqlite3
import time
from typing import Any

BUSY_MILLISECONDS = 30_000
KNOWS_SUBSECONDS = (3, 42)  # https://www.sqlite.org/releaselog/3_42_0.html


def prepare_sqlite(connection: Any, _record: object = None) -> None:
    """A listener of SQLAlchemy's "connect".

    WAL lets readers read while one writes; FULL makes each commit outlive a power cut. Python begins IMMEDIATE
    transactions by itself before a write (the engine's tables rely on it); ours begin explicitly, before they read
    what they are going to change.
    """
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    if sqlite3.sqlite_version_info < KNOWS_SUBSECONDS:
        connection.create_function("unixepoch", 1, seconds_since_epoch)


def seconds_since_epoch(precision: str) -> float:
    """SQLite's own `unixepoch('subsec')`. On Python 3.12 and newer the engine's tables take their times from it,
    and an SQLite older than 3.42 (Debian 12, say) answers NULL, so nothing could be enqueued."""
    if precision != "subsec":
        raise ValueError(f"unixepoch({precision!r}) is not known here; only 'subsec' is.")
    return time.time_ns() // 1_000_000 / 1000
