"""Fixtures that every part of the tests may use."""

from __future__ import annotations

from tests.postgres import _migrated_url, empty_postgres_url, postgres_server, postgres_url

__all__ = ["_migrated_url", "empty_postgres_url", "postgres_server", "postgres_url"]
