"""One piece of evidence, and the two forms in which pieces leave: lines for programs, cells for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime

COLUMNS = ("kind", "at", "who", "what", "outcome", "reference", "facts")
# Spreadsheets take a cell that begins with one of these for a formula. https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One piece of evidence. `what` is a sentence, `reference` where it can be looked up, `facts` the raw values."""

    kind: str
    what: str
    at: datetime | None = None
    who: str = ""
    outcome: str = ""
    reference: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    def cells(self) -> tuple[str, ...]:
        facts = json.dumps(self.facts, default=str, ensure_ascii=False, sort_keys=True) if self.facts else ""
        return (self.kind, stamp(self.at), self.who, self.what, self.outcome, self.reference, facts)


def stamp(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else ""


def as_jsonl(items: Iterable[Item]) -> Iterator[str]:
    """One JSON object per line."""
    for item in items:
        values = {**asdict(item), "at": stamp(item.at)}
        yield json.dumps(values, default=str, ensure_ascii=False) + "\n"


def as_csv(items: Iterable[Item]) -> Iterator[str]:
    """With a header line; no cell is ever a formula."""
    yield _csv_line(COLUMNS)
    for item in items:
        yield _csv_line(item.cells())


def _csv_line(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerow(map(_harmless, cells))
    return line.getvalue()


def _harmless(cell: str) -> str:
    """An apostrophe in front turns a would-be formula into text; blanks before the sign don't hide it."""
    return f"'{cell}" if cell.lstrip(" ").startswith(FORMULA_SIGNS) else cell
