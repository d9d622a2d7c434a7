"""How large and how long a benchmark is: full by default, tiny for the smoke test, so that both run the same code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.postgres import PostgresServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Counts and lengths of everything. `folder` holds databases and logs of one run."""

    folder: Path
    rounds: int = 3
    most_seconds: float = 240.0  # of one path: one that hangs has failed, and the others go on
    levels: tuple[int, ...] = (1, 16, 64)  # commands at once
    commands: int = 1200  # per round and level; a tenth of it one by one
    approvals: int = 12  # one by one, per round
    burst: int = 100
    job_counts: tuple[int, ...] = (100, 1000, 5000)
    peer_jobs: int = 1000
    poll_seconds: float = 5.0
    looks: int = 1  # at each job, per round of following; at few jobs twice as many, for the clock's grain
    words_jobs: int = 1000
    words_ends: int = 40
    kills: int = 30
    killed_jobs: int = 20
    starts: int = 3
    search_groups: int = 10_000
    searches: int = 300
    card_servers: int = 500
    cards: int = 50
    history: int = 100_000
    audit_rows: int = 1_000_000
    history_looks: int = 60
    slow_cloud_seconds: float = 5.0
    databases: tuple[str, ...] = ("postgresql", "sqlite")
    server: PostgresServer | None = None  # one that runs already; else each benchmark starts a durable one

    def commands_at(self, level: int) -> int:
        return max(level, self.commands // 10 if level == 1 else self.commands)


def tiny(folder: Path, server: PostgresServer) -> Setting:
    return Setting(
        folder=folder,
        server=server,
        rounds=1,
        levels=(2,),
        commands=4,
        approvals=1,
        burst=2,
        job_counts=(3, 4),
        peer_jobs=3,
        poll_seconds=0.2,
        looks=3,
        words_jobs=3,
        words_ends=2,
        kills=1,
        killed_jobs=2,
        starts=1,
        search_groups=20,
        searches=3,
        card_servers=20,
        cards=2,
        slow_cloud_seconds=0.2,
        history=20,
        audit_rows=50,
        history_looks=2,
        databases=("sqlite",),
    )
