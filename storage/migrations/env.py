"""Runs the migrations on the connection that `storage.schema` opened and locked. Alembic loads this file by itself."""

from __future__ import annotations

from alembic import context

from storage.schema import migration_options

context.configure(connection=context.config.attributes["connection"], **migration_options())
with context.begin_transaction():
    context.run_migrations()
