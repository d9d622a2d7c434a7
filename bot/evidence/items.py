"""What each row of a case says, in a sentence, with the raw values beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC

from bot.domain.audit import Recorded
from bot.domain.clocks import clocks
from bot.domain.people import Account
from bot.domain.preflight import Finding
from bot.domain.preflight.finding import counted
from bot.domain.request import Approval, Request
from bot.domain.run import Attempt, StepProgress, StepState
from bot.domain.surface import Surface
from bot.evidence import words
from bot.evidence.case import Case
from bot.evidence.item import Item, stamp
from bot.ports import CloudCall

GUIDE = (
    "Evidence of planned failovers, exported by failover-bot. All times are UTC.",
    "One line is one fact: kind, time, who, what, outcome, where to look it up, raw facts.",
    "A protection group is a set of servers that is replicated between two sites. An approved request moves its "
    "production to the other site, once. Its plan says what exactly is moved; a changed plan is a new revision.",
    "A plan's digest is the SHA-256 of its canonical text, which is in the facts of the line `plan`; its code is the "
    "beginning of the digest. Approvals and audit lines carry the digest of the plan that they are about.",
    "Audit lines are what people and the bot tried, with what came of it; `considered` is the first of two clicks, by "
    "which nothing is decided yet. They form a chain: hash = SHA-256 of the previous hash, a line feed, and the line's "
    "canonical JSON (the keys of `hashed` sorted, no spaces, UTF-8). `failover-bot audit verify` recomputes them all.",
    "Of the calls to the cloud all orders are here, and all reads but those that were answered like the one before.",
)


def items_of(case: Case, permalinks: Mapping[tuple[str, str], str] | None = None) -> Iterator[Item]:
    """The pack, in the order in which it is read. `permalinks` by (channel, ts), as far as Slack told them."""
    yield _request(case)
    yield from _plans(case)
    yield from (_check(case.request, finding) for finding in case.request.findings)
    yield from (_approval(case, approval) for approval in case.approvals)
    yield from (record_item(record, case.names) for record in case.records)
    if case.attempt:
        yield _attempt(case.attempt)
    yield from map(_call, case.calls)
    if case.run:
        yield from (_step(progress) for progress in case.run.steps)
    yield from _clocks(case)
    yield from (_message(message, permalinks or {}) for message in case.messages)


def guide() -> Iterator[Item]:
    """What a reader who knows nothing must know first."""
    yield from (Item(kind="about", what=what) for what in GUIDE)


def record_item(record: Recorded, names: Mapping[Account, str] | None = None) -> Item:
    """An audit row with all that its hash covers."""
    entry = record.entry
    hashed = {
        "number": record.number,
        "at": record.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "action": entry.action,
        "outcome": entry.outcome,
        "request_id": entry.request_id,
        "revision": entry.revision,
        "actor": str(entry.actor) if entry.actor else None,
        "surface": entry.surface,
        "digest": entry.digest,
        "detail": entry.detail,
    }
    subject = f", request {entry.request_id}" if entry.request_id else ""
    revision = f", revision {entry.revision}" if entry.revision is not None else ""
    tried = words.action(entry.action, alone=bool(entry.detail.get("break_glass")))
    came_of_it = "" if entry.outcome == "done" else f": {words.outcome(entry.outcome)}"
    return Item(
        kind="audit",
        at=record.at,
        who=who(entry.actor, names),
        what=f"{tried}{came_of_it} ({words.surface(entry.surface)}{subject}{revision})",
        outcome=entry.outcome,
        reference=f"audit row {record.number}",
        facts={"hash": record.hash, "previous_hash": record.previous_hash, "hashed": hashed},
    )


def who(account: Account | None, names: Mapping[Account, str] | None = None) -> str:
    """`Ben (U0BEN of T0ACME)`; names change, ids don't."""
    if account is None:
        return "the bot"
    if account.is_operator:
        return f"operator {account.user} (command line)"
    name = (names or {}).get(account, "")
    return f"{name} ({account.user} of {account.team})" if name else f"{account.user} of {account.team}"


def _request(case: Case) -> Item:
    request = case.request
    return Item(
        kind="request",
        at=request.created_at,
        who=who(request.requester, case.names),
        what=f"Asked to move production of the protection group {request.group.name} ({request.environment}) "
        f"from {request.from_zone} to {request.to_zone}. Reason: {request.reason}",
        outcome=request.state.value,
        reference=str(request.id),
        facts={
            "revision": request.revision,
            "ticket": request.ticket,
            "break_glass": request.break_glass,
            "review": request.review,
            "decided_by": who(request.decided_by, case.names) if request.decided_by else "",
            "decided_at": stamp(request.decided_at),
            "decision_reason": request.decision_reason,
            "expires_at": stamp(request.expires_at),
            "options": asdict(request.options),
            "plan_change": request.plan_change,
        },
    )


def _plans(case: Case) -> Iterator[Item]:
    """Those of earlier revisions as the audit kept them, then the one that holds."""
    now = case.request.plan
    for row in case.records:
        entry = row.entry
        if "plan_text" in entry.detail and entry.digest != now.digest:
            what = f"The plan of revision {entry.revision}, replaced by a later one."
            yield _plan(what, str(entry.detail["plan"]), entry.digest, str(entry.detail["plan_text"]))
    what = (
        f"The plan that was decided on, in its last revision: {counted(len(now.servers), 'server')}, "
        f"{counted(len(now.pair_ids), 'replication pair')}, under the policy {now.policy_version}."
    )
    yield _plan(what, now.code, now.digest, now.text)


def _plan(what: str, code: str, digest: str, text: str) -> Item:
    return Item(
        kind="plan",
        what=what,
        outcome=code,
        reference=f"sha256 {digest}",
        facts={"digest": digest, "code": code, "canonical": text},
    )


def _check(request: Request, finding: Finding) -> Item:
    return Item(
        kind="check",
        at=request.snapshot.taken_at,
        what=f"{finding.sentence} {finding.cure}".strip(),
        outcome=finding.level.value,
        reference=finding.check,
        facts={"subjects": finding.subjects},
    )


def _approval(case: Case, approval: Approval) -> Item:
    counts = approval in case.counting
    is_old = approval.revision != case.request.revision
    return Item(
        kind="approval",
        at=approval.at,
        who=who(approval.account, case.names),
        what=f"Approved revision {approval.revision} as {' or '.join(approval.roles)}"
        + ("." if counts else "; void since the plan was revised." if is_old else "; taken back."),
        outcome="counts" if counts else "void",
        reference=f"sha256 {approval.digest}",
        facts={
            "person": approval.person_id,
            "warnings_accepted": approval.acknowledged,
            "second_factor": approval.is_step_up,
        },
    )


def _attempt(attempt: Attempt) -> Item:
    problem = attempt.problem
    return Item(
        kind="submission",
        at=attempt.at,
        who="the bot",
        what="The one submission of the planned failover; this line was written before it left, and there is never "
        f"a second one. {problem.sentence if problem else ''}".strip(),
        outcome=attempt.outcome.value if attempt.outcome else "no answer known",
        reference=f"job {attempt.job_id}" if attempt.job_id else "",
        facts={
            "answered_at": stamp(attempt.answered_at),
            "executor": attempt.executor,
            "group_status_before": attempt.group_status,
            "production_before": attempt.priority_station,
            "group_updated_before": attempt.group_updated_at,
        },
    )


def _call(call: CloudCall) -> Item:
    return Item(
        kind="cloud call",
        at=call.at,
        who="the bot",
        what=f"{call.method} {call.path}: {call.summary}",
        outcome=f"HTTP {call.status}" if call.status else "no answer",
        reference=call.request_id,
        facts={"milliseconds": call.milliseconds},
    )


def _step(progress: StepProgress) -> Item:
    count = f" {progress.done} of {progress.total}." if progress.total else ""
    word = {StepState.WAITING: "was not reached"}.get(progress.state, f"is {progress.state.value}")
    return Item(
        kind="run",
        at=progress.started_at,
        who="the bot",
        what=f"The step {progress.step.value} {word}.{count} {progress.note}".strip(),
        outcome=progress.state.value,
        reference=progress.step.value,
        facts={"ended_at": stamp(progress.ended_at)},
    )


def _clocks(case: Case) -> Iterator[Item]:
    for clock in clocks(case.request, case.counting, case.run, case.attempt):
        seconds = clock.span.total_seconds() if clock.span is not None else None
        yield Item(
            kind="clock",
            what=f"Time for {clock.name.value}: {clock.text}",
            outcome="measured" if clock.span is not None else "not measured",
            reference=clock.name.value,
            facts={"seconds": seconds},
        )


def _message(message: Surface, permalinks: Mapping[tuple[str, str], str]) -> Item:
    place = f"channel {message.channel}, ts {message.ts}" if message.ts else "not posted"
    says = str(message.data.get("kind", "")).replace("_", " ")
    is_shown = bool(message.ts) and message.rendered >= message.wanted
    return Item(
        kind="message",
        at=message.created_at,
        who="the bot",
        what=f"{words.PLACES[message.place.kind]}{f': {says}' if says else ''} ({place})",
        outcome="shown" if is_shown else f"behind: {message.last_error or 'waiting'}",
        reference=permalinks.get((message.channel, message.ts), place),
        facts={"key": message.place.key, "says": message.data},
    )
