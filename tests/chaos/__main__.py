"""The long run: `python -m tests.chaos --seconds 300 --seed 7 [--sqlite]`. Exit status 1 when an invariant broke."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.experiment import Plan, experiment, new_seed
from tests.chaos.seen import Seen


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="how long things go wrong")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--requests", type=int, default=60, help="groups that are asked for at the same time")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--sqlite", action="store_true", help="one process on a file instead of workers on PostgreSQL")
    parser.add_argument("--logs", type=Path, default=None, help="where the logs are kept")
    parser.add_argument("--tell", action="store_true", help="print the story of the slowest request")
    given = parser.parse_args()
    plan = Plan(
        seed=new_seed() if given.seed is None else given.seed,
        seconds=given.seconds,
        requests=given.requests,
        workers=given.workers,
        on_sqlite=given.sqlite,
        goes_on=True,
    )
    print(f"seed {plan.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="failover-chaos-") as folder:
        if given.logs:
            given.logs.mkdir(parents=True, exist_ok=True)
        outcome = asyncio.run(experiment(plan, given.logs or Path(folder)))
    for name, value in outcome.figures.items():
        print(f"{name:<40} {value}")
    if given.tell:
        tell(outcome.seen)
    return 1 if outcome.found or outcome.missing else 0


def tell(seen: Seen) -> None:
    """What the audit rows and the messages say about the request that took longest."""
    ask = max(seen.asks, key=lambda one: (seen.life(one)[1] or datetime.now(UTC)) - one.created_at)
    print(f"\n{ask}")
    told = [(row.at, f"{row.entry.action} {row.entry.outcome} {dict(row.entry.detail)}") for row in seen.of(ask)]
    told += [
        (order.at, f"{order.what} {set(order.of)}")
        for order in seen.orders
        if order.of & ({ask.group_id} | ask.servers)
    ]
    told += [(one.at, f"{one.place}: {one.text[:150]}") for one in seen.messages if one.request_id == ask.id]
    for at, what in sorted(told):
        print(f"{at:%H:%M:%S.%f}  {what}")


if __name__ == "__main__":
    sys.exit(main())
