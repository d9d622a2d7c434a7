"""Brings a database to this version's tables, and says which version one has. Alembic, run from here, never by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from bot.ports import StoreError
from storage.database import Database, begin, open_database
from storage.problems import explain
from storage.tables import METADATA

VERSION_TABLE = "failover_version"  # a name of its own: the file may be shared with the engine's tables
MIGRATION_LOCK = 0x6661696C  # any constant; the key of the advisory lock that release phases queue for


class SchemaState(StrEnum):
    EMPTY = "empty"
    BEHIND = "behind"
    UP_TO_DATE = "up to date"
    NEWER = "newer"
    HALF_APPLIED = "half applied"


SENTENCES = {
    SchemaState.EMPTY: "The database {name} has no tables yet. Run `failover-bot migrate` first.",
    SchemaState.BEHIND: "The database {name} has the tables of an older version. Run `failover-bot migrate` first.",
    SchemaState.UP_TO_DATE: "The database {name} has the tables of this version.",
    SchemaState.NEWER: (
        "The database {name} was made by a newer version of the bot. "
        "Nothing was changed. Install that version, or use the database of this one."
    ),
    SchemaState.HALF_APPLIED: (
        "A migration of the database {name} was applied only in part: tables or columns are missing. "
        "Nothing was changed. Restore the backup that was made before it, then run `failover-bot migrate`."
    ),
}


def migration_options() -> dict[str, Any]:
    """What both Alembic's environment and the comparison of tables and migrations are configured with."""
    return {
        "target_metadata": METADATA,
        "version_table": VERSION_TABLE,
        "transactional_ddl": True,  # true of SQLite as well: its transactions cover CREATE and ALTER
        "include_name": _is_ours,
    }


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """The engine's tables may lie beside ours."""
    return kind != "table" or name in METADATA.tables


def migrate(url: str) -> None:
    """Up to this version, in one transaction. Two at once queue; the second finds nothing to do. `StoreError`."""
    database = open_database(url)
    try:
        with _locked(database) as connection:
            state = _state(connection)
            if state in (SchemaState.NEWER, SchemaState.HALF_APPLIED):
                raise StoreError(SENTENCES[state].format(name=database.name))
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise explain(error, database.url) from error
    finally:
        database.close()


def schema_state(database: Database) -> SchemaState:
    """Reads only. `StoreError` when the database cannot be reached."""
    try:
        with database.engine.connect() as connection:
            return _state(connection)
    except SQLAlchemyError as error:
        raise explain(error, database.url) from error


def require_schema(database: Database) -> None:
    """`StoreError` with the sentence unless the tables are those of this version."""
    state = schema_state(database)
    if state is not SchemaState.UP_TO_DATE:
        raise StoreError(SENTENCES[state].format(name=database.name))


@contextmanager
def _locked(database: Database) -> Iterator[Connection]:
    """One transaction that nobody else can migrate beside. On PostgreSQL it waits for no table longer than the
    lock timeout, so that it never stands in the way of processes that work."""
    with database.engine.connect() as connection:
        begin(connection)
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
            connection.execute(text("SET LOCAL lock_timeout = '8s'"))
        yield connection
        connection.commit()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    return config


def _state(connection: Connection) -> SchemaState:
    scripts = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    if current is None:
        return SchemaState.HALF_APPLIED if _present(connection) else SchemaState.EMPTY
    if current not in {script.revision for script in scripts.walk_revisions()}:
        return SchemaState.NEWER
    if current != scripts.get_current_head():
        return SchemaState.BEHIND
    return SchemaState.UP_TO_DATE if _is_complete(connection) else SchemaState.HALF_APPLIED


def _present(connection: Connection) -> set[str]:
    return set(METADATA.tables) & set(inspect(connection).get_table_names())


def _is_complete(connection: Connection) -> bool:
    tables = METADATA.tables
    if _present(connection) != set(tables):
        return False
    columns = inspect(connection).get_multi_columns(filter_names=list(tables))
    there = {key[1]: {column["name"] for column in found} for key, found in columns.items()}
    return all(set(table.columns.keys()) <= there[name] for name, table in tables.items())
