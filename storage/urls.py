"""Database addresses as people and platforms write them, made into the one form that the driver needs. Pure."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.ports import StoreError

POSTGRESQL = "postgresql+psycopg"
SQLITE = "sqlite"

_HINT = "Use sqlite:///failover-bot.db for a file, or postgresql://user:password@host:5432/name. Nothing was opened."


def parse_url(text: str) -> URL:
    """The address with our driver. `StoreError` when it is none; the sentence never repeats what was given."""
    try:
        url = make_url(text.strip())
    except (ArgumentError, ValueError):
        raise StoreError(f"The database address cannot be read. {_HINT}") from None
    match url.drivername.partition("+")[0]:
        case "postgres" | "postgresql":
            return _postgresql(url)
        case "sqlite":
            return _sqlite(url)
        case other:
            raise StoreError(f"The database address begins with {other}://, which is not supported. {_HINT}")


def _postgresql(url: URL) -> URL:
    if not url.database:
        raise StoreError(f"The database address names no database. {_HINT}")
    return url.set(drivername=POSTGRESQL)


def _sqlite(url: URL) -> URL:
    if not url.database or url.database == ":memory:" or url.query.get("mode") == "memory":
        raise StoreError(f"A database in memory would forget requests when the process ends. {_HINT}")
    if url.host:
        raise StoreError(f"The address of a file has three slashes, or four for an absolute path. {_HINT}")
    return url.set(drivername=SQLITE)


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database, None for PostgreSQL."""
    return Path(url.database) if url.drivername == SQLITE and url.database else None


def name_of(url: URL) -> str:
    """How people may be told about the database: the file, or `name at host`. Never a user or a password."""
    if (file := file_of(url)) is not None:
        return str(file)
    host = url.host or url.query.get("host") or "the local socket"
    return f"{url.database} at {host if isinstance(host, str) else ', '.join(host)}"
