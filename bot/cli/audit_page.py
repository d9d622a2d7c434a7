"""One request as an auditor reads it in a terminal: the ask, the plan, the approvals, then everything in order."""

from __future__ import annotations

from collections.abc import Iterable

from bot.cli.say import console, harmless, table
from bot.domain.audit import Recorded
from bot.domain.clocks import clocks
from bot.domain.run import StepState
from bot.evidence import Case, stamp, who, words

UNSHOWN = frozenset({"plan_text", "name"})  # for programs; the page has the plan's code and the names


def print_case(case: Case) -> None:
    request = case.request
    _line(f"Request {request.id} · {request.environment} · {request.state.value}")
    _line(f"Production of {request.group.name}: {request.from_zone} → {request.to_zone}, project {request.project}")
    _line(f"Asked by {who(request.requester, case.names)} at {stamp(request.created_at)}")
    _line(f"Reason: {request.reason}" + (f" · ticket {request.ticket}" if request.ticket else ""))
    _line(f"Plan {request.plan.code}, revision {request.revision}, sha256 {request.plan.digest}")
    if request.break_glass:
        _line(f"BREAK-GLASS: one person alone, no approvals. Review: {request.review or 'not written yet'}")
    if request.decided_by:
        reason = f": {request.decision_reason}" if request.decision_reason else ""
        _line(f"Decided by {who(request.decided_by, case.names)} at {stamp(request.decided_at)}{reason}")
    _tables(case)


def _tables(case: Case) -> None:
    table("\nChecks", ("level", "check", "what"), [(f.level.value, f.check, f.sentence) for f in case.request.findings])
    table("\nApprovals", ("at", "who", "as", "revision", "counts", "warnings accepted"), _approvals(case))
    table("\nWhat happened", ("row", "at", "who", "from", "what", "outcome", "more"), _records(case))
    if case.attempt:
        outcome = case.attempt.outcome.value if case.attempt.outcome else "no answer known"
        _line(f"Submitted once, at {stamp(case.attempt.at)}: {outcome}, job {case.attempt.job_id or 'unknown'}")
    table("\nRun", ("step", "state", "began", "ended", "note"), _steps(case))
    spans = clocks(case.request, case.counting, case.run, case.attempt)
    table("\nClocks", ("clock", "time"), [(clock.name.value, clock.text) for clock in spans])
    table("\nCloud calls", ("at", "call", "status", "ms", "cloud's reference"), _calls(case))
    table(
        "Messages", ("kind", "channel", "ts"), [(str(m.place), m.channel, m.ts or "not posted") for m in case.messages]
    )


def _approvals(case: Case) -> Iterable[tuple[str, ...]]:
    for approval in case.approvals:
        yield (
            stamp(approval.at),
            who(approval.account, case.names) + (" · second factor" if approval.is_step_up else ""),
            " or ".join(approval.roles),
            str(approval.revision),
            "yes" if approval in case.counting else "no, void or taken back",
            ", ".join(approval.acknowledged) or "none",
        )


def _records(case: Case) -> Iterable[tuple[str, ...]]:
    for record in case.records:
        entry = record.entry
        yield (
            str(record.number),
            stamp(record.at),
            who(entry.actor, case.names),
            entry.surface,
            words.action(entry.action, alone=bool(entry.detail.get("break_glass"))),
            words.outcome(entry.outcome),
            _detail(record),
        )


def _detail(record: Recorded) -> str:
    shown = ((name, value) for name, value in record.entry.detail.items() if name not in UNSHOWN)
    return ", ".join(f"{name} {_flat(value)}" for name, value in shown if value not in ("", None, []))


def _flat(value: object) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)


def _steps(case: Case) -> Iterable[tuple[str, ...]]:
    for step in case.run.steps if case.run else ():
        if step.state is not StepState.WAITING:
            yield step.step.value, step.state.value, stamp(step.started_at), stamp(step.ended_at), step.note


def _calls(case: Case) -> Iterable[tuple[str, ...]]:
    for call in case.calls:
        answer = str(call.status) if call.status else "no answer"
        yield stamp(call.at), f"{call.method} {call.path}", answer, str(call.milliseconds), call.request_id


def _line(text: str) -> None:
    console().print(harmless(text), markup=False, soft_wrap=True)
