"""Requests in every state, as short as a test wants them and as large as they get."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.errors import Happened, Problem
from bot.domain.facts import (
    Credential,
    Group,
    GroupId,
    InstanceId,
    JobId,
    Known,
    Os,
    PairId,
    ProjectAlias,
    ProtectedInstance,
    ReplicationPair,
    Server,
    ServerId,
    Site,
    Snapshot,
)
from bot.domain.people import Account
from bot.domain.plan import Options, Plan, PlannedServer
from bot.domain.policy import Audience, Quorum, Role, Rule
from bot.domain.preflight import Finding, Level
from bot.domain.request import Approval, Request, RequestId, State
from bot.domain.run import Attempt, AttemptOutcome, HardStopAnswer, Question, Run, Step, StepProgress, StepState
from bot.ports import History, RequestView
from bot.slack.cards import Scene

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
REQUESTER = Account("", "T1", "UREQ")
ANNA = Account("", "T1", "UANNA")
BOB = Account("", "T1", "UBOB")
RULE = Rule(
    name="erp",
    environment="PRODUCTION",
    roles=(
        Role(
            name="owners", need=1, who=Audience(users=frozenset({"UANNA"})), backups=Audience(users=frozenset({"UZ"}))
        ),
        Role(name="platform", need=1, who=Audience(usergroups=frozenset({"S1"}), on_call=frozenset({"night"}))),
    ),
    ticket_pattern=r"CHG-\d+",
    types_name=True,
)
WARNING = Finding(
    check="windows_first",
    level=Level.WARNING,
    sentence="2 Windows servers.",
    cure="Read the guidance.",
    subjects=("a",),
)
BLOCKER = Finding(check="pair_fault", level=Level.BLOCKER, sentence="A pair is broken.", cure="Repair it.")
PROBLEM = Problem(
    happened=Happened.UNKNOWN,
    is_retryable=False,
    what="The answer was lost.",
    not_done="Nothing was sent again.",
    cure="Look at the console.",
    request_id="req-9",
)


def snapshot(servers: int = 5, *, text: str = "") -> Snapshot:
    instances = tuple(_instance(number, text) for number in range(servers))
    return Snapshot(
        group=Group(
            project=ProjectAlias("erp"),
            id=GroupId("g-1"),
            name=text[:255] or "pg-erp",
            status=text[:60] or "protected",
            priority_station="source",
            source_zone=text[:255] or "eu-de-01",
            target_zone=text[:255] or "eu-de-02",
        ),
        instances=instances,
        pairs=tuple(_pair(number, text) for number in range(servers)),
        taken_at=NOON,
    )


def _instance(number: int, text: str) -> ProtectedInstance:
    kinds = (Os.WINDOWS, Os.LINUX, Os.COREOS, Os.UNKNOWN, Os.LINUX)
    status = ("ACTIVE", "ACTIVE", "ACTIVE", "SHUTOFF", "SHUTOFF")[number % 5]
    name = text[:255] or f"srv-{number}"
    return ProtectedInstance(
        id=InstanceId(f"i-{number}"),
        name=name,
        status="protected",
        priority_station="source",
        at_source=Server(id=ServerId(f"s-{number}"), name=name, zone="eu-de-01", status=status),
        at_target=Server(id=ServerId(f"t-{number}"), name=name, zone="eu-de-02", status="SHUTOFF"),
        source_server_id=ServerId(f"s-{number}"),
        target_server_id=ServerId(f"t-{number}"),
        os=kinds[number % 5],
        os_name=text[:255] or "Some OS",
        credential=Credential.PASSWORD,
    )


def _pair(number: int, text: str) -> ReplicationPair:
    return ReplicationPair(
        id=PairId(f"p-{number}"),
        name=text[:255] or f"pair-{number}",
        status="protected",
        replication_status=text[:60] or "active",
        progress=100,
        fault_level="0",
        priority_station="source",
    )


def plan(servers: int = 5, *, text: str = "") -> Plan:
    return Plan(
        project=ProjectAlias("erp"),
        group_id=GroupId("g-1"),
        group_name=text[:255] or "pg-erp",
        to=Site.TARGET,
        from_zone=text[:255] or "eu-de-01",
        to_zone=text[:255] or "eu-de-02",
        servers=tuple(
            PlannedServer(
                instance_id=InstanceId(f"i-{n}"),
                name=text[:255] or f"srv-{n}",
                source_server_id=ServerId(f"s-{n}"),
                target_server_id=ServerId(f"t-{n}"),
                wave=1,
                os=Os.LINUX,
                cloudbase_init=Known.UNKNOWN,
                credential=Credential.PASSWORD,
            )
            for n in range(servers)
        ),
        pair_ids=(),
        stop_servers=True,
        start_servers=True,
        start_at="",
        policy_version="v1",
    )


def request(state: State = State.PENDING, *, servers: int = 5, text: str = "", **fields: Any) -> Request:
    facts = snapshot(servers, text=text)
    made = Request(
        id=RequestId("req-1"),
        state=state,
        revision=1,
        project=ProjectAlias("erp"),
        group=facts.group,
        to=Site.TARGET,
        environment=text[:60] or "PRODUCTION",
        requester=REQUESTER,
        reason=text or "The zone loses power tonight.",
        ticket=text[:200] or "CHG-7",
        options=Options(),
        plan=plan(servers, text=text),
        snapshot=facts,
        findings=(),
        created_at=NOON,
        expires_at=NOON + timedelta(hours=4),
        updated_at=NOON + timedelta(minutes=20),
        decided_by=ANNA,
        decided_at=NOON + timedelta(minutes=5),
        decision_reason=text or "Because.",
    )
    return replace(made, **fields)


def approval(account: Account = ANNA) -> Approval:
    return Approval(
        request_id=RequestId("req-1"),
        revision=1,
        account=account,
        person_id=str(account),
        name="Anna",
        roles=("owners",),
        digest=plan().digest,
        at=NOON,
    )


def run(**fields: Any) -> Run:
    steps = (
        StepProgress(step=Step.CHECK, state=StepState.DONE, ended_at=NOON),
        StepProgress(step=Step.STOP, state=StepState.DONE, done=5, total=5, ended_at=NOON),
        StepProgress(step=Step.REVERSE, state=StepState.RUNNING, done=2, total=5, started_at=NOON),
        StepProgress(step=Step.VERIFY),
        StepProgress(step=Step.START, state=StepState.SKIPPED, note="left off by the requester"),
        StepProgress(step=Step.CONFIRM),
    )
    made = Run(request_id=RequestId("req-1"), revision=1, steps=steps, job_id=JobId("job-1"), started_at=NOON)
    return replace(made, **fields)


def attempt(outcome: AttemptOutcome | None = AttemptOutcome.ACCEPTED) -> Attempt:
    return Attempt(
        request_id=RequestId("req-1"),
        group_status="protected",
        priority_station="source",
        group_updated_at="",
        executor="e1",
        at=NOON,
        outcome=outcome,
    )


def view(of: Request | None = None, **fields: Any) -> RequestView:
    made = RequestView(request=of or request(), approvals=(), run=None, attempt=None, history=History(), card=None)
    return replace(made, **fields)


def scene(of: Request | None = None, **fields: Any) -> Scene:
    names = {"approvals", "run", "attempt", "history", "card"}
    inside = {name: value for name, value in fields.items() if name in names}
    beside = {name: value for name, value in fields.items() if name not in names}
    made = Scene(
        view=view(of, **inside),
        quorum=Quorum(roles=(("owners", len(inside.get("approvals", ())), 1), ("platform", 0, 1))),
        now=NOON + timedelta(minutes=7, seconds=12),
        rule=RULE,
    )
    return replace(made, **beside)


def everything(text: str = "", servers: int = 5) -> list[Scene]:
    """A scene for each state, with and without findings, runs, questions and approvals."""
    scenes = [
        scene(request(state, servers=servers, text=text, findings=findings), approvals=approvals, run=made)
        for state in State
        for findings, approvals, made in (
            ((), (), None),
            ((_told(WARNING, text),) * 2, (approval(), approval(BOB)), run()),
            ((_told(BLOCKER, text),), (), run(problem=_trouble(text), question=Question.LOOK_AGAIN)),
        )
    ]
    subjects = (text[:255] or "srv-1",) * max(servers, 1)
    asked = run(question=Question.HARD_STOP, question_subjects=subjects)
    answered = run(hard_stop=HardStopAnswer.FORCE, answered_by=ANNA, confirmed_by=BOB, confirmed_at=NOON)
    running = request(State.RUNNING, servers=servers, text=text)
    changed = request(
        servers=servers, text=text, revision=2, plan_change=(text[:300] or "+ srv-9",) * 9, break_glass=True
    )
    return [
        *scenes,
        scene(running, run=asked),
        scene(running, run=answered, key="hard_stop"),
        scene(
            running, run=run(stale_reason=text or "timeout", observed_at=NOON), attempt=attempt(AttemptOutcome.UNCLEAR)
        ),
        scene(running, run=Run(request_id=running.id, revision=1)),
        scene(changed, key="1", card_url="https://example.slack.com/archives/C1/p1"),
        scene(changed, key="2"),
        scene(request(State.VERIFIED, servers=servers, text=text, to=Site.SOURCE), run=answered, key="started"),
        scene(request(), data={"kind": "denied", "account": str(ANNA), "reason": text or "no"}),
        scene(request(), data={"users": ["UANNA"], "usergroups": ["S1"]}),
    ]


def _told(finding: Finding, text: str) -> Finding:
    return replace(finding, sentence=text, cure=text, subjects=(text[:255],) * 40) if text else finding


def _trouble(text: str) -> Problem:
    return replace(PROBLEM, what=text, cure=text) if text else PROBLEM
