"""The lines of the decision card, one function each; the second step of an approval repeats some of them."""

from __future__ import annotations

from bot.domain.clocks import estimate
from bot.domain.facts import Site
from bot.domain.login import card_line
from bot.domain.preflight import Finding, Level, os_mix, pairs_line, servers_line
from bot.domain.request import Request
from bot.ports import History
from bot.slack.escape import code, mention, mrkdwn, plain, when
from bot.slack.words import count

STAYS = "IP, EIP and MAC addresses move with the servers; DNS is not touched."
WAY_BACK = (
    "Failing back is a second switchover with a similar outage. Cancelling is free until the reversal is submitted."
)


def verb(to: Site) -> str:
    return "Switch over" if to is Site.TARGET else "Switch back"


def headline(request: Request) -> str:
    """Line 1: a sign and a word for the environment, so that no colour has to be told apart."""
    sign = "⚠" if request.environment.upper().startswith("PROD") else "◇"
    badge = "BREAK-GLASS · " if request.break_glass else ""
    return f"{sign} {badge}{mrkdwn(request.environment, 30)} · {verb(request.to)} “{mrkdwn(request.group.name, 80)}”"


def direction(request: Request) -> str:
    from_zone, to_zone = mrkdwn(request.from_zone, 60), mrkdwn(request.to_zone, 60)
    return f"*{from_zone} → {to_zone}* (active now → after) · `priority_station: {request.to}`"


def kind(request: Request) -> str:
    servers = "servers will be stopped" if request.options.stop_servers else "servers must be stopped already"
    after = "" if request.options.start_servers else " Servers stay off afterwards."
    return f"Planned switchover: {servers}, no data loss expected while the pairs are in sync.{after}"


def verdict(request: Request) -> str:
    checked = f"checked {when(request.snapshot.taken_at, '{ago}')}"
    blockers = findings(request, Level.BLOCKER)
    if blockers:
        return f"*BLOCKED:* {_told(blockers)} · {checked}"
    warnings = findings(request, Level.WARNING)
    if warnings:
        return f"*{count(len(warnings), 'warning')}:* {_told(warnings)} · {checked}"
    return f"*READY* · {checked}"


def findings(request: Request, level: Level) -> tuple[Finding, ...]:
    return tuple(finding for finding in request.findings if finding.level is level)


def _told(found: tuple[Finding, ...]) -> str:
    told = [f"{mrkdwn(f.sentence, 240)} {mrkdwn(f.cure, 200)}".strip() for f in found[:4]]
    return " · ".join(told) + (f" … ({len(found) - 4} more)" if len(found) > 4 else "")


def replication(request: Request) -> str:
    return f"Replication: {mrkdwn(pairs_line(request.snapshot), 700)}"


def servers(request: Request) -> str:
    mix = os_mix(request.snapshot)
    told = mrkdwn(servers_line(request.snapshot, request.to, request.options), 400)
    return f"Servers: {told}{' · ' + mix if mix else ''}"


def outage(history: History) -> str:
    return f"Outage estimate: {estimate(history.outages)}"


def login_warning(request: Request, history: History) -> str:
    chosen = request.options.occasion
    told = card_line(request.snapshot.instances, request.to, chosen, history.earlier_failovers)
    return f"Logins: {mrkdwn(told, 300)}"


def origin(request: Request) -> str:
    """Line 11 without the reason, which is the person's own text and stands alone."""
    parts = [f"Requested by {mention(request.requester)} {when(request.created_at)}"]
    if request.ticket:
        parts.append(f"ticket {code(request.ticket, 80)}")
    parts.append(f"starts {when(request.options.start_at)}" if request.options.start_at else "starts on approval")
    return " · ".join(parts)


def reason(request: Request) -> str:
    return f"Why: {plain(request.reason, 800)}"


def plan_code(request: Request) -> str:
    return f"plan {code(request.plan.code, 20)}"
