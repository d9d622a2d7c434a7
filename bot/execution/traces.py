"""What tells a database from a restored backup of it: looked at by every process before it believes anything.

On SQLite a counter in the database runs along with one in a file beside it, so a database that is older than the file
was restored. On PostgreSQL the database remembers which cluster, timeline, database and table it is; a recovery to a
point in time, and a dump that was loaded elsewhere or over the old tables, have others. A restore that leaves no such
trace can be declared: the fact `read_only` in the database does the same as being noticed.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from bot.guard import READ_ONLY
from bot.ports import Store, Transaction

PULSE = "pulse"
IDENTITY = "database_identity"
REASON = "the database was restored from a backup"

_IDENTITY_QUERY = """
    SELECT concat_ws('/', (pg_control_system()).system_identifier, (pg_control_checkpoint()).timeline_id, oid,
        'instance'::regclass::oid)
    FROM pg_database WHERE datname = current_database()
"""


class Traces:
    def __init__(self, database: sa.Engine) -> None:
        self._database = database
        file = database.url.database if database.dialect.name == "sqlite" else None
        self._file = Path(f"{file}.pulse") if file else None

    async def are_of_a_backup(self, store: Store) -> bool:
        """If so, the fact `read_only` says it to all processes from now on."""
        identity = await asyncio.to_thread(self._identity)
        return await store.run(partial(self._compare, identity))

    def _compare(self, identity: str, tx: Transaction) -> bool:
        known = tx.instance.get(IDENTITY) or identity
        is_older = self._pulse_of_file() > int(tx.instance.get(PULSE) or 0)
        if is_older or known != identity:
            tx.instance.put(READ_ONLY, REASON)
        tx.instance.put(IDENTITY, identity)
        return bool(tx.instance.get(READ_ONLY))

    def _identity(self) -> str:
        if self._file is not None:
            return "sqlite"
        with self._database.connect() as connection:
            return str(connection.scalar(sa.text(_IDENTITY_QUERY)))

    def _pulse_of_file(self) -> int:
        if self._file is None or not self._file.exists():
            return 0
        text = self._file.read_text().strip()
        return int(text) if text.isdigit() else 0

    def pulse(self, tx: Transaction) -> int:
        """The next beat, in the caller's transaction."""
        beat = int(tx.instance.get(PULSE) or 0) + 1
        tx.instance.put(PULSE, str(beat))
        return beat

    def remember(self, beat: int) -> None:
        """After the commit, so the file is never ahead of its own database. A full disk must not stop the heartbeat."""
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            new = self._file.with_suffix(".pulse-new")
            new.write_text(str(beat))
            new.replace(self._file)

    def forget(self) -> None:
        """A person has looked: what the file beside the database remembers is of another life."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
