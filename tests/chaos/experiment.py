"""One run of chaos from its seed to its figures."""

from __future__ import annotations

import asyncio
import random
import secrets as entropy
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bot.app import migrate_database
from tests.chaos.crew import Child, Crew, environment_of
from tests.chaos.invariants import violations
from tests.chaos.monkey import Monkey, Wounds, watching
from tests.chaos.outside import Facts, Outside, outside
from tests.chaos.seen import Seen, gather
from tests.chaos.takeovers import Takeovers
from tests.chaos.visitors import Visitors, visitors
from tests.postgres import PostgresServer

CANARY = "canary-of-the-database-7f3a"
SETTLE_SECONDS = 180.0
AT_ONCE = 12
COUNTED = frozenset({"card", "end", "incident", "login"})  # a person would see that these are there twice


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    seed: int
    seconds: float
    requests: int  # to begin with; more follow as long as the time lasts, when `goes_on`
    workers: int = 3
    on_sqlite: bool = False
    goes_on: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    plan: Plan
    seen: Seen
    wounds: Wounds
    takeovers: Takeovers
    exits: Counter[int]
    settle_seconds: float
    found: tuple[str, ...]

    @property
    def figures(self) -> dict[str, object]:
        asks, posts = self.seen.asks, Counter(len(self.seen.reversals(ask)) for ask in self.seen.asks)
        shown = Counter((one.request_id, one.place) for one in self.seen.messages)
        doubled = Counter(_kind(place) for (_, place), times in shown.items() if times > 1 and _kind(place) in COUNTED)
        sent = {number: posts[number] for number in sorted(posts)}
        return {
            "seed": self.plan.seed,
            "database": "SQLite" if self.plan.on_sqlite else "PostgreSQL",
            "requests": len(asks),
            "ends": dict(Counter(ask.state for ask in asks)),
            "kills": self.wounds.kills,
            "frozen": self.wounds.freezes,
            "aimed at an order on its way": self.wounds.aimed,
            "database crashes": self.wounds.crashes,
            "Slack outages": self.wounds.outages,
            "armed faults of cloud and Slack": self.wounds.faults,
            "exit codes": dict(self.exits),
            "requests by number of POSTs": sent,
            "lost": len([ask for ask in asks if ask.state in ("pending", "approved", "running")]),
            "final messages shown twice": dict(doubled),
            "final messages that are missing": self.missing,
            "takeover by a survivor": spread(self.takeovers.seconds),
            "takeover after all were dead": spread(self.takeovers.with_nobody_there),
            "takeover while the database was down": spread(self.takeovers.with_database_down),
            "runs left with the dead": self.takeovers.never,
            "from request to end": spread(self.lives),
            "seconds to settle": round(self.settle_seconds, 1),
            "violations": list(self.found),
        }

    @property
    def lives(self) -> list[float]:
        spans = (self.seen.life(ask) for ask in self.seen.asks)
        return [(ended - began).total_seconds() for began, ended in spans if ended]

    @property
    def missing(self) -> int:
        """Ended requests without an end card, or moved ones without login guidance."""
        shown = {(one.request_id, one.kind) for one in self.seen.messages}
        ended = [ask.id for ask in self.seen.asks if ask.state in ("verified", "unverified", "partly", "failed")]
        moved = [ask.id for ask in self.seen.asks if ask.state in ("verified", "partly")]
        lacking = [(id_, "end") for id_ in ended] + [(id_, "login") for id_ in moved]
        return len([one for one in lacking if one not in shown])


def _kind(place: str) -> str:
    return place.partition(":")[0]


def spread(seconds: list[float]) -> str:
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    p50 = ordered[len(ordered) // 2]
    return f"n={len(ordered)} p50={p50:.2f} s p99={p99:.2f} s max={ordered[-1]:.2f} s"


def new_seed() -> int:
    return entropy.randbelow(1_000_000)


@asynccontextmanager
async def database(plan: Plan, place: Path) -> AsyncIterator[tuple[str, PostgresServer | None]]:
    """A migrated one, and the server that can be crashed."""
    if plan.on_sqlite:
        url = f"sqlite:///{place / 'bot.sqlite'}"
        await asyncio.to_thread(migrate_database, url)
        yield url, None
        return
    server = PostgresServer(durable=True)
    await asyncio.to_thread(server.start)
    try:
        url = server.url().replace("postgres@", f"postgres:{CANARY}@")
        await asyncio.to_thread(migrate_database, url)
        yield url, server
    finally:
        await asyncio.to_thread(server.remove)


async def experiment(plan: Plan, place: Path) -> Outcome:
    async with database(plan, place) as (url, server), outside(groups=plan.requests, rooms=plan.requests) as world:
        environment = environment_of(world.facts, place, url)
        role = "run" if plan.on_sqlite else "worker"
        number = 1 if plan.on_sqlite else plan.workers
        crew = Crew([Child((role,), environment, place / f"{role}-{n}.log") for n in range(1, number + 1)])
        monkey = Monkey(crew, world, url, random.Random(plan.seed), server)
        takeovers = Takeovers(url, monkey.wounds)
        async with visitors(world.facts, environment) as people, crew.on_duty():
            watcher = asyncio.create_task(takeovers.watch())
            began = asyncio.create_task(_visit(plan, world, people))
            await crew.children[0].until(200)
            await monkey.rage(plan.seconds)
            settle_seconds = await _settled(began, url)
            watcher.cancel()
            exits = Counter(crew.exits)
        seen = await gather(world, url, [child.log for child in crew.children], canaries(environment))
    return Outcome(
        plan=plan,
        seen=seen,
        wounds=monkey.wounds,
        takeovers=takeovers,
        exits=exits,
        settle_seconds=settle_seconds,
        found=tuple(violations(seen)),
    )


def canaries(environment: Mapping[str, str]) -> dict[str, str]:
    names = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "OS_PASSWORD")
    return {"the database's password": CANARY} | {name: environment[name] for name in names}


async def _visit(plan: Plan, world: Outside, people: Visitors) -> None:
    """Each group is asked for once, some at a time; in a long run again and again, forth and back."""
    lanes = asyncio.Semaphore(AT_ONCE)
    ends_at = time.monotonic() + plan.seconds
    groups = [group for group in await world.groups() if group["name"][3:].isdigit()]

    async def stay(group: Facts) -> None:
        async with lanes:
            await people.see_through(await people.ask(group))

    await asyncio.gather(*map(stay, groups))
    while plan.goes_on and time.monotonic() < ends_at:
        groups = [group for group in await world.groups() if group["name"][3:].isdigit()]
        fit = [group for group in groups if group["status"] == "protected"]
        await asyncio.wait([asyncio.create_task(stay(group)) for group in fit], timeout=ends_at - time.monotonic() + 30)


async def _settled(visit: asyncio.Task[None], url: str) -> float:
    """Everything has come to its end and Slack shows it, or the patience is over: the checker says what is missing."""
    began = time.monotonic()
    await asyncio.wait([visit], timeout=SETTLE_SECONDS)
    if visit.done():
        visit.result()
    visit.cancel()
    while time.monotonic() - began < SETTLE_SECONDS and await asyncio.to_thread(_owed, url):  # noqa: ASYNC110  # rows
        await asyncio.sleep(0.3)
    return time.monotonic() - began


def _owed(url: str) -> int:
    """Open runs and messages that Slack does not show yet."""
    query = (
        "SELECT (SELECT count(*) FROM request WHERE state IN ('pending', 'approved', 'running'))"
        " + (SELECT count(*) FROM surface WHERE rendered < wanted AND NOT is_dead)"
    )
    with watching(url) as connection:
        return int(connection.scalar(sa.text(query)) or 0)
