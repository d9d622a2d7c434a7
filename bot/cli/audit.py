"""`failover-bot audit`: is the record untouched, who did what about one request, and all of it for the auditor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated

import typer

from bot.cli.say import USAGE_ERROR, run, stop_with

if TYPE_CHECKING:
    from bot.domain.audit import Recorded
    from bot.domain.request import RequestId
    from bot.evidence import Case, Item
    from storage.unit_of_work import SqlStore

app = typer.Typer(no_args_is_help=True)
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


@app.command()
def verify() -> None:
    """Recompute the hash of every audit row. Exit status 1 and the first broken number when one was touched."""
    from bot.cli.reading import opened_store

    with opened_store() as store:
        verdict = run(store.verify_audit())
    if not verdict.is_intact:
        stop_with(f"Broken at row {verdict.broken_at}. {verdict.sentence}")
    typer.echo(verdict.sentence)


@app.command()
def show(request: str = typer.Argument(help="The request's id, e.g. FR-7K2M9QXA.")) -> None:
    """Who asked, who approved, from where, and what then happened: one request on one page."""
    from bot.cli.audit_page import print_case

    print_case(_case(request))


@app.command()
def export(
    request: str = typer.Argument("", help="The request's id. Without it everything since --since."),
    format: Annotated[Format, typer.Option(help="csv for spreadsheets, jsonl for programs.")] = Format.JSONL,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A new file. Without it: standard output.")
    ] = None,
    since: str = typer.Option("", help="A date, a time (UTC unless it says otherwise), or an age such as 7d."),
) -> None:
    """The evidence pack of one request, or of all that were touched since a moment."""
    from bot.evidence import as_csv, as_jsonl

    if bool(request) == bool(since):
        stop_with("Name one request, or a moment with --since. Nothing was exported.", code=USAGE_ERROR)
    items = _pack(_case(request)) if request else _everything(moment(since))
    with _target(output) as target:
        for line in (as_csv if format is Format.CSV else as_jsonl)(items):
            target.write(line)
    if output:
        typer.echo(f"Written to {output}.", err=True)


def moment(text: str) -> datetime:
    """`2026-11-01`, `2026-11-01T08:00+01:00`, `7d`. Ends the command when it is none of these."""
    amount, unit = text[:-1], text[-1:]
    if unit in UNITS and amount.isdigit():
        return datetime.now(UTC) - int(amount) * UNITS[unit]
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        stop_with(f"“{text}” is no date and no age. Write 2026-11-01, 2026-11-01T08:00, 12h or 7d.", code=USAGE_ERROR)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _case(request: str) -> Case:
    from bot.cli.reading import look
    from bot.domain.request import RequestId
    from bot.evidence import gather

    case = look(lambda tx: gather(tx, RequestId(request)))
    if case is None:
        stop_with(f"There is no request {request}. `failover-bot status` lists the latest ones.")
    return case


def _pack(case: Case) -> Iterator[Item]:
    from bot.cli.reading import permalinks
    from bot.evidence import guide, items_of

    places = [(message.channel, message.ts) for message in case.messages if message.ts]
    yield from guide()
    yield from items_of(case, permalinks(places))


def _everything(since: datetime) -> Iterator[Item]:
    """The packs of the requests that were touched, then what is about no request."""
    from bot.cli.reading import opened_store
    from bot.evidence import guide, record_item

    yield from guide()
    with opened_store() as store:
        records = [record for record in _records(store) if record.at >= since]
        touched = dict.fromkeys(record.entry.request_id for record in records if record.entry.request_id)
        packed: set[str] = set()
        for request_id in touched:
            for item in _items_of(store, request_id):
                packed.add(request_id)
                yield item
    yield from (record_item(record) for record in records if record.entry.request_id not in packed)


def _records(store: SqlStore) -> Iterator[Recorded]:
    """The whole chain, a page at a time."""
    last = 0
    while page := store.look(lambda tx, after=last: tx.audit.stream(after=after)):  # type: ignore[misc]  # bound now
        yield from page
        last = page[-1].number


def _items_of(store: SqlStore, request_id: RequestId) -> Iterable[Item]:
    from bot.evidence import gather, items_of

    case = store.look(lambda tx: gather(tx, request_id))
    return items_of(case) if case else ()


@contextmanager
def _target(output: Path | None) -> Iterator[IO[str]]:
    """A new file only: evidence is never overwritten."""
    import sys

    if output is None:
        yield sys.stdout
        return
    try:
        file = output.open("x", encoding="utf-8", newline="")
    except FileExistsError:
        stop_with(f"{output} exists already, and evidence is not overwritten. Nothing was exported; name a new file.")
    except OSError as error:
        stop_with(f"{output} cannot be written: {error.strerror}. Nothing was exported.")
    with file:
        yield file
