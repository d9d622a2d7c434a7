"""One decision function: every action, every kind of person, and the laws that no order of clicks can break."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.facts import Site
from bot.domain.people import OPERATOR_TEAM, Account, Person
from bot.domain.plan import Options
from bot.domain.policy import (
    Action,
    Audience,
    Policy,
    Refusal,
    Role,
    Rule,
    Window,
    best_quorum,
    count,
    decide,
    explain,
    is_inside,
    live_quorum,
    may_run,
    next_opening,
    person_id_of,
    quorum,
    rule_for,
    who_can_still_act,
)
from bot.domain.request import OPEN_STATES, TRANSITIONS, Approval, Event, State, after

from .facts import NOW, group
from .requests import account, approval, request

OWNER = Role(
    name="owner", need=1, who=Audience(users=frozenset({"U2", "U3"})), backups=Audience(users=frozenset({"U8"}))
)
PLATFORM = Role(name="platform", need=1, who=Audience(usergroups=frozenset({"S1"}), on_call=frozenset({"platform"})))
RULE = Rule(
    name="erp",
    environment="PRODUCTION",
    name_patterns=("pg-*",),
    roles=(OWNER, PLATFORM),
    break_glass=Audience(users=frozenset({"U9"})),
)
POLICY = Policy(
    version="v1",
    rules=(RULE,),
    team="T1",
    people={"T1/U1": "anna", "U7": "anna", "operator/anna": "anna", "operator/ben": "ben", "U2": "ben"},
    on_call={"platform": frozenset({"U3", "U4"})},
)
ASK = request()  # by U1, who is anna


def person(user: str, team: str = "T1", **changes: object) -> Person:
    who = Account("E1", team, user)
    return Person(account=who, name=user, person_id=person_id_of(POLICY, who), **changes)


def ask(action: Action, who: Person, **more: object):
    return decide(POLICY, more.pop("rule", RULE), action, who, **{"request": ASK, "now": NOW, **more})


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"is_deactivated": True}, Refusal.DEACTIVATED),
        ({"is_bot": True}, Refusal.BOT),
        ({"is_stranger": True}, Refusal.STRANGER),
        ({"is_foreign": True}, Refusal.FOREIGN),
        ({"is_guest": True}, Refusal.GUEST),
    ],
)
@pytest.mark.parametrize("action", Action)
def test_an_account_that_is_not_a_full_living_member_does_nothing(
    action: Action, wrong: dict[str, bool], reason: Refusal
) -> None:
    for user in ("U1", "U2", "U9"):
        assert ask(action, person(user, **wrong)).reason is reason


@pytest.mark.parametrize("action", Action)
def test_somebody_from_another_team_does_nothing(action: Action) -> None:
    assert ask(action, person("U2", team="T2")).reason is Refusal.FOREIGN


MAY = {
    Action.CHECK: {"U1", "U2", "U3", "U4", "U5", "U8", "U9"},
    Action.SEE_DETAILS: {"U1", "U2", "U3", "U4", "U5", "U8", "U9"},
    Action.REQUEST: {"U1", "U2", "U3", "U4", "U5", "U8", "U9"},
    Action.APPROVE: {"U2", "U3", "U4", "U8"},
    Action.DENY: {"U2", "U3", "U4", "U8"},
    Action.WITHDRAW: {"U1"},
    Action.RETRACT: {"U2", "U3", "U4", "U8"},
    Action.CANCEL: {"U1", "U2", "U3", "U4", "U8", "U9"},
    Action.ANSWER: {"U1", "U2", "U3", "U4", "U8", "U9"},
    Action.CONFIRM: {"U1", "U2", "U3", "U4", "U8", "U9"},
    Action.SEE_LOGIN: {"U1", "U2", "U3", "U4", "U8", "U9"},
    Action.BREAK_GLASS: {"U9"},
    Action.REVIEW: {"U1"},
}


@pytest.mark.parametrize("action", Action)
def test_who_may_do_what(action: Action) -> None:
    everyone = {"U1", "U2", "U3", "U4", "U5", "U8", "U9"}
    assert {user for user in everyone if ask(action, person(user)).is_allowed} == MAY[action]


@pytest.mark.parametrize(
    ("action", "user", "reason"),
    [
        (Action.APPROVE, "U1", Refusal.OWN_REQUEST),
        (Action.DENY, "U1", Refusal.OWN_REQUEST),
        (Action.APPROVE, "U5", Refusal.NOT_APPROVER),
        (Action.WITHDRAW, "U2", Refusal.NOT_REQUESTER),
        (Action.RETRACT, "U5", Refusal.NOT_APPROVER),
        (Action.CANCEL, "U5", Refusal.NOT_APPROVER),
        (Action.SEE_LOGIN, "U5", Refusal.NOT_APPROVER),
        (Action.BREAK_GLASS, "U2", Refusal.MAY_NOT_BREAK_GLASS),
        (Action.REVIEW, "U2", Refusal.NOT_REQUESTER),
    ],
)
def test_each_refusal_has_its_reason(action: Action, user: str, reason: Refusal) -> None:
    assert ask(action, person(user)).reason is reason


@pytest.mark.parametrize(
    "action", sorted(set(Action) - {Action.CHECK, Action.REQUEST, Action.BREAK_GLASS, Action.RETRACT})
)
def test_a_question_about_a_request_without_the_request_is_answered_no(action: Action) -> None:
    assert not any(ask(action, person(user), request=None).is_allowed for user in ("U1", "U2", "U9"))


@pytest.mark.parametrize("action", [Action.REQUEST, Action.APPROVE, Action.DENY, Action.BREAK_GLASS])
def test_a_group_without_a_rule_lets_nobody_start_or_decide(action: Action) -> None:
    assert ask(action, person("U2"), rule=None).reason is Refusal.NO_RULE


@pytest.mark.parametrize("action", [Action.WITHDRAW, Action.CANCEL, Action.ANSWER, Action.CONFIRM, Action.SEE_LOGIN])
def test_a_requester_can_still_end_a_request_whose_rule_is_gone(action: Action) -> None:
    assert ask(action, person("U1"), rule=None).is_allowed
    assert not ask(action, person("U2"), rule=None).is_allowed


def test_listed_requesters_are_the_only_ones_who_may_request() -> None:
    rule = replace(RULE, requesters=Audience(usergroups=frozenset({"S5"})))
    assert ask(Action.REQUEST, person("U5", usergroups=frozenset({"S5"})), rule=rule).is_allowed
    assert ask(Action.REQUEST, person("U5"), rule=rule).reason is Refusal.MAY_NOT_REQUEST


def test_an_approval_counts_for_every_role_the_person_may_fill() -> None:
    assert ask(Action.APPROVE, person("U3")).roles == ("owner", "platform")
    assert ask(Action.APPROVE, person("U8")).roles == ("owner",)
    assert ask(Action.APPROVE, person("U5", usergroups=frozenset({"S1"}))).roles == ("platform",)


def test_no_second_account_of_the_requester_approves() -> None:
    rule = replace(RULE, roles=(replace(OWNER, who=Audience(users=frozenset({"U7", "operator/anna"}))),))
    assert ask(Action.APPROVE, person("U7"), rule=rule).reason is Refusal.OWN_REQUEST
    assert ask(Action.APPROVE, person("anna", team=OPERATOR_TEAM), rule=rule).reason is Refusal.OWN_REQUEST


def test_an_operator_acts_as_the_person_behind_the_name() -> None:
    assert ask(Action.APPROVE, person("ben", team=OPERATOR_TEAM)).roles == ("owner",)
    assert ask(Action.APPROVE, person("mallory", team=OPERATOR_TEAM)).reason is Refusal.NOT_APPROVER
    assert ask(Action.APPROVE, person("U2", team=OPERATOR_TEAM)).reason is Refusal.NOT_APPROVER


def test_a_name_that_imitates_an_approver_means_nothing() -> None:
    assert ask(Action.APPROVE, replace(person("U5"), name="U2")).reason is Refusal.NOT_APPROVER


def test_the_top_tier_needs_the_second_factor_to_say_yes_but_not_to_say_no() -> None:
    rule = replace(RULE, needs_step_up=True)
    assert ask(Action.APPROVE, person("U2"), rule=rule).reason is Refusal.STEP_UP_NEEDED
    assert ask(Action.APPROVE, person("U2"), rule=rule, has_stepped_up=True).is_allowed
    assert ask(Action.APPROVE, person("U5"), rule=rule).reason is Refusal.NOT_APPROVER
    assert ask(Action.DENY, person("U2"), rule=rule).is_allowed
    assert ask(Action.BREAK_GLASS, person("U9"), rule=rule).reason is Refusal.STEP_UP_NEEDED


def test_who_owes_a_review_breaks_no_glass_again() -> None:
    assert ask(Action.BREAK_GLASS, person("U9"), is_review_owed=True).reason is Refusal.REVIEW_OWED
    assert ask(Action.REQUEST, person("U9"), is_review_owed=True).is_allowed


def test_an_approver_who_left_the_group_may_still_take_the_approval_back() -> None:
    gone = person("U6")
    assert ask(Action.RETRACT, gone).reason is Refusal.NOT_APPROVER
    assert ask(Action.RETRACT, gone, approvals=(approval(ASK, gone.account, "owner"),)).is_allowed


MONDAY_NIGHT = Window(days=frozenset({0}), start_minute=22 * 60, end_minute=4 * 60, zone="Europe/Berlin")


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        (datetime(2026, 3, 2, 20, 59, tzinfo=UTC), False),  # 21:59 in Berlin
        (datetime(2026, 3, 2, 21, 0, tzinfo=UTC), True),
        (datetime(2026, 3, 3, 2, 59, tzinfo=UTC), True),  # Tuesday, 03:59 there
        (datetime(2026, 3, 3, 3, 0, tzinfo=UTC), False),
        (datetime(2026, 3, 3, 21, 30, tzinfo=UTC), False),  # Tuesday evening
        (datetime(2026, 7, 6, 20, 0, tzinfo=UTC), True),  # summer time
    ],
)
def test_a_window_follows_its_own_clock_and_passes_midnight(moment: datetime, is_open: bool) -> None:
    rule = replace(RULE, windows=(MONDAY_NIGHT,))
    assert is_inside(rule, moment) is is_open
    opening = next_opening(rule, moment)
    assert (opening is None) is is_open
    if opening:
        assert is_inside(rule, opening)
        assert not is_inside(rule, opening - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("sunday", "hours"), [(datetime(2026, 3, 22), 3), (datetime(2026, 3, 29), 2), (datetime(2026, 10, 25), 4)]
)
def test_f18_a_window_is_as_long_as_its_clock_makes_it_when_summer_time_begins_or_ends(
    sunday: datetime, hours: int
) -> None:
    """From one to four in the morning in Berlin: the hour that is skipped is not there, the one that is doubled is."""
    early = Window(days=frozenset({6}), start_minute=60, end_minute=4 * 60, zone="Europe/Berlin")
    rule, noon = replace(RULE, windows=(early,)), sunday.replace(hour=12, tzinfo=UTC)
    assert sum(is_inside(rule, noon - timedelta(minutes=minute)) for minute in range(24 * 60)) == hours * 60


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.sets(st.integers(0, 6), min_size=1))
def test_every_closed_window_opens_within_a_week(moment: datetime, days: set[int]) -> None:
    rule = replace(RULE, windows=(replace(MONDAY_NIGHT, days=frozenset(days)),))
    opening = next_opening(rule, moment.replace(tzinfo=UTC))
    if opening:
        assert is_inside(rule, opening)
        assert opening - moment.replace(tzinfo=UTC) <= timedelta(days=7, hours=1)


def test_an_approval_needs_an_open_window_or_a_start_that_lies_in_one() -> None:
    rule = replace(RULE, windows=(MONDAY_NIGHT,))
    later = replace(ASK, options=Options(start_at=datetime(2026, 3, 2, 22, 0, tzinfo=UTC)))
    assert ask(Action.APPROVE, person("U2"), rule=rule).reason is Refusal.OUTSIDE_WINDOW
    assert ask(Action.APPROVE, person("U2"), rule=rule, request=later).is_allowed
    assert ask(Action.APPROVE, person("U2"), rule=rule, now=NOW + timedelta(hours=2)).is_allowed
    assert ask(Action.APPROVE, person("U5"), rule=rule).reason is Refusal.NOT_APPROVER
    assert ask(Action.DENY, person("U2"), rule=rule).is_allowed
    assert ask(Action.BREAK_GLASS, person("U9"), rule=rule).is_allowed


def test_the_first_rule_that_names_the_group_counts() -> None:
    by_id = replace(RULE, name="id", name_patterns=(), group_ids=frozenset({"g-1"}))
    by_tag = replace(RULE, name="tag", name_patterns=(), tags=(("tier", "1"),))
    nothing = replace(RULE, name="nothing", name_patterns=())
    other = replace(RULE, name="other", name_patterns=("PG-*",))
    policy = replace(POLICY, rules=(nothing, other, by_tag, by_id, RULE))
    assert rule_for(policy, group()) is by_id
    assert rule_for(policy, replace(group(), tags=(("tier", "1"),))) is by_tag
    assert rule_for(policy, replace(group(), id="g-2", name="pg-x")) is RULE
    assert rule_for(policy, replace(group(), id="g-2", name="x")) is None


def test_a_person_who_could_fill_two_roles_fills_only_one() -> None:
    both, owner = approval(ASK, account("U3"), "owner", "platform"), approval(ASK, account("U2"), "owner")
    assert quorum(RULE, [both]).given == 1
    assert not quorum(RULE, [both]).is_met
    assert quorum(RULE, [both, owner]).is_met
    assert quorum(RULE, [owner, both]).is_met
    assert not quorum(RULE, [owner, approval(ASK, account("U8"), "owner")]).is_met


def test_a_rule_without_roles_is_never_met() -> None:
    assert not quorum(replace(RULE, roles=()), [approval(ASK, account("U2"), "owner")]).is_met


def test_rights_are_looked_at_again_before_the_run() -> None:
    given_yes = [approval(ASK, account("U2"), "owner"), approval(ASK, account("U4"), "platform")]
    assert count(POLICY, RULE, ASK, given_yes).is_met
    assert live_quorum(POLICY, RULE, ASK, given_yes, [person("U2"), person("U4")]).is_met
    for lost in (person("U4", is_deactivated=True), person("U6")):
        assert not live_quorum(POLICY, RULE, ASK, given_yes, [person("U2"), lost]).is_met
    no_longer = replace(POLICY, on_call={"platform": frozenset({"U3"})})
    assert not live_quorum(no_longer, RULE, ASK, given_yes, [person("U2"), person("U4")]).is_met


def test_the_quorum_of_living_people_can_be_foreseen() -> None:
    assert best_quorum(POLICY, RULE, [person("U2"), person("U4")]).is_met
    assert not best_quorum(POLICY, RULE, [person("U2"), person("U4")], requester=account("U4")).is_met
    assert not best_quorum(POLICY, RULE, [person("U2"), person("U4", is_deactivated=True)]).is_met


def test_only_those_whose_yes_would_still_help_are_reminded() -> None:
    members = {"S1": frozenset({"U5", "U1"})}
    assert who_can_still_act(POLICY, RULE, ASK, [], members, now=NOW) == ("U2", "U3", "U4", "U5")
    by_owner = approval(ASK, account("U2"), "owner", person_id="ben")
    assert who_can_still_act(POLICY, RULE, ASK, [by_owner], members, now=NOW) == ("U3", "U4", "U5")
    by_both = approval(ASK, account("U3"), "owner", "platform")  # may move over to the other role
    assert who_can_still_act(POLICY, RULE, ASK, [by_both], members, now=NOW) == ("U2", "U4", "U5")
    by_platform = approval(ASK, account("U4"), "platform")
    assert who_can_still_act(POLICY, RULE, ASK, [by_owner, by_platform], members, now=NOW) == ()
    old = replace(by_owner, revision=0)
    assert "U3" in who_can_still_act(POLICY, RULE, ASK, [old], members, now=NOW)


def test_nobody_is_reminded_while_the_change_window_is_closed() -> None:
    rule = replace(RULE, windows=(MONDAY_NIGHT,))
    assert who_can_still_act(POLICY, rule, ASK, [], {}, now=NOW) == ()
    assert who_can_still_act(POLICY, rule, ASK, [], {}, now=NOW + timedelta(hours=2)) == ("U2", "U3", "U4")
    tonight = replace(ASK, options=Options(start_at=NOW + timedelta(hours=2)))
    assert who_can_still_act(POLICY, rule, tonight, [], {}, now=NOW) == ("U2", "U3", "U4")


def test_an_operator_who_asks_is_reminded_of_nothing() -> None:
    own = replace(ASK, requester=Account("", OPERATOR_TEAM, "ben"))
    assert "U2" not in who_can_still_act(POLICY, RULE, own, [], {}, now=NOW)
    assert "U3" in who_can_still_act(POLICY, RULE, own, [], {}, now=NOW)


def test_the_policy_explains_itself() -> None:
    rule = replace(RULE, windows=(MONDAY_NIGHT,), needs_step_up=True, types_name=True, ticket_pattern="CHG[0-9]+")
    lines = explain(POLICY, rule, person("U3"), group(), now=NOW, people=[person("U2"), person("U4")])
    text = "\n".join(lines)
    for words in (
        'Group "pg-erp" falls under the rule "erp" (PRODUCTION).',
        "May request: every full member.",
        '1 from "owner" must approve: U2, U3; silent backups: U8.',
        '1 from "platform" must approve: user group S1, on call: platform.',
        "expires after 4 h, an unused approval after 1 h",
        "Mon 22:00-04:00 Europe/Berlin (closed until Mon 2026-03-02 21:00 UTC)",
        "second factor",
        "CHG[0-9]+",
        "U3 may approve requests of others, as owner or platform",
        "Not now: the change window is closed.",
        "The quorum of 2 can be met today when U3 asks.",
    ):
        assert words in text
    assert "may do nothing here: it is a guest" in "\n".join(
        explain(POLICY, RULE, person("U3", is_guest=True), group(), now=NOW)
    )
    assert "cannot be met today" in "\n".join(explain(POLICY, RULE, None, group(), now=NOW, people=[person("U2")]))
    assert "No rule covers" in explain(POLICY, None, None, group(), now=NOW)[0]


# ------------------------------------------------------------------------------------------------------ laws

ROLE_NAMES = ("a", "b", "c")
role_sets = st.lists(st.sampled_from(ROLE_NAMES), unique=True, max_size=3)
rules = st.lists(st.tuples(st.sampled_from(ROLE_NAMES), st.integers(1, 3)), min_size=1, unique_by=lambda r: r[0]).map(
    lambda roles: replace(RULE, roles=tuple(Role(name=name, need=need, who=Audience()) for name, need in roles))
)
voters = st.lists(st.tuples(st.integers(0, 5), role_sets), max_size=8)


def votes(cast: list[tuple[int, list[str]]]) -> list[Approval]:
    return [approval(ASK, account(f"V{number}"), *roles) for number, roles in cast]


def best_by_brute_force(rule: Rule, cast: list[tuple[int, list[str]]]) -> int:
    """The most seats that distinct people can take, tried out one person after the other."""
    roles: dict[int, set[str]] = {}
    for number, names in cast:
        roles.setdefault(number, set()).update(names)

    def best(people: list[set[str]], seats: dict[str, int]) -> int:
        if not people:
            return 0
        first, *others = people
        choices = [1 + best(others, {**seats, name: seats[name] - 1}) for name in first if seats.get(name, 0) > 0]
        return max([best(others, seats), *choices])

    return best(list(roles.values()), {role.name: role.need for role in rule.roles})


@given(rules, voters)
def test_the_matching_is_as_good_as_trying_everything(rule: Rule, cast: list[tuple[int, list[str]]]) -> None:
    result = quorum(rule, votes(cast))
    assert result.given == best_by_brute_force(rule, cast)
    assert result.is_met == (result.given == rule.quorum)


@given(rules, voters, st.randoms())
def test_the_order_of_the_approvals_does_not_matter(rule: Rule, cast: list[tuple[int, list[str]]], random) -> None:
    shuffled = votes(cast)
    random.shuffle(shuffled)
    assert quorum(rule, shuffled).given == quorum(rule, votes(cast)).given


USERS = ("U1", "U2", "U3", "U4", "U5", "U7", "U8")
clicks = st.lists(st.tuples(st.sampled_from([*USERS, "anna", "ben"]), st.integers(0, 3)), max_size=12)


def team_of(user: str) -> str:
    return "T1" if user.startswith("U") else OPERATOR_TEAM


def click_through(made: list[tuple[str, int]], requester: Account) -> tuple[list[Approval], list[Approval]]:
    """Every click that `decide` lets through becomes an approval of the revision that the clicker saw."""
    rule = replace(RULE, roles=(replace(OWNER, need=2), PLATFORM))
    policy = replace(POLICY, rules=(rule,))
    ask_now = request(requester, revision=2)
    stored = []
    for user, revision in made:
        who = person(user, team_of(user))
        right = decide(policy, rule, Action.APPROVE, who, request=ask_now, approvals=stored, now=NOW)
        if right.is_allowed:
            vote = approval(ask_now, who.account, *right.roles, person_id=who.person_id)
            stored.append(replace(vote, revision=revision))
    current = [vote for vote in stored if vote.revision == 2]
    is_covered = may_run(policy, rule, ask_now, stored)
    assert is_covered == quorum(rule, current).is_met
    if is_covered:
        assert len({vote.person_id for vote in current}) >= 3
    return stored, current


@given(clicks, st.sampled_from(USERS))
def test_no_run_without_its_quorum_and_no_self_approval_in_any_order(made: list[tuple[str, int]], asker: str) -> None:
    requester = account(asker)
    stored, _ = click_through(made, requester)
    own = person_id_of(POLICY, requester)
    assert own not in {vote.person_id for vote in stored}
    assert requester not in {vote.account for vote in stored}


@given(voters, st.sampled_from(["revision", "digest", "request_id"]))
def test_approvals_of_something_else_never_count(cast: list[tuple[int, list[str]]], what: str) -> None:
    other = {"revision": 7, "digest": "0" * 64, "request_id": "r-2"}[what]
    stale = [replace(vote, **{what: other}) for vote in votes(cast)]
    assert count(POLICY, RULE, ASK, stale).given == 0
    assert not may_run(POLICY, RULE, ASK, stale)


def test_a_stored_approval_of_the_requester_never_counts() -> None:
    own = [approval(ASK, account("U1"), "owner"), approval(ASK, account("U7"), "platform", person_id="anna")]
    assert count(POLICY, RULE, ASK, own).given == 0


def test_break_glass_runs_without_approvals_but_not_without_a_rule() -> None:
    alone = replace(ASK, break_glass=True)
    assert may_run(POLICY, RULE, alone, ())
    assert not may_run(POLICY, None, alone, ())


@given(st.lists(st.sampled_from(Event)))
def test_no_sequence_of_events_leaves_a_final_state(events: list[Event]) -> None:
    state = State.PENDING
    for event in events:
        following = after(state, event)
        if state.is_final:
            assert following is None
        state = following or state


def test_every_state_but_the_first_is_reached_and_every_open_one_has_a_way_out() -> None:
    assert set(TRANSITIONS.values()) == set(State)
    assert {state for state, _ in TRANSITIONS} == OPEN_STATES


def test_a_run_starts_only_from_approved() -> None:
    assert [state for state in State if after(state, Event.START)] == [State.APPROVED]
    assert [state for state in State if after(state, Event.APPROVE)] == [State.PENDING]


def test_the_direction_is_part_of_what_is_approved() -> None:
    back = replace(ASK, plan=replace(ASK.plan, to=Site.SOURCE))
    yes = approval(ASK, account("U2"), "owner")
    assert count(POLICY, RULE, back, [yes]).given == 0
