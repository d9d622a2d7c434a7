"""The decision card by hand: the same dicts from the same facts, in one function, without builders or escaping."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from bot.slack.cards import Scene

Block = dict[str, Any]


def _date(moment: datetime, style: str = "{date_short_pretty} at {time}") -> str:
    return f"<!date^{int(moment.timestamp())}^{style}|{moment:%Y-%m-%d %H:%M} UTC>"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def _context(text: str) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _button(label: str, action: str, value: str, says: str, **more: str) -> Block:
    text = {"type": "plain_text", "text": label, "emoji": False}
    return {
        "type": "button",
        "text": text,
        "action_id": action,
        "accessibility_label": says,
        "value": value,
        **more,
    }


def _replication(scene: Scene) -> str:
    pairs = scene.request.snapshot.pairs
    sound = sum(
        p.status == "protected" and p.replication_status == "active" and p.progress == 100 and p.fault_level == "0"
        for p in pairs
    )
    return f"Replication: {sound}/{len(pairs)} pairs active, 100 %, no fault"


def _servers(scene: Scene) -> str:
    instances = scene.request.snapshot.instances
    states = Counter(i.at_source.status for i in instances if i.at_source is not None and not i.at_source.task_state)
    kinds = Counter([i.os.value for i in instances])
    words = (("windows", "Windows"), ("linux", "Linux"), ("coreos", "CoreOS"), ("unknown", "of unknown system"))
    mix = ", ".join(f"{kinds[kind]} {word}" for kind, word in words if kinds[kind])
    power = f"{states['ACTIVE']} running, will be stopped; {states['SHUTOFF']} off"
    return f"Servers: {len(instances)} ({power}) · {mix}"


def _logins(scene: Scene) -> str:
    instances = scene.request.snapshot.instances
    kinds = Counter([i.os.value for i in instances if i.dr_started_before.value != "yes"])
    words = (("windows", "Windows"), ("coreos", "CoreOS"), ("unknown", "unknown-system"))
    told = ", ".join(f"{kinds[kind]} {word} servers" for kind, word in words if kinds[kind])
    return f"Logins: {told}: the password may differ after the first failover"


def card_by_hand(scene: Scene) -> tuple[str, list[Block]]:
    """Text and blocks of a request in production that waits, without findings or approvals."""
    request, group = scene.request, scene.request.group
    head = f"⚠ {request.environment} · Switch over “{group.name}”"
    value = f"{request.id}:{request.revision}"
    zones = f"{request.from_zone} → {request.to_zone}"
    code = request.plan.code
    why = {"type": "plain_text", "text": f"Why: {request.reason}", "emoji": False}
    quorum = scene.quorum
    roles = " · ".join(f"{name} {given} of {need}" for name, given, need in quorum.roles)
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": head, "emoji": False}},
        _section(
            f"*{zones}* (active now → after) · `priority_station: {request.to}`\n"
            "Planned switchover: servers will be stopped, no data loss expected while the pairs are in sync.\n"
            f"*READY* · checked {_date(request.snapshot.taken_at, '{ago}')}"
        ),
        _section(f"{_replication(scene)}\n{_servers(scene)}\nOutage estimate: no history yet"),
        _context("IP, EIP and MAC addresses move with the servers; DNS is not touched."),
        _section(_logins(scene)),
        _context(
            "Failing back is a second switchover with a similar outage. "
            "Cancelling is free until the reversal is submitted."
        ),
        _section(
            f"Requested by <@{request.requester.user}> {_date(request.created_at)} · ticket `{request.ticket}`"
            " · starts on approval"
        ),
        {"type": "section", "text": why},
        _section(
            f"*{quorum.given} of {quorum.needed}* · expires {_date(request.expires_at)} · plan `{code}`\n{roles}\n"
            "Can decide: 1 of <@UANNA> and 1 of <!subteam^S1>"
        ),
        {
            "type": "actions",
            "elements": [
                _button("Approve…", "approve", value, f"Approve the switchover of {group.name}", style="primary"),
                _button("Deny…", "deny", value, f"Deny the switchover of {group.name}", style="danger"),
            ],
            "block_id": "decide",
        },
        {
            "type": "actions",
            "elements": [
                _button("Details", "details", value, f"Servers, pairs and checks of {group.name}"),
                _button("Check again", "check_again", value, f"Check {group.name} again"),
                _button("Withdraw", "withdraw", value, f"Withdraw my request for {group.name}"),
            ],
            "block_id": "more",
        },
    ]
    return f"{head}: {zones}. Waiting for approval.", blocks
