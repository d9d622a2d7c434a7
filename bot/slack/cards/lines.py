"""The lines of the decision card, one function each; the second step of an approval repeats some of them."""

from __future__ import annotations

from collections import Counter

from bot.domain.facts import Known, Os, Power, ProtectedInstance, ReplicationPair, Site
from bot.domain.preflight import Finding, Level
from bot.domain.request import Request
from bot.ports import History
from bot.slack.escape import code, mention, mrkdwn, names, plain, when
from bot.slack.texts import estimate
from bot.slack.words import OS, count

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
    pairs = request.snapshot.pairs
    broken = [pair for pair in pairs if pair_trouble(pair)]
    if not pairs:
        return "Replication: no pairs"
    if not broken:
        return f"Replication: {len(pairs)}/{len(pairs)} pairs active, 100 %, no fault"
    told = names([f"{pair.name} ({pair_trouble(pair)})" for pair in broken], 500)
    return f"Replication: {len(pairs) - len(broken)}/{len(pairs)} pairs in sync; {told}"


def pair_trouble(pair: ReplicationPair) -> str:
    """Why a pair is not in sync, or nothing. The group's own fields may be null: only the pairs tell."""
    if pair.fault_level not in ("0", ""):
        return {"2": "production disk lost", "5": "replication link broken"}.get(
            pair.fault_level, f"fault {pair.fault_level}"
        )
    if pair.replication_status != "active":
        return pair.replication_status or "no status"
    return "" if pair.progress >= 100 else f"{pair.progress} %"


def servers(request: Request) -> str:
    instances = request.snapshot.instances
    powers = Counter(_power(instance, request.to.other) for instance in instances)
    stop = ", will be stopped" if request.options.stop_servers and powers[Power.ON] else ""
    parts = [f"{powers[Power.ON]} running{stop}", f"{powers[Power.OFF]} off"]
    unclear = len(instances) - powers[Power.ON] - powers[Power.OFF]
    if unclear:
        parts.append(f"{unclear} changing or unknown")
    mix = ", ".join(f"{number} {OS[os]}" for os, number in Counter(i.os for i in instances).most_common())
    return f"Servers: {len(instances)} ({'; '.join(parts)}){' · ' + mix if mix else ''}"


def _power(instance: ProtectedInstance, site: Site) -> Power:
    server = instance.server_at(site)
    return server.power if server else Power.UNKNOWN


def outage(history: History) -> str:
    return f"Outage estimate: {estimate(history.outages)}"


def login_warning(request: Request) -> str:
    """Only Windows with Cloudbase-Init changes its password, and only what is not known to be without it may."""
    instances = request.snapshot.instances
    windows = sum(1 for i in instances if i.os is Os.WINDOWS and i.cloudbase_init is not Known.NO)
    unknown = sum(1 for i in instances if i.os is Os.UNKNOWN)
    told = []
    if windows:
        told.append(f"{count(windows, 'Windows server')}: the password may differ after the first failover")
    if unknown:
        told.append(f"{count(unknown, 'server')} with an unknown OS: read the guidance before you log in")
    return f"Logins: {'; '.join(told) or 'no server is known to change its password'}"


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
