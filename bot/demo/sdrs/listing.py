"""Lists of SDRS: the refusals of `limit` and `offset`, filters that many lists share, and pages made of ready
JSON.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.demo.sdrs.inventory import Document
from bot.demo.sdrs.wire import Answer, Ask, refuse
from bot.demo.sdrs.world import Quirks

T = TypeVar("T")
DEFAULT_LIMIT = 1000
LIMIT_BOUND = 1000  # SDRS.0221: greater than 0 and less than 1000
MOST_IDS = 30
UUID_SHAPE = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    limit: int
    offset: int


def read_page(ask: Ask) -> Page | Answer:
    limit, offset = ask.query.get("limit"), ask.query.get("offset", "0")
    if limit is not None and not (limit.isdecimal() and 0 < int(limit) < LIMIT_BOUND):
        return refuse("SDRS.0221")
    if not offset.isdecimal():
        return refuse("SDRS.0222")
    return Page(limit=int(limit or DEFAULT_LIMIT), offset=int(offset))


def read_ids(ask: Ask, name: str) -> list[str] | Answer | None:
    """A filter like `server_group_ids=["id1","id2"]`: a JSON array of at most 30 ids."""
    text = ask.query.get(name)
    if text is None:
        return None
    try:
        ids = json.loads(text)
    except ValueError:
        return refuse("SDRS.0201")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        return refuse("SDRS.0201")
    return ids if len(ids) <= MOST_IDS else refuse("SDRS.0226")


def answer_page(quirks: Quirks, key: str, items: Sequence[T], ask: Ask, render: Callable[[T], bytes]) -> Answer:
    page = read_page(ask)
    if isinstance(page, Answer):
        return page
    offset = 0 if quirks.repeats_first_page else page.offset
    shown = items[offset : offset + page.limit]
    count = len(items) if quirks.count == "matching" else len(shown)
    body = b'{"count": %d, "%s": [' % (count, key.encode()) + b", ".join(map(render, shown)) + b"]}"
    return Answer(body=body)


def rendered(document: Document) -> bytes:
    return json.dumps(document).encode()


def is_abnormal(status: str) -> bool:
    return status.startswith("error") or status in ("invalid", "fault")
