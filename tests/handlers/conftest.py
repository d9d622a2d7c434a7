"""A front per test, with a workspace of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.handlers.front import Front, opened_front
from tests.service.conftest import desk_template, desk_url

__all__ = ["desk_template", "desk_url"]


@pytest.fixture
async def front(desk_url: str) -> AsyncIterator[Front]:
    async with opened_front(desk_url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, as values: drawing tracebacks for a terminal would take most of the time."""
    with capture_logs() as entries:
        yield entries
