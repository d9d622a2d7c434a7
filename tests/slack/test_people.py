"""Who somebody is comes from Slack at the moment of the question; when Slack doesn't say, nobody is anybody."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from bot.demo.workspace import Cast, SlackFault, User
from bot.domain.errors import PeopleError
from bot.domain.people import Account, Person
from bot.slack.client import Done, Identity, Limited, Lost, Refused, Wire
from bot.slack.looks import MOST_KEPT, Looks
from bot.slack.people import SlackPeople
from tests.slack.conftest import Rules


@pytest.fixture
def people(wire: Wire, rules: Rules, home: Identity) -> SlackPeople:
    return SlackPeople(wire, rules, home)


def account(user: User, home: Identity) -> Account:
    return Account(home.enterprise, home.team, user.id)


async def test_an_approver_is_seen_with_the_groups_of_the_policy(
    cast: Cast, people: SlackPeople, home: Identity
) -> None:
    amir = await people.look_up(account(cast.approvers[0], home))
    assert amir == Person(
        account=account(cast.approvers[0], home),
        name="Amir Haddad",
        person_id=f"/{home.team}/{cast.approvers[0].id}",
        usergroups=frozenset({cast.approver_group.id}),
        tz="Europe/Berlin",
    )


async def test_half_a_letter_in_a_name_is_marked(cast: Cast, people: SlackPeople, home: Identity) -> None:
    cast.requester.real_name = "Rosa\ud800"
    assert (await people.look_up(account(cast.requester, home))).name == "Rosa\ufffd"


async def test_guests_bots_strangers_and_leavers_are_seen_as_such(
    cast: Cast, people: SlackPeople, home: Identity
) -> None:
    stranger = cast.slack.add_user("sam", is_stranger=True)
    cast.slack.trouble.deactivate(cast.bystander.id)
    assert (await people.look_up(account(cast.guest, home))).is_guest
    assert (await people.look_up(account(cast.slack.state.users[cast.app.bot_user_id], home))).is_bot
    assert (await people.look_up(account(cast.bystander, home))).is_deactivated
    seen = await people.look_up(account(stranger, home))
    assert seen.is_stranger
    assert seen.is_foreign


async def test_a_click_from_another_workspace_is_foreign(cast: Cast, people: SlackPeople, home: Identity) -> None:
    clicker = replace(account(cast.requester, home), team="TOTHER")
    assert (await people.look_up(clicker)).is_foreign


async def test_leaving_the_group_counts_at_the_next_decision(cast: Cast, people: SlackPeople, home: Identity) -> None:
    amir = account(cast.approvers[0], home)
    assert (await people.look_up(amir)).usergroups
    del cast.approver_group.members[amir.user]
    await asyncio.sleep(0)
    people._members.forget()  # two seconds later
    assert not (await people.look_up(amir)).usergroups


async def test_fifty_clicks_in_one_moment_are_one_look_at_the_group(
    cast: Cast, people: SlackPeople, home: Identity
) -> None:
    clicker = account(cast.approvers[0], home)
    await asyncio.gather(*(people.look_up(clicker) for _ in range(50)))
    assert sum(call.method == "usergroups.users.list" for call in cast.slack.calls) == 1


async def test_fifty_clicks_of_one_person_in_one_moment_are_two_looks_at_the_person(
    cast: Cast, people: SlackPeople, home: Identity
) -> None:
    """The first one began before the others were asked about, so they wait for the next."""
    clicker = account(cast.approvers[0], home)
    seen = await asyncio.gather(*(people.look_up(clicker) for _ in range(50)))
    assert {person.name for person in seen} == {"Amir Haddad"}
    assert sum(call.method == "users.info" for call in cast.slack.calls) == 2
    await people.look_up(clicker)
    assert sum(call.method == "users.info" for call in cast.slack.calls) == 3


async def test_a_look_of_a_moment_ago_counts_only_for_who_says_so(
    cast: Cast, people: SlackPeople, home: Identity
) -> None:
    clicker = account(cast.approvers[0], home)
    await people.look_up(clicker)
    cast.approvers[0].deleted = True
    assert not (await people.look_up(clicker, within_seconds=60)).is_deactivated
    await asyncio.sleep(0.01)
    assert (await people.look_up(clicker, within_seconds=0.001)).is_deactivated
    assert (await people.look_up(clicker, within_seconds=60)).is_deactivated


async def test_after_a_failure_a_look_of_a_moment_ago_counts_for_nobody(
    cast: Cast, people: SlackPeople, home: Identity
) -> None:
    clicker = account(cast.approvers[0], home)
    cast.slack.faults.add(SlackFault(method="users.info", error="fatal_error"))
    with pytest.raises(PeopleError):
        await people.look_up(clicker)
    assert (await people.look_up(clicker, within_seconds=60)).name == "Amir Haddad"


async def test_of_thousands_of_people_the_last_few_hundred_looks_are_kept() -> None:
    asked: list[str] = []

    async def ask(key: str) -> str:
        asked.append(key)
        return key

    looks = Looks(ask)
    for number in range(MOST_KEPT + 10):
        await looks.at(f"U{number}")
    asked.clear()
    await looks.at("U0", within_seconds=60)
    await looks.at(f"U{MOST_KEPT + 9}", within_seconds=60)
    assert asked == ["U0"]


async def test_a_look_that_began_before_the_question_never_answers_it() -> None:
    begun, answers = [], asyncio.Event()

    async def ask(key: str) -> int:
        begun.append(key)
        number = len(begun)
        await answers.wait()
        return number

    looks = Looks(ask)
    first = asyncio.create_task(looks.at("U1"))
    await asyncio.sleep(0)
    later = [asyncio.create_task(looks.at("U1")) for _ in range(3)]
    another = asyncio.create_task(looks.at("U2"))
    await asyncio.sleep(0)
    answers.set()
    assert [await first, *[await one for one in later]] == [1, 3, 3, 3]
    assert await another == 2


async def test_fifty_who_ask_while_slack_does_not_answer_fail_together(
    cast: Cast, people: SlackPeople, home: Identity
) -> None:
    cast.slack.faults.add(SlackFault(method="users.info", error="fatal_error", times=None))
    clicker = account(cast.approvers[0], home)
    failed = await asyncio.gather(*(people.look_up(clicker) for _ in range(50)), return_exceptions=True)
    assert {type(error) for error in failed} == {PeopleError}
    assert sum(call.method == "users.info" for call in cast.slack.calls) == 2


async def test_who_gives_up_waiting_does_not_take_the_look_from_the_others(
    cast: Cast, people: SlackPeople, home: Identity
) -> None:
    clicker = account(cast.approvers[0], home)
    impatient, patient = (asyncio.create_task(people.look_up(clicker)) for _ in range(2))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).name == "Amir Haddad"


async def test_two_accounts_of_one_human_being_have_one_person_id(
    cast: Cast, people: SlackPeople, rules: Rules, home: Identity
) -> None:
    first, second = cast.approvers
    rules.policy = replace(rules.policy, people={first.id: "amir", f"{home.team}/{second.id}": "amir"})
    seen = [await people.look_up(account(user, home)) for user in (first, second)]
    assert [person.person_id for person in seen] == ["amir", "amir"]


async def test_an_operator_needs_no_slack(cast: Cast, people: SlackPeople) -> None:
    cast.slack.outage()
    assert (await people.look_up(Account("", "operator", "root"))).name == "root"


@pytest.mark.parametrize("method", ["users.info", "usergroups.users.list"])
@pytest.mark.parametrize("fault", ["error", "limit", "drop"])
async def test_when_slack_does_not_say_nobody_is_known(
    cast: Cast, people: SlackPeople, home: Identity, method: str, fault: str
) -> None:
    how = {
        "error": SlackFault(method=method, error="fatal_error"),
        "limit": SlackFault(method=method, status=429, retry_after=30),
        "drop": SlackFault(method=method, drop="before", times=None),
    }
    cast.slack.faults.add(how[fault])
    with pytest.raises(PeopleError):
        await people.look_up(account(cast.requester, home))


async def test_every_end_of_a_call_is_a_value(cast: Cast, wire: Wire) -> None:
    cast.slack.faults.add(SlackFault(method="auth.test", status=429, retry_after=7))
    cast.slack.faults.add(SlackFault(method="auth.test", status=503))
    cast.slack.faults.add(SlackFault(method="auth.test", error="fatal_error"))
    cast.slack.faults.add(SlackFault(method="auth.test", drop="after_accepting"))
    cast.slack.faults.add(SlackFault(method="auth.test", error="invalid_auth"))
    answers = [await wire.call("auth.test") for _ in range(6)]
    assert answers[0] == Limited(7)
    assert [type(answer) for answer in answers[1:4]] == [Lost, Lost, Lost]
    assert answers[4] == Refused("invalid_auth")
    assert isinstance(answers[5], Done)
