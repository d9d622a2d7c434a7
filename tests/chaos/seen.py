"""What the outside saw of a run of chaos, gathered once: the cloud's log, Slack's messages, the audit table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.domain.audit import Recorded
from storage.audit import Verdict, pages
from storage.database import open_database
from storage.unit_of_work import SqlStore
from tests.chaos.monkey import watching
from tests.chaos.outside import Facts, Outside, is_reversal

FINAL = frozenset(
    {"verified", "unverified", "partly", "failed", "cancelled"}
    | {"denied", "expired", "withdrawn", "superseded", "unknown"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request as its row stands in the end."""

    id: str
    state: str
    revision: int
    digest: str
    group_id: str
    group_name: str
    to: str
    zones: tuple[str, str]
    requester: str
    servers: frozenset[str]
    plan_digest: str  # computed here, from the plan in the row
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Something that the cloud was asked to do: `reverse`, `start` or `stop`."""

    at: datetime
    what: str
    of: frozenset[str]  # ids of the group or of servers
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One that Slack shows. `place` is `kind:key`, from the metadata by which the bot finds it again."""

    at: datetime
    request_id: str
    place: str
    channel: str
    text: str
    shown: str  # text and blocks

    @property
    def kind(self) -> str:
        return self.place.partition(":")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    asks: tuple[Ask, ...]
    audit: tuple[Recorded, ...]
    chain: Verdict
    orders: tuple[Order, ...]
    messages: tuple[Message, ...]
    direct: Mapping[str, str]  # channel of direct messages -> user
    approvers: frozenset[str]  # accounts
    secrets: Mapping[str, str]  # what it is -> canary
    written: Mapping[str, str]  # where -> everything that was written there

    def of(self, ask: Ask) -> list[Recorded]:
        return [row for row in self.audit if row.entry.request_id == ask.id]

    def moves(self, ask: Ask) -> list[Recorded]:
        return [row for row in self.of(ask) if "after" in row.entry.detail]

    def life(self, ask: Ask) -> tuple[datetime, datetime | None]:
        """From its creation to its end, as the audit table says; None: it has not ended."""
        ends = [row.at for row in self.moves(ask) if row.entry.detail["after"] in FINAL]
        return ask.created_at, ends[0] if ends else None

    def reversals(self, ask: Ask) -> list[Order]:
        """Those of its group that the cloud heard of while this request lived, and until the next one of the group."""
        later = [other.created_at for other in self.asks if other.group_id == ask.group_id]
        until = min((at for at in later if at > ask.created_at), default=None)
        return [
            order
            for order in self.orders
            if order.what == "reverse"
            and ask.group_id in order.of
            and ask.created_at <= order.at
            and (until is None or order.at < until)
        ]


async def gather(outside: Outside, url: str, logs: Iterable[Path], secrets: Mapping[str, str]) -> Seen:
    calls, messages, channels = await outside.calls(), await outside.messages(), await outside.channels()
    database = open_database(url)
    store = SqlStore(database)
    try:
        audit = await store.read(lambda tx: tuple(pages(tx.audit)))  # type: ignore[arg-type]  # the SQL one
        chain = await store.verify_audit()
    finally:
        store.close()
        database.close()
    team = outside.facts["team"]
    written = {f"log {log.name}": log.read_text(errors="replace") for log in logs}
    written |= {"Slack's messages": json.dumps(messages)} | dump(url)
    return Seen(
        asks=asks(url),
        audit=audit,
        chain=chain,
        orders=tuple(order for call in calls if (order := order_of(call))),
        messages=tuple(shown for message in messages if (shown := message_of(message))),
        direct={channel["id"]: channel["im_user"] for channel in channels if channel["is_im"]},
        approvers=frozenset(f"/{team}/{user}" for user in outside.facts["approvers"]),
        secrets=secrets,
        written=written,
    )


def asks(url: str) -> tuple[Ask, ...]:
    with watching(url) as connection:
        rows = connection.execute(sa.text("SELECT * FROM request ORDER BY created_at, id")).mappings()
        return tuple(map(_ask, rows))


def _ask(row: Mapping[Any, Any]) -> Ask:
    plan = json.loads(row["plan_json"])
    canonical = json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    servers = {server[site] for server in plan["servers"] for site in ("source_server_id", "target_server_id")}
    return Ask(
        id=row["id"],
        state=row["state"],
        revision=row["revision"],
        digest=row["digest"],
        group_id=row["group_id"],
        group_name=plan["group_name"],
        to=plan["to"],
        zones=(plan["from_zone"], plan["to_zone"]),
        requester=row["requester"],
        servers=frozenset(servers),
        plan_digest=hashlib.sha256(canonical.encode()).hexdigest(),
        created_at=moment(row["created_at"]),
    )


def order_of(call: Facts) -> Order | None:
    body, at = call["body"], datetime.fromisoformat(call["at"])
    if is_reversal(call):
        to = body["reverse-server-group"].get("priority_station", "")
        return Order(at=at, what="reverse", of=frozenset({call["path"].split("/")[-2]}), to=to)
    if call["method"] == "POST" and isinstance(body, dict):
        for what in ("start", "stop"):
            if f"os-{what}" in body:
                servers = body[f"os-{what}"]["servers"]
                return Order(at=at, what=what, of=frozenset(server["id"] for server in servers))
    return None


def message_of(message: Facts) -> Message | None:
    key = ((message.get("metadata") or {}).get("event_payload") or {}).get("key", "")
    if not key or message["deleted"]:
        return None
    request_id, _, rest = key.partition("/")
    place = rest.rpartition("/")[0]
    return Message(
        at=datetime.fromtimestamp(float(message["ts"]), UTC),
        request_id=request_id,
        place=place,
        channel=message["channel"],
        text=message["text"],
        shown=f"{message['text']} {json.dumps(message['blocks'], ensure_ascii=False)}",
    )


def dump(url: str) -> dict[str, str]:
    """Every table, the engine's as well, as text."""
    found = {}
    with watching(url) as connection:
        inspector = sa.inspect(connection)
        schemas = [None, "dbos"] if url.startswith("postgresql") else [None]
        for schema in schemas:
            for table in inspector.get_table_names(schema=schema):
                rows = connection.execute(sa.select(sa.text("*")).select_from(sa.table(table, schema=schema)))
                found[f"table {table}"] = "\n".join(map(str, rows))
    return found


def moment(value: Any) -> datetime:
    """SQLite gives text without a zone, PostgreSQL a time with one."""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at if at.tzinfo else at.replace(tzinfo=UTC)
