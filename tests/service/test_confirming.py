"""The highest tier: an approval counts with the approver's own second factor, for this request and revision, once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.facts import Known
from bot.domain.people import Account
from bot.domain.policy import Refusal
from bot.domain.request import State
from bot.service.approving import consider
from bot.service.clicks import Click
from bot.service.confirming import Invited, LinkOver, NotEnrolled, TooManyCodes, WrongCode, confirm, open_link
from bot.service.deciding import deny, retract
from bot.service.outcomes import Approved, Done, Opened, PlanChanged, Refused, Unacknowledged
from bot.service.stepping import hash_of
from tests.domain import facts
from tests.service.bench import AMIR, CHEN, GROUP, PAT, ROSA, Bench, click, code_of

NOTHING: frozenset[str] = frozenset()


async def test_an_approval_counts_once_it_was_confirmed(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR, CHEN)
    request = await bench.asked()
    token = await bench.token(request)
    shown = await open_link(bench.desk, token)
    assert isinstance(shown, Invited)
    assert (shown.view.request.id, shown.account) == (request.id, AMIR)
    first = await confirm(bench.desk, token, code_of(secrets[AMIR]), NOTHING)
    assert isinstance(first, Approved)
    assert (first.given, first.needed) == (1, 2)
    last = await confirm(bench.desk, await bench.token(request, CHEN), code_of(secrets[CHEN]), NOTHING)
    assert isinstance(last, Approved)
    assert last.request.state is State.APPROVED
    assert all(approval.is_step_up for approval in (await bench.view(request)).approvals)
    surfaces = [row.entry.surface for row in await bench.audit() if row.entry.outcome == "done"]
    assert surfaces == ["modal", "step-up page", "step-up page"]


async def test_a17_without_the_second_factor_nothing_counts_on_any_surface(bench: Bench) -> None:
    await bench.enrol(AMIR)
    request = await bench.asked()
    for surface in ("button", "modal", "command", "home", "cli@host"):
        outcome = await bench.approve(request, surface=surface)
        assert isinstance(outcome, Refused)
        assert outcome.reason is Refusal.STEP_UP_NEEDED
    considered = await consider(bench.desk, click(request))
    assert isinstance(considered, Refused)
    assert considered.link.startswith("https://bot.example/step-up/")
    assert (await bench.view(request)).approvals == ()


async def test_a17_a_link_is_for_those_who_may_approve_and_nobody_else(bench: Bench) -> None:
    await bench.enrol(AMIR, PAT, ROSA)
    request = await bench.asked()
    assert await bench.approve(request, PAT) == Refused(reason=Refusal.NOT_APPROVER)
    assert await bench.approve(request, ROSA) == Refused(reason=Refusal.OWN_REQUEST)


async def test_a17_the_code_of_somebody_else_opens_nothing(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR, CHEN)
    request = await bench.asked()
    token = await bench.token(request, AMIR)
    assert await confirm(bench.desk, token, code_of(secrets[CHEN]), NOTHING) == WrongCode()
    assert (await bench.view(request)).approvals == ()
    assert (await bench.outcomes())[-1] == ("step_up", "wrong_code")


async def test_a17_a_link_works_once(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR)
    request = await bench.asked()
    token = await bench.token(request)
    assert isinstance(await confirm(bench.desk, token, code_of(secrets[AMIR]), NOTHING), Approved)
    assert await confirm(bench.desk, token, code_of(secrets[AMIR], steps=1), NOTHING) == LinkOver()
    await retract(bench.desk, click(request))
    assert await confirm(bench.desk, token, code_of(secrets[AMIR], steps=1), NOTHING) == LinkOver()
    assert await open_link(bench.desk, token) == LinkOver()
    assert (await bench.view(request)).approvals == ()


async def test_a17_following_a_used_link_is_recorded_and_an_invented_one_floods_nothing(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR)
    request = await bench.asked()
    token = await bench.token(request)
    assert isinstance(await confirm(bench.desk, token, code_of(secrets[AMIR]), NOTHING), Approved)
    assert await confirm(bench.desk, token, code_of(secrets[AMIR], steps=1), NOTHING) == LinkOver()
    assert (await bench.outcomes())[-1] == ("step_up", "link_over")
    rows = len(await bench.outcomes())
    assert await confirm(bench.desk, "invented", "123456", NOTHING) == LinkOver()
    assert len(await bench.outcomes()) == rows


async def test_a17_a_link_ends_by_the_clock_of_the_database(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR)
    request = await bench.asked()
    bench.desk = replace(bench.desk, limits=replace(bench.desk.limits, step_up_for=timedelta(0)))
    token = await bench.token(request)
    bench.watch.off_by = timedelta(hours=-1)
    assert await confirm(bench.desk, token, code_of(secrets[AMIR]), NOTHING) == LinkOver()
    assert await open_link(bench.desk, token) == LinkOver()


async def test_a17_an_invented_token_is_answered_like_an_old_one(bench: Bench) -> None:
    await bench.enrol(AMIR)
    await bench.asked()
    for token in ("x", "' OR 1=1 --", "\x00", "ü" * 500):
        assert await open_link(bench.desk, token) == LinkOver()
        assert await confirm(bench.desk, token, "123456", NOTHING) == LinkOver()


async def test_a_code_counts_once_even_for_another_link(three_groups: Bench) -> None:
    secrets = await three_groups.enrol(AMIR)
    first = await three_groups.asked()
    second = await three_groups.asked(ROSA, group_id=facts.GroupId("g-2"))
    code = code_of(secrets[AMIR])
    tokens = [await three_groups.token(request) for request in (first, second)]
    assert isinstance(await confirm(three_groups.desk, tokens[0], code, NOTHING), Approved)
    assert await confirm(three_groups.desk, tokens[1], code, NOTHING) == WrongCode()
    later = code_of(secrets[AMIR], steps=1)
    assert isinstance(await confirm(three_groups.desk, tokens[1], later, NOTHING), Approved)


async def test_two_who_type_the_same_code_at_once_count_once(either_bench: Bench) -> None:
    secrets = await either_bench.enrol(AMIR)
    request = await either_bench.asked()
    tokens = [await either_bench.token(request) for _ in range(4)]
    code = code_of(secrets[AMIR])
    outcomes = await asyncio.gather(*(confirm(either_bench.desk, token, code, NOTHING) for token in tokens))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Approved"] + ["WrongCode"] * 3


async def test_codes_are_not_guessed_one_after_the_other(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR)
    request = await bench.asked()
    right = code_of(secrets[AMIR])
    wrong = f"{(int(right) + 500_000) % 1_000_000:06}"
    tokens = [await bench.token(request) for _ in range(3)]
    tries = [await confirm(bench.desk, tokens[n % 3], wrong, NOTHING) for n in range(7)]
    assert tries == [WrongCode()] * 5 + [TooManyCodes()] * 2
    assert await confirm(bench.desk, tokens[0], right, NOTHING) == TooManyCodes()
    assert (await bench.view(request)).approvals == ()


async def test_odd_codes_are_wrong_codes(bench: Bench) -> None:
    bench.desk = replace(bench.desk, limits=replace(bench.desk.limits, codes_per_link_time=100))
    await bench.enrol(AMIR)
    token = await bench.token(await bench.asked())
    for code in ("", "12345", "1234567", "12345a", "١٢٣٤٥٦", "-12345", "1e5000"):
        assert await confirm(bench.desk, token, code, NOTHING) == WrongCode()


async def test_who_has_no_second_factor_is_told_how_to_get_one(bench: Bench) -> None:
    await bench.enrol(CHEN)
    token = await bench.token(await bench.asked(), AMIR)
    assert await confirm(bench.desk, token, "123456", NOTHING) == NotEnrolled(account=AMIR)


async def test_a_factor_sealed_with_another_key_opens_nothing(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR)
    await bench.enrol(CHEN)  # with a new key: Amir's secret can't be read any more
    token = await bench.token(await bench.asked(), AMIR)
    assert await confirm(bench.desk, token, code_of(secrets[AMIR]), NOTHING) == WrongCode()


async def test_a_changed_plan_voids_the_link(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR)
    request = await bench.asked()
    token = await bench.token(request)
    bench.drift()
    changed = await confirm(bench.desk, token, code_of(secrets[AMIR]), NOTHING)
    assert isinstance(changed, PlanChanged)
    assert await confirm(bench.desk, token, code_of(secrets[AMIR], steps=1), NOTHING) == LinkOver()


async def test_warnings_are_accepted_on_the_page(bench: Bench) -> None:
    bench.cloud.put(GROUP, facts.with_group(bench.cloud.snapshots[GROUP], drill_overdue=Known.YES))
    secrets = await bench.enrol(AMIR)
    request = await bench.asked()
    token = await bench.token(request)
    assert isinstance(await confirm(bench.desk, token, code_of(secrets[AMIR]), NOTHING), Unacknowledged)
    accepted = frozenset(finding.check for finding in request.findings)
    outcome = await confirm(bench.desk, token, code_of(secrets[AMIR], steps=1), accepted)
    assert isinstance(outcome, Approved)


async def test_somebody_who_lost_the_right_meanwhile_confirms_nothing(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR)
    request = await bench.asked()
    token = await bench.token(request)
    bench.people.flags["UAMIR"] = {"is_deactivated": True}
    outcome = await confirm(bench.desk, token, code_of(secrets[AMIR]), NOTHING)
    assert outcome == Refused(reason=Refusal.DEACTIVATED)


async def test_denying_needs_no_second_factor(bench: Bench) -> None:
    await bench.enrol(AMIR)
    request = await bench.asked()
    assert isinstance(await deny(bench.desk, click(request, reason="No")), Done)


async def test_a_bot_without_a_page_says_so_and_counts_nothing(bench: Bench) -> None:
    bench.policies.rule(needs_step_up=True)
    request = await bench.asked()
    assert await bench.approve(request) == Refused(reason=Refusal.STEP_UP_NEEDED)


async def test_the_database_holds_no_token_and_no_secret_in_clear(bench: Bench) -> None:
    secrets = await bench.enrol(AMIR)
    request = await bench.asked()
    token = await bench.token(request)
    kept = await bench.store.read(lambda tx: tx.second_factors.get(AMIR))
    link = await bench.store.read(lambda tx: tx.step_ups.get(hash_of(token)))
    assert kept is not None
    assert link is not None
    assert (link.account, link.revision) == (AMIR, 1)
    rows = "".join(str(row) for row in await bench.audit())
    assert secrets[AMIR] not in kept.sealed_secret + rows
    assert token not in rows + str(link)


GLASS: dict[str, Any] = {"break_glass": True, "typed_name": "pg-1", "reason": "The first zone burns, nobody answers"}


async def test_breaking_the_glass_of_the_highest_tier_waits_for_its_second_factor_only(bench: Bench) -> None:
    secrets = await bench.enrol(ROSA)
    opened = await bench.ask(**GLASS)
    assert isinstance(opened, Opened)
    assert (opened.request.state, bench.enqueued) == (State.PENDING, [])
    token = opened.link.rpartition("/")[2]
    done = await confirm(bench.desk, token, code_of(secrets[ROSA]), NOTHING)
    assert isinstance(done, Approved)
    assert done.request.state is State.APPROVED
    assert bench.enqueued == [(opened.request.id, 1)]
    assert [line["kind"] for line in await bench.lines(opened.request)] == ["break_glass"]


async def test_an_operator_confirms_like_everybody_else(bench: Bench) -> None:
    operator = Account("", "operator", "amir")
    bench.policies.policy = replace(bench.policies.policy, people={"UAMIR": "amir", "operator/amir": "amir"})
    secrets = await bench.enrol(operator)
    request = await bench.asked()
    token = await bench.token(request, operator)
    assert isinstance(await confirm(bench.desk, token, code_of(secrets[operator]), NOTHING), Approved)
    again = await bench.token(request, AMIR)
    assert await confirm(bench.desk, again, code_of(secrets[operator], steps=1), NOTHING) == NotEnrolled(account=AMIR)


async def test_a_claim_of_a_second_factor_comes_from_the_page_only() -> None:
    """No payload of Slack leads to `has_stepped_up`: the handlers never set it."""
    from pathlib import Path

    import handlers

    sources = Path(str(handlers.__file__)).parent.glob("*.py")
    assert not [file.name for file in sources if "has_stepped_up" in file.read_text(encoding="utf-8")]
    assert not Click(request_id=facts.GroupId("x"), revision=1, actor=AMIR, surface="button").has_stepped_up  # type: ignore[arg-type]
