"""A worker as a process of its own: the real store, engine and gateway. It can be told to kill or freeze itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace

from bot.cloud.client import Limits
from bot.cloud.gateway import CloudGateway
from bot.execution.execution import Execution, Outside
from bot.execution.takeover import fail_stop
from storage.database import claim_file
from tests.execution.bench import QUICK, Bench, Quiet, SystemClock
from tests.execution.cloud_access import access_to

TIMING = replace(QUICK, unclear_seconds=3.0, submit_seconds=1.0, proof_seconds=1.0, frozen_seconds=1.5)


class Fate:
    """Dies or freezes by a signal of its own at one point; everywhere else it only passes."""

    def __init__(self, point: str, kind: str) -> None:
        self._point, self._signal = point, signal.SIGSTOP if kind == "freeze" else signal.SIGKILL

    def __call__(self, point: str) -> None:
        if point == self._point:
            print(f"at {point}", flush=True)
            os.kill(os.getpid(), self._signal)


async def work(order: dict[str, str]) -> None:
    bench = Bench(order["url"], timing=TIMING)
    claim = claim_file(bench.database)
    gateway = CloudGateway([access_to(order["iam"])], clock=SystemClock(), limits=Limits(total_seconds=1.0))
    timing = replace(TIMING, takeover_seconds=float(order.get("takeover_seconds", TIMING.takeover_seconds)))
    outside = Outside(
        url=bench.database.url.render_as_string(hide_password=False),
        queue=bench.queue,
        store=bench.store,
        cloud=gateway,
        people=bench.people,
        policy_source=bench.policy,
        notifier=Quiet(),
        clock=SystemClock(),
        timing=timing,
        reach=Fate(order.get("point", ""), order.get("kind", "kill")),
        lost=fail_stop,
    )
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with Execution(outside) as execution:
        print(f"ready {execution.id}", flush=True)
        await stopped.wait()
    await gateway.aclose()
    bench.close()
    if claim is not None:
        claim.release()


if __name__ == "__main__":
    asyncio.run(work(json.loads(sys.argv[1])))
