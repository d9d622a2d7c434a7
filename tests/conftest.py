"""Fixtures that every part of the tests may use, and how the parts share two cores."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import _migrated_url, empty_postgres_url, postgres_server, postgres_url

__all__ = ["_migrated_url", "empty_postgres_url", "postgres_server", "postgres_url"]

TESTS = Path(__file__).parent
FULL_OF_PROCESSES = ("benchmarks", "chaos", "many")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A room stays on one worker. Those that fill a machine with processes are one room: never two of them at once."""
    for item in items:
        room = item.path.relative_to(TESTS).parts[0]
        item.add_marker(pytest.mark.xdist_group("processes" if room in FULL_OF_PROCESSES else room))
