"""Whatever people do in whatever order: no run without its quorum, no self-approval, nothing after an end."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bot.domain.people import Account
from bot.domain.policy import person_id_of
from bot.domain.request import Event, Request, State
from bot.service.approving import check_again
from bot.service.changes import BOT, advance
from bot.service.clicks import Click
from bot.service.deciding import deny, retract, withdraw
from bot.service.outcomes import Approved, Opened
from storage.schema import migrate
from tests.service.bench import AMIR, CHEN, GROUP, PAT, ROSA, Bench, click

T = TypeVar("T")
DIANA = Account("", "T1", "UDIANA")  # Amir's second account
PEOPLE = st.sampled_from([ROSA, AMIR, CHEN, PAT, DIANA])
TEMPLATE: list[Path] = []


def template() -> Path:
    if not TEMPLATE:
        file = Path(tempfile.mkdtemp(prefix="orders-")) / "template.db"
        migrate(f"sqlite:///{file}")
        TEMPLATE.append(file)
    return TEMPLATE[0]


class Evening(RuleBasedStateMachine):
    """Two of Amir, Chen, Diana and Rosa approve; Rosa also asks, so do the others. Diana is Amir."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp(prefix="order-"))
        shutil.copy(template(), self.folder / "bot.db")
        self.bench = Bench(f"sqlite:///{self.folder / 'bot.db'}")
        self.bench.people.groups = {who.user: frozenset({"S1"}) for who in (ROSA, DIANA)}
        policies = self.bench.policies
        policies.policy = replace(policies.policy, people={"UAMIR": "amir", "UDIANA": "amir"})
        limits = replace(self.bench.desk.limits, asks_per_minute=1000, asks_per_group_per_minute=1000)
        self.bench.desk = replace(self.bench.desk, limits=replace(limits, requests_per_minute=1000))
        self.ended: dict[str, State] = {}
        self.request: Request | None = None
        self.drifts = 0

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        self.bench.close()
        self.runner.close()
        shutil.rmtree(self.folder)

    @initialize(who=PEOPLE)
    def first(self, who: Account) -> None:
        self.ask(who)

    @rule(who=PEOPLE)
    def ask(self, who: Account) -> None:
        outcome = self.do(self.bench.ask(who))
        if isinstance(outcome, Opened):
            self.request = outcome.request
        assert isinstance(outcome, Opened) or self.now().state in (State.PENDING, State.APPROVED, State.RUNNING)

    @rule(who=PEOPLE)
    def break_glass(self, who: Account) -> None:
        """Rosa alone may; what only waits gives way, and nothing that was approved does."""
        before = self.now()
        outcome = self.do(self.bench.ask(who, break_glass=True, typed_name="pg-1", reason="The first zone burns"))
        if isinstance(outcome, Opened):
            assert who == ROSA
            replaced = self.now()
            assert replaced.state is (State.SUPERSEDED if before.state is State.PENDING else before.state)
            assert replaced.state.is_final
            self.ended[replaced.id] = replaced.state
            self.request = outcome.request

    @rule(who=PEOPLE, is_stale=st.booleans())
    def approve(self, who: Account, is_stale: bool) -> None:
        before = len(self.bench.enqueued)
        outcome = self.do(self.bench.approve(self.seen(is_stale=is_stale), who))
        if isinstance(outcome, Approved):
            assert self.now().break_glass or not self.is_asker(who), "an own request was approved"
        if len(self.bench.enqueued) > before and not self.now().break_glass:
            assert len(self.approvers()) == 2, "a run without its quorum"

    @rule(who=PEOPLE)
    def deny(self, who: Account) -> None:
        self.do(deny(self.bench.desk, self.click(who, reason="No")))

    @rule(who=PEOPLE)
    def withdraw(self, who: Account) -> None:
        self.do(withdraw(self.bench.desk, self.click(who)))

    @rule(who=PEOPLE)
    def take_back(self, who: Account) -> None:
        self.do(retract(self.bench.desk, self.click(who)))

    @rule()
    def drift(self) -> None:
        self.drifts += 1
        if self.drifts <= 3:
            self.bench.drift(GROUP, server=f"new-{self.drifts}")
            self.do(check_again(self.bench.desk, self.click(PAT)))

    @precondition(lambda self: self.request is not None)
    @rule(event=st.sampled_from(Event))
    def happens(self, event: Event) -> None:
        """The run and the sweep go on beside; only what they may do, and approvals never come from them."""
        if event in (Event.APPROVE, Event.DRIFT):
            return
        now = self.now()
        self.do(self.bench.store.run(lambda tx: advance(tx, now, event, BOT)))

    @invariant()
    def nothing_leaves_a_final_state(self) -> None:
        if self.request is None:
            return
        now = self.now()
        for ended, state in self.ended.items():
            found = self.do(self.bench.store.read(lambda tx, which=ended: tx.requests.get(which)))  # type: ignore[misc]
            assert found is not None
            assert found.state is state
        if now.state.is_final:
            self.ended[now.id] = now.state

    @invariant()
    def approvals_are_of_this_plan_by_others_and_enough(self) -> None:
        if self.request is None:
            return
        view = self.do(self.bench.view(self.now()))
        request = view.request
        assert {(one.revision, one.digest) for one in view.approvals} <= {(request.revision, request.plan.digest)}
        people = {one.person_id for one in view.approvals}
        assert person_id_of(self.bench.desk.policy, request.requester) not in people
        assert len(people) == len(view.approvals)
        if request.state in (State.APPROVED, State.RUNNING) and not request.break_glass:
            assert len(people) == 2

    def now(self) -> Request:
        assert self.request is not None
        return self.do(self.bench.request(self.request))

    def seen(self, *, is_stale: bool = False) -> Request:
        """What a card shows: the request as it is, or as it was when it was made."""
        assert self.request is not None
        return self.request if is_stale else self.now()

    def click(self, who: Account, **changes: Any) -> Click:
        return click(self.seen(), who, **changes)

    def is_asker(self, who: Account) -> bool:
        policy = self.bench.desk.policy
        return person_id_of(policy, who) == person_id_of(policy, self.now().requester)

    def approvers(self) -> set[str]:
        view = self.do(self.bench.view(self.now()))
        return {one.person_id for one in view.approvals}


TestEveryOrder = Evening.TestCase
TestEveryOrder.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
