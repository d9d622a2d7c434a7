"""SIGTERM in each phase of a run: the process ends within ten seconds, the others go on, and there is one POST."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.app import migrate_database
from bot.demo.sdrs import Pace
from tests.chaos.monkey import pid_of, watching
from tests.chaos.seen import asks
from tests.chaos.visitors import visitors
from tests.many.site import Site, site
from tests.many.test_procfile import ENDS_WITHIN_SECONDS

PACE = Pace(reverse_seconds=2, sub_job_seconds=0.5, stop_seconds=1.5, start_seconds=1.5, other_seconds=0.3)
Row = dict[str, Any]


def running(step: str) -> Callable[[Row], bool]:
    return lambda run: any(one["step"] == step and one["state"] == "running" for one in run["steps"])


PHASES: dict[str, Callable[[Row], bool]] = {
    "stop": running("stop"),
    "order on its way": lambda run: run["fenced"] and not run["job_id"],
    "job": lambda run: bool(run["job_id"]) and running("reverse")(run),
    "start": running("start"),
}


def run_of(url: str, request_id: str) -> Row | None:
    query = (
        "SELECT body_json, executor, job_id, EXISTS (SELECT 1 FROM attempt WHERE request_id = run.request_id) AS fenced"
        " FROM run WHERE request_id = :id"
    )
    with watching(url) as connection:
        row = connection.execute(sa.text(query), {"id": request_id}).mappings().first()
        holder = connection.scalar(
            sa.text("SELECT executor_id FROM dbos.workflow_status WHERE workflow_uuid LIKE :id AND status = 'PENDING'"),
            {"id": f"run-{request_id}-%"},
        )
    return {**json.loads(row["body_json"]), **row, "pid": pid_of(holder or "")} if row else None


async def reached(url: str, request_id: str, phase: Callable[[Row], bool]) -> Row:
    async with asyncio.timeout(40):
        while True:
            run = await asyncio.to_thread(run_of, url, request_id)
            if run and run["pid"] and phase(run):
                return run
            await asyncio.sleep(0.03)


async def stop_holder(here: Site, pid: int) -> None:
    holder = next(child for child in here.children if child.pid == pid and child.is_running)
    assert await holder.stop() < ENDS_WITHIN_SECONDS, holder.words[-3000:]
    assert holder.process is not None
    assert holder.process.returncode == 0, holder.words[-3000:]


async def test_f23_sigterm_in_each_phase_loses_nothing(empty_postgres_url: str, tmp_path: Path) -> None:
    url = empty_postgres_url
    await asyncio.to_thread(migrate_database, url)
    async with site(url, tmp_path, pace=PACE, groups=len(PHASES)) as here:
        await here.started("worker")
        async with visitors(here.facts, here.environment) as people:
            for number, phase in enumerate(PHASES):
                await here.started("worker")
                group = next(iter(here.cloud.world.projects.values())).group(f"pg-{number:05d}")
                if phase == "order on its way":
                    await _slow_order(here)
                request_id = await people.ask({"id": group.id, "priority_station": "source"})
                seeing = asyncio.create_task(people.see_through(request_id))
                run = await reached(url, request_id, PHASES[phase])
                await stop_holder(here, run["pid"])
                assert (await asyncio.wait_for(seeing, 60)).state == "verified", (phase, here.last_words())
        assert here.posts() == len(PHASES)
        assert {ask.state for ask in asks(url)} == {"verified"}


async def _slow_order(here: Site) -> None:
    from bot.demo.sdrs import Fault

    here.cloud.faults.add(Fault(match="POST .*/server-groups/[^/]+/action", answer_delay_seconds=2.0, times=1))
