"""How the command line speaks: sentences on stderr when something is wrong, tables on stdout when it is not."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from bot.config import Settings

T = TypeVar("T")
USAGE_ERROR = 2


def stop_with(*sentences: str, code: int = 1) -> NoReturn:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    sys.exit(code)


def settings() -> Settings:
    """The settings of the environment, or every sentence about what is wrong with them."""
    from bot.config import SettingsProblems, load_settings

    try:
        return load_settings(os.environ)
    except SettingsProblems as problems:
        stop_with(*problems.sentences, code=USAGE_ERROR)


def database_url() -> str:
    """Only the database, for commands that need no Slack and no cloud."""
    return os.environ.get("DATABASE_URL") or "sqlite:///failover-bot.sqlite"


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop where there is one. Ctrl-C ends quietly."""
    try:
        import uvloop
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        try:
            return runner.run(work)
        except KeyboardInterrupt:
            sys.exit(130)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*columns, title=title, title_justify="left")
    for row in rows:
        drawn.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 140).print(drawn)
