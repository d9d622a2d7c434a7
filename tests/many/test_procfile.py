"""The Procfile as it stands: migrations first, then two web and two worker processes, for both ways of Slack."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from bot.demo.stage import free_port
from bot.execution.stage import Stage
from bot.metrics import COUNTERS, GAUGES, TIMINGS
from tests.chaos.seen import asks, dump
from tests.many.site import Balancer, Site, by_procfile, procfile, site

ENDS_WITHIN_SECONDS = 10


async def one_after_the_other(here: Site, names: tuple[str, ...], ports: list[int]) -> None:
    """A rolling restart: each process gets its SIGTERM, ends in time, and its successor takes its place."""
    for name, port, old in list(zip(names, ports, here.children[1:], strict=False)):
        assert await old.stop() < ENDS_WITHIN_SECONDS, old.words[-3000:]
        new = by_procfile(here, name, port)
        await new.start()
        await new.until(200)


@pytest.mark.parametrize("over_http", [False, True], ids=["socket mode", "signed http"])
async def test_two_of_each_serve_people_through_a_rolling_restart(
    empty_postgres_url: str, tmp_path: Path, over_http: bool
) -> None:
    assert set(procfile()) == {"release", "web", "worker"}
    names, ports = ("web", "web", "worker", "worker"), [free_port() for _ in range(4)]
    async with AsyncExitStack() as stack:
        balancer = await stack.enter_async_context(Balancer(ports[:2]).open())
        request_url = f"{balancer}/slack/events" if over_http else None
        here = await stack.enter_async_context(site(empty_postgres_url, tmp_path, request_url=request_url))
        release = by_procfile(here, "release")
        await release.start()
        assert await release.ended() == 0, release.words
        for name, port in zip(names, ports, strict=True):
            await by_procfile(here, name, port).start()
        await asyncio.gather(*(child.until(200) for child in here.children[1:]))
        play = here.evening
        if not over_http:
            await play.see(lambda: here.cast.slack.connections(here.cast.app) == 4)
        first = await play.ask("pg-erp")
        assert "Approved" in await play.approve(first) or here.posts()
        await one_after_the_other(here, names, ports)
        assert "VERIFIED" in await play.ended(first, 60)
        assert here.posts() == 1
        if not over_http:
            await play.see(lambda: here.cast.slack.connections(here.cast.app) == 4)
        second = await play.ask("pg-crm")
        await play.approve(second)
        assert "VERIFIED" in await play.ended(second, 60)
        assert here.posts() == 2
        assert {ask.state for ask in asks(empty_postgres_url)} == {"verified"}
        assert Counter(ack.error for ack in here.cast.slack.acks if ack.kind != "events_api") == {
            None: len([ack for ack in here.cast.slack.acks if ack.kind != "events_api"])
        }
        await figures_are_there(here)
        logs_name_their_request_and_no_secret(here, empty_postgres_url)


async def figures_are_there(here: Site) -> None:
    """Every figure is declared by every process; those that a web or a worker process must have seen are not zero."""
    web, worker = [child for child in here.children if child.is_running][::2]
    shown = [await web.metrics(), await worker.metrics()]
    for name in (*COUNTERS, *GAUGES, *TIMINGS):
        assert all(f"# TYPE failover_{name}" in text for text in shown), name
    assert 'failover_ack_seconds_count{kind="slash_commands"}' in "".join(
        [await child.metrics() for child in here.children if child.is_running]
    )
    for text in shown:
        for state in ("pending", "approved", "running", "needs_person"):
            assert f'failover_requests{{state="{state}"}}' in text
        for name in ("runs_alive", "oldest_step_seconds", "takeovers", "posts", "unclear_outcomes"):
            assert f"failover_{name}" in text
        assert "failover_projection_lag_seconds " in text
        assert "failover_slack_call_seconds_count{" in text
    assert "failover_cloud_call_seconds_count{" in "".join(shown)


def logs_name_their_request_and_no_secret(here: Site, url: str) -> None:
    """I6 for logs, tables and journal; and who looks for a request or a run in the logs finds its story."""
    secrets = [here.environment[name] for name in ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "OS_PASSWORD")]
    written = {child.log.name: child.words for child in here.children} | dump(url)
    assert [(where, secret) for where, text in written.items() for secret in secrets if secret in text] == []
    lines = [line for child in here.children for line in child.words.splitlines() if child.arguments != ("release",)]
    told = [json.loads(line) for line in lines if line.startswith("{")]
    assert all(one["event"] for one in told)
    of_runs = [one for one in told if "run" in one]
    assert all(one["run"].startswith(f"run-{one['request_id']}-") for one in of_runs)
    for ask in asks(url):
        done = {one["event"].partition(" ")[0] for one in of_runs if one["request_id"] == ask.id}
        assert set(Stage) - {Stage.OVER} <= done, f"{ask.id}: the log names its stages as they are done"
