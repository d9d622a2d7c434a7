"""The checker can fail: each invariant is broken once, on purpose, and the checker says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.audit import Entry, Recorded
from bot.domain.people import Account
from bot.domain.request import RequestId
from storage.audit import Verdict
from tests.chaos.invariants import violations
from tests.chaos.seen import Ask, Message, Order, Seen

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROSA, AMIR = Account("", "T1", "UROSA"), Account("", "T1", "UAMIR")
ASK = Ask(
    id="FR-1",
    state="verified",
    revision=1,
    digest="ab12cd" + "0" * 58,
    plan_digest="ab12cd" + "0" * 58,
    group_id="g1",
    group_name="pg-erp",
    to="target",
    zones=("eu-de-01", "eu-de-02"),
    requester=str(ROSA),
    servers=frozenset({"s1", "s2"}),
    created_at=NOON,
)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def row(number: int, action: str, before: str, after: str, actor: Account | None = None) -> Recorded:
    entry = Entry(
        action=action,
        outcome="done",
        request_id=RequestId("FR-1"),
        actor=actor,
        digest=ASK.digest,
        detail={"before": before, "after": after},
    )
    return Recorded(number=number, at=at(number), entry=entry, previous_hash="", hash="")


def message(place: str, channel: str, shown: str) -> Message:
    return Message(at=NOON, request_id="FR-1", place=place, channel=channel, text=shown, shown=shown)


APPROVED = row(1, "approve", "pending", "approved", AMIR)
STARTED = row(2, "start", "approved", "running")
VERIFIED = row(8, "verify", "running", "verified")
POST = Order(at=at(3), what="reverse", of=frozenset({"g1"}), to="target")
CARD = message("card:1", "C1", "pg-erp: eu-de-01 → eu-de-02. Verified. plan AB12-CD")
LOGIN = message("login:/T1/UROSA", "D1", "How to log in")
TRUE = Seen(
    asks=(ASK,),
    audit=(APPROVED, STARTED, VERIFIED),
    chain=Verdict(rows=3, broken_at=None, sentence="intact"),
    orders=(POST, Order(at=at(5), what="start", of=frozenset({"s2"}))),
    messages=(CARD, LOGIN),
    direct={"D1": "UROSA", "D2": "UPAT"},
    approvers=frozenset({str(AMIR)}),
    secrets={"the token": "canary"},
    written={"the log": "nothing of interest"},
)


def broken(what: str) -> Callable[[], Seen]:
    return lambda: {
        "a second POST": replace(TRUE, orders=(*TRUE.orders, replace(POST, at=at(6)))),
        "a POST before the approval": replace(TRUE, orders=(replace(POST, at=at(0.5)),)),
        "a POST the other way": replace(TRUE, orders=(replace(POST, to="source"),)),
        "a POST that nobody asked for": replace(TRUE, orders=(replace(POST, of=frozenset({"g9"})),)),
        "an edited plan": replace(TRUE, asks=(replace(ASK, plan_digest="f" * 64),)),
        "a request that hangs": replace(TRUE, asks=(replace(ASK, state="running"),), audit=TRUE.audit[:2]),
        "an own approval": replace(TRUE, audit=(row(1, "approve", "pending", "approved", ROSA), STARTED, VERIFIED)),
        "a gap in the record": replace(TRUE, audit=(APPROVED, VERIFIED)),
        "a broken chain": replace(TRUE, chain=Verdict(rows=1, broken_at=2, sentence="Row 2 was edited")),
        "a secret in the log": replace(TRUE, written={"the log": "token=canary"}),
        "a login for somebody else": replace(TRUE, messages=(CARD, replace(LOGIN, channel="D2"))),
        "a login in a channel": replace(TRUE, messages=(CARD, replace(LOGIN, channel="C1"))),
        "a stale card": replace(TRUE, messages=(replace(CARD, shown="Running."), LOGIN)),
        "two cards": replace(TRUE, messages=(CARD, CARD, LOGIN)),
        "life after the end": replace(TRUE, audit=(*TRUE.audit, row(9, "start", "verified", "running"))),
        "an order after the end": replace(TRUE, orders=(POST, Order(at=at(9), what="stop", of=frozenset({"s2"})))),
    }[what]


CASES = {
    "a second POST": "I1",
    "a POST before the approval": "I2",
    "a POST the other way": "I2",
    "a POST that nobody asked for": "I2",
    "an edited plan": "I2",
    "a request that hangs": "I3",
    "an own approval": "I4",
    "a gap in the record": "I5",
    "a broken chain": "I5",
    "a secret in the log": "I6",
    "a login for somebody else": "I7",
    "a login in a channel": "I7",
    "a stale card": "I8",
    "two cards": "I8",
    "life after the end": "I9",
    "an order after the end": "I9",
}


def test_a_true_history_breaks_nothing() -> None:
    assert violations(TRUE) == []


@pytest.mark.parametrize(("what", "invariant"), CASES.items(), ids=CASES)
def test_the_checker_notices(what: str, invariant: str) -> None:
    assert invariant in {found.partition(":")[0] for found in violations(broken(what)())}
