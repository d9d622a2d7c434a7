"""Tables and migrations say the same, and a database says which version it has."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

import storage.migrations
from bot.ports import StoreError
from storage.database import Database, open_database
from storage.schema import VERSION_TABLE, SchemaState, migrate, migration_options, require_schema, schema_state
from storage.tables import IS_DUE, IS_OPEN, METADATA, OWES_REVIEW


def state_of(url: str) -> SchemaState:
    database = open_database(url)
    try:
        return schema_state(database)
    finally:
        database.close()


def execute(url: str, statement: str) -> None:
    database = open_database(url)
    with database.engine.begin() as connection:
        connection.execute(text(statement))
    database.close()


def test_migrations_make_the_tables_of_this_version(database: Database) -> None:
    with database.engine.connect() as connection:
        options = migration_options() | {"compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), METADATA) == []


def test_migrations_make_the_partial_indexes_of_this_version(database: Database) -> None:
    if database.is_sqlite:
        listing = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    else:
        listing = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    with database.engine.connect() as connection:
        made = {name: str(definition) for name, definition in connection.execute(text(listing))}
    expected = {"request_one_open_per_group": IS_OPEN, "surface_due": IS_DUE, "request_owing_review": OWES_REVIEW}
    for name, condition in expected.items():
        assert _words(condition) <= _words(made[name])


def _words(sql: str) -> set[str]:
    """PostgreSQL prints a condition in its own way; the names and values in it are the same."""
    kept = "".join(c if c.isalnum() or c in "_'<" else " " for c in sql)
    return set(kept.replace("'", " ").split()) - {"IN", "AND", "NOT", "OR"}


def test_every_index_and_key_is_there(database: Database) -> None:
    inspector = inspect(database.engine)
    for name, table in METADATA.tables.items():
        assert {index.name for index in table.indexes} <= {index["name"] for index in inspector.get_indexes(name)}
        assert inspector.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]


def test_an_empty_database_is_migrated_once(empty_url: str) -> None:
    assert state_of(empty_url) is SchemaState.EMPTY
    migrate(empty_url)
    assert state_of(empty_url) is SchemaState.UP_TO_DATE
    migrate(empty_url)
    assert state_of(empty_url) is SchemaState.UP_TO_DATE


def test_two_release_phases_at_once_do_not_collide(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, [empty_url] * 4))
    assert state_of(empty_url) is SchemaState.UP_TO_DATE


def test_a_database_of_a_newer_version_is_left_alone(url: str) -> None:
    execute(url, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    assert state_of(url) is SchemaState.NEWER
    with pytest.raises(StoreError, match="newer version"):
        migrate(url)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE surface",
        "ALTER TABLE surface DROP COLUMN last_error",
        f"DELETE FROM {VERSION_TABLE}",
    ],
)
def test_a_half_applied_migration_is_told_and_not_continued(empty_url: str, statement: str) -> None:
    migrate(empty_url)
    execute(empty_url, statement)
    assert state_of(empty_url) is SchemaState.HALF_APPLIED
    with pytest.raises(StoreError, match="only in part"):
        migrate(empty_url)


def test_a_process_does_not_start_on_a_database_without_tables(empty_url: str) -> None:
    database = open_database(empty_url)
    with pytest.raises(StoreError, match="failover-bot migrate"):
        require_schema(database)
    database.close()


def test_foreign_tables_beside_ours_are_left_alone(empty_url: str) -> None:
    execute(empty_url, "CREATE TABLE workflow_status (workflow_uuid text)")
    assert state_of(empty_url) is SchemaState.EMPTY
    migrate(empty_url)
    assert state_of(empty_url) is SchemaState.UP_TO_DATE


def test_a_migration_only_adds_so_that_an_older_process_keeps_running() -> None:
    versions = Path(storage.migrations.__path__[0]) / "versions"
    steps = [(file.name, word) for file in versions.glob("m*.py") for word in _operations(file)]
    assert {"create_table", "create_index"} <= {word for _, word in steps}
    assert [step for step in steps if step[1].startswith(("drop_", "alter_", "rename_", "batch_"))] == []


def _operations(file: Path) -> list[str]:
    calls = [node.func for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
    return [call.attr for call in calls if isinstance(call, ast.Attribute) and ast.unparse(call.value) == "op"]
