"""How the command line speaks: sentences on stderr when something is wrong, tables on stdout when it is not."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

    from bot.config import Settings

T = TypeVar("T")
USAGE_ERROR = 2


def stop_with(*sentences: str, code: int = 1) -> NoReturn:
    for sentence in sentences:
        print(sentence, file=sys.stderr)
    sys.exit(code)


def user_id(text: str) -> str:
    """A name instead of an id would be looked up in vain, or kept for nobody."""
    from bot.policy_file.shapes import ACCOUNT

    if not re.fullmatch(ACCOUNT, text):
        stop_with(
            f"“{harmless(text)}” is no user id. Nothing was done. Write U… or T…/U… of Slack, or operator/NAME. "
            "A Slack profile shows the id under More → Copy member ID.",
            code=USAGE_ERROR,
        )
    return text


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


def policy_file() -> Path:
    """Where the policy lies, for commands that need nothing else."""
    return Path(os.environ.get("FAILOVER_POLICY") or "policy.toml")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end on uvloop where there is one. Ctrl-C ends quietly, with exit status 130."""
    try:
        import uvloop
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        try:
            return runner.run(work)
        except (KeyboardInterrupt, asyncio.CancelledError):
            sys.exit(130)


async def clearing_up(work: Coroutine[Any, Any, T]) -> T:
    """Ctrl-C and SIGTERM cancel `work` once and wait for its end: an impatient second one must leave no child."""
    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def end() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    with suppress(NotImplementedError):  # Windows' loop knows no signals; there Ctrl-C alone is enough
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, end)
    return await task


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[str]], *, empty: str = "none") -> None:
    """The cells are text, whatever they hold: neither markup nor control characters do anything.

    Nothing to show is said in words: nobody must wonder whether something is missing.
    """
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    if not rows:
        print(f"{title}: {empty}")
        return
    drawn = Table(*columns, title=title, title_justify="left")
    for row in rows:
        drawn.add_row(*(Text(harmless(cell)) for cell in row))
    console().print(drawn)


def console() -> Console:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 140, highlight=False)


def harmless(text: str) -> str:
    """What others wrote, on one line, without anything that a terminal would obey or that turns letters around."""
    return "".join(filter(str.isprintable, text.strip().replace("\n", " ⏎ ")))
