"""Fixtures that every part of the tests may use, and how the parts share two cores."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.postgres import _migrated_url, empty_postgres_url, postgres_server, postgres_url

__all__ = ["_migrated_url", "empty_postgres_url", "postgres_server", "postgres_url"]

TESTS = Path(__file__).parent
MANY_PROCESSES = ("benchmarks", "chaos", "many")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What fills a machine with processes runs one after the other on one worker; all else on the other meanwhile."""
    for item in items:
        if item.path.relative_to(TESTS).parts[0] in MANY_PROCESSES:
            item.add_marker(pytest.mark.xdist_group("many processes"))
