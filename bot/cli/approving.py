"""Approving at the prompt in two steps: first the plan is shown, then exactly that plan is approved by its code."""

from __future__ import annotations

from bot.cli.answers import approving
from bot.cli.desk import click
from bot.cli.say import USAGE_ERROR, console, harmless
from bot.domain.clocks import estimate
from bot.domain.facts import Power
from bot.domain.preflight.finding import counted
from bot.domain.request import RequestId
from bot.evidence import stamp, who
from bot.ports import Executor, RequestView
from bot.service.approving import approve, consider
from bot.service.desk import Desk
from bot.service.outcomes import Approved, Done
from bot.service.reading import view

STALE_SECONDS = 30


async def show_plan(desk: Desk, request: str) -> tuple[str, int]:
    """What would happen, line by line, and the words that approve it. An exit status: nothing was approved yet."""
    outcome = await consider(desk, click(request))
    seen = await view(desk, RequestId(request))
    if not isinstance(outcome, Done) or seen is None:
        return approving(outcome) if not isinstance(outcome, Done) else ("There is no such request.", 1)
    for line in lines_of(seen):
        console().print(harmless(line), markup=False, soft_wrap=True)
    accepts = "".join(f" --accept {f.check}" for f in outcome.request.findings if not f.is_blocker)
    code = outcome.request.plan.code
    how = f"failover-bot approve {request} --plan {code}{accepts}"
    return f"Nothing was approved yet. To approve exactly this plan: {how}", USAGE_ERROR


async def approve_plan(desk: Desk, request: str, code: str, accepted: frozenset[str]) -> tuple[str, int]:
    seen = await view(desk, RequestId(request))
    if seen is not None and code.upper() != seen.request.plan.code:
        return (
            f"Request {request} has the plan {seen.request.plan.code} (revision {seen.request.revision}), not {code}. "
            f"Nothing was counted. Look at it: failover-bot approve {request}",
            1,
        )
    revision = seen.request.revision if seen else None
    outcome = await approve(desk, click(request, revision=revision, accepted=accepted))
    sentence, status = approving(outcome)
    if isinstance(outcome, Approved) and outcome.given >= outcome.needed:
        sentence = f"{sentence} {await _who_runs_it(desk)}".strip()
    return sentence, status


async def _who_runs_it(desk: Desk) -> str:
    """An approved request that nobody works on is worth a word."""
    executors, now = await desk.store.read(lambda tx: (tx.executors.known(), tx.now))
    alive = [executor for executor in executors if is_alive(executor, (now - executor.seen_at).total_seconds())]
    return "" if alive else "No process works on runs at the moment: start `failover-bot run` (or `worker`)."


def is_alive(executor: Executor, silent_seconds: float) -> bool:
    return silent_seconds <= STALE_SECONDS


def lines_of(seen: RequestView) -> list[str]:
    """The lines of the card that the second step repeats, and what else one must know without the card."""
    request, plan = seen.request, seen.request.plan
    servers = [instance.server_at(request.to.other) for instance in request.snapshot.instances]
    running = sum(server is not None and server.power is Power.ON for server in servers)
    names = [server.name for server in plan.servers]
    stop = "will be stopped" if plan.stop_servers else "must be stopped already"
    return [
        f"{request.environment} · Switch over “{plan.group_name}”" + (" · BREAK-GLASS" if request.break_glass else ""),
        f"{plan.from_zone} → {plan.to_zone} (active now → after), project {plan.project}",
        f"{counted(len(plan.servers), 'server')} ({running} running, {stop}): {', '.join(names)}",
        f"{counted(len(plan.pair_ids), 'replication pair')}. Outage: {estimate(seen.history.outages)}",
        f"Asked by {who(request.requester)} at {stamp(request.created_at)}: {request.reason}",
        *(f"{finding.level.value} {finding.check}: {finding.sentence} {finding.cure}" for finding in request.findings),
        f"Plan {plan.code}, revision {request.revision}, expires {stamp(request.expires_at)}",
    ]
