"""Five approvers who click all at once, as a process of its own: `python -m tests.service.clicker URL REQUEST CLICKS`.

Prints how the clicks were answered, as JSON: `{"Approved": 1, "AlreadyDecided": 24}`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

from bot.domain.people import Account
from bot.domain.policy import Role
from bot.domain.request import RequestId
from bot.execution.engine import open_engine
from bot.execution.queue import RunQueue
from bot.service.approving import approve
from bot.service.clicks import Click
from storage.database import open_database
from tests.service.bench import Bench, audience

FIVE = tuple(Account("", "T1", f"U{number}") for number in range(1, 6))
ONE_OF_FIVE = (Role(name="dr", need=1, who=audience(*(one.user for one in FIVE))),)


def queue_of(url: str) -> RunQueue:
    database = open_database(url)
    try:
        return RunQueue(open_engine(database.url))
    finally:
        database.close()


async def click_at_once(url: str, request_id: str, clicks: int) -> Counter[str]:
    bench = Bench(url, enqueue=queue_of(url).enqueue)
    bench.policies.rule(roles=ONE_OF_FIVE)
    pressed = [
        Click(request_id=RequestId(request_id), revision=1, actor=FIVE[n % 5], surface="button") for n in range(clicks)
    ]
    outcomes = await asyncio.gather(*(approve(bench.desk, click) for click in pressed))
    bench.close()
    return Counter(type(outcome).__name__ for outcome in outcomes)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(click_at_once(sys.argv[1], sys.argv[2], int(sys.argv[3])))))
