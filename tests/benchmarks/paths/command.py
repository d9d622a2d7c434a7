"""`/failover` to the acknowledgement, and to the modal at Slack: over signed HTTP, and over Socket Mode."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from bot.demo.workspace.rates import RateLimits
from tests.benchmarks.children import Child, environment, free_port, module, python, running
from tests.benchmarks.figures import NOT_INSTALLED, Rounds, Row, Turn, in_turns
from tests.benchmarks.ours.bot import bot
from tests.benchmarks.outside.load import Taken, over_http, over_sockets
from tests.benchmarks.outside.slack import APP_TOKEN, BareSlack, BareSockets
from tests.benchmarks.setting import Setting

OURS, LIMIT, FLASK, ASYNC = "ours", "limit", "Bolt in Flask", "Bolt async"
WORKERS, THREADS = "2", "16"


@asynccontextmanager
async def bare_slack(*, is_limited: bool = False) -> AsyncIterator[BareSlack]:
    slack = BareSlack(limits=RateLimits(time.monotonic) if is_limited else None)
    await slack.start()
    yield slack
    slack.stop()


@asynccontextmanager
async def bare_sockets(slack: BareSlack) -> AsyncIterator[BareSockets]:
    sockets = BareSockets()
    await sockets.start()
    slack.socket_url = sockets.url
    yield sockets
    await sockets.stop()


def has_flask() -> bool:
    return all(importlib.util.find_spec(name) for name in ("flask", "gunicorn"))


async def over_http_rows(setting: Setting) -> list[Row]:
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(bare_slack())
        ports = await _http_contenders(stack, setting, slack)
        return [row for level in setting.levels for row in await _http_level(setting, slack, ports, level)]


async def _http_contenders(stack: AsyncExitStack, setting: Setting, slack: BareSlack) -> dict[str, int]:
    env, folder = environment(**slack.environment()), setting.folder
    ours = await stack.enter_async_context(bot(setting, slack))
    limit = await stack.enter_async_context(running(module("limits.command_http", slack.url), folder, env=env))
    ports = {OURS: int(ours.word), LIMIT: int(limit.word)}
    port = ports[ASYNC] = free_port()
    await stack.enter_async_context(running(module("peers.bolt_async", port), folder, env=env, port=port))
    if has_flask():
        port = ports[FLASK] = free_port()
        await stack.enter_async_context(running(_gunicorn(port), folder, env=env, port=port))
    return ports


def _gunicorn(port: int) -> list[str]:
    options = ("--workers", WORKERS, "--threads", THREADS, "--bind", f"127.0.0.1:{port}", "--log-level", "warning")
    return python("-m", "gunicorn", *options, "tests.benchmarks.peers.bolt_flask:flask_app")


async def _http_level(setting: Setting, slack: BareSlack, ports: Mapping[str, int], level: int) -> list[Row]:
    async def turn(port: int) -> Mapping[str, float]:
        await over_http(port, slack, at_once=level, count=level)  # warms up
        return _kept(await over_http(port, slack, at_once=level, count=setting.commands_at(level)))

    contenders: dict[str, Turn] = {who: partial(turn, port) for who, port in ports.items()}
    seen = await in_turns(contenders, setting.rounds)
    peers = (FLASK, ASYNC)
    return _rows(f"command over HTTP, {level} at once", seen, setting, peers=peers, judged=level == 16, share=0.5)


def _kept(taken: Taken) -> Mapping[str, float]:
    """A contender that loses commands is not fast."""
    if taken.lost > 0.01 * (taken.lost + len(taken.opens)):
        raise RuntimeError(f"{taken.lost} commands were lost, {len(taken.opens)} came through")
    return taken.figures()


def _rows(
    path: str, seen: Rounds, setting: Setting, *, peers: tuple[str, ...], judged: bool, share: float
) -> list[Row]:
    """Acks and modals should be short, throughput should be high; the goals stand for 16 at once."""

    def row(measure: str, goal: str, is_met: bool | None) -> Row:
        shown = {peer: seen.of(peer, measure) if peer in seen.shown else NOT_INSTALLED for peer in peers}
        ours, limit = seen.of(OURS, measure), seen.of(LIMIT, measure)
        return Row(
            path=path,
            measure=measure,
            ours=ours,
            limit=limit,
            peers=shown,
            goal=goal,
            is_met=is_met,
            rounds=setting.rounds,
        )

    def ratio(measure: str) -> float:
        return seen.of(OURS, measure) / seen.of(LIMIT, measure)

    def beats_peers() -> bool:
        mine = seen.of(OURS, "commands/s")
        return all(mine >= 2 * seen.of(peer, "commands/s") for peer in peers if peer in seen.shown)

    with_peers = share == 0.5
    rate_goal = f"≥ {share} × limit" + (", ≥ 2 × each peer" if with_peers else "")
    rate_met = ratio("commands/s") >= share and (beats_peers() or not with_peers)
    is_http = "HTTP" in path
    return [
        row(
            "ack p50, ms",
            "≤ 2 × limit" if judged and is_http else "",
            _met(ratio("ack p50, ms") <= 2, judged and is_http),
        ),
        row(
            "ack p99, ms",
            "≤ 5 × limit" if judged and is_http else "",
            _met(ratio("ack p99, ms") <= 5, judged and is_http),
        ),
        row("open p50, ms", "", None),
        row("open p99, ms", "", None),
        row("commands/s", rate_goal if judged else "", _met(rate_met, judged)),
    ]


def _met(is_met: bool, is_judged: bool) -> bool | None:
    return is_met if is_judged else None


async def over_socket_rows(setting: Setting) -> list[Row]:
    """Each contender has a Slack of its own: connections of different apps don't mix."""
    async with AsyncExitStack() as stack:
        contenders = {}
        for who in (OURS, LIMIT, ASYNC):
            slack = await stack.enter_async_context(bare_slack())
            sockets = await stack.enter_async_context(bare_sockets(slack))
            await stack.enter_async_context(_socket_contender(who, setting, slack))
            contenders[who] = (slack, sockets)
        return [row for level in setting.levels for row in await _socket_level(setting, contenders, level)]


@asynccontextmanager
async def _socket_contender(who: str, setting: Setting, slack: BareSlack) -> AsyncIterator[Child]:
    env = environment(**slack.environment(), SLACK_APP_TOKEN=APP_TOKEN)
    commands = {
        LIMIT: module("limits.command_socket", slack.url, slack.socket_url),
        ASYNC: module("peers.bolt_async", "--socket"),
    }
    if who == OURS:
        async with bot(setting, slack, SLACK_APP_TOKEN=APP_TOKEN) as child:
            yield child
    else:
        async with running(commands[who], setting.folder, env=env) as child:
            yield child


async def _socket_level(
    setting: Setting, contenders: Mapping[str, tuple[BareSlack, BareSockets]], level: int
) -> list[Row]:
    async def turn(slack: BareSlack, sockets: BareSockets) -> Mapping[str, float]:
        await over_sockets(sockets, slack, at_once=level, count=level)
        return _kept(await over_sockets(sockets, slack, at_once=level, count=setting.commands_at(level)))

    turns: dict[str, Turn] = {who: partial(turn, *ends) for who, ends in contenders.items()}
    seen = await in_turns(turns, setting.rounds)
    path = f"command over Socket Mode, {level} at once"
    return _rows(path, seen, setting, peers=(ASYNC,), judged=level == 16, share=0.45)
