"""The night when Slack is down: operators ask and decide at the prompt under the same policy, with the same record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.demo.sdrs import SimulatedCloud
from bot.domain.audit import Recorded
from bot.domain.errors import PeopleError
from bot.domain.people import Account
from bot.domain.policy import account_key
from bot.domain.request import Request, RequestId, State
from bot.execution.engine import migrate_engine
from bot.execution.queue import RunQueue
from bot.operators import OperatorPeople, this_operator, this_place
from bot.stepup import new_key
from storage.database import open_database
from storage.unit_of_work import SqlStore
from tests.cli.conftest import Prompt, write_policy
from tests.cli.yesterday import ROSA, asked_in_slack


@pytest.fixture
async def asked(operator_prompt: Prompt, store: SqlStore) -> Request:
    return await asked_in_slack(operator_prompt, store, ROSA)


def last(store: SqlStore) -> Recorded:
    return store.look(lambda tx: tx.audit.stream())[-1]


def now(store: SqlStore, request: Request) -> Request:
    found = store.look(lambda tx: tx.requests.get(request.id))
    assert found
    return found


def enqueued(prompt: Prompt) -> Mapping[RequestId, int]:
    database = open_database(prompt.environment["DATABASE_URL"])
    queue = RunQueue(database.engine)
    try:
        return queue.live()
    finally:
        queue.close()
        database.close()


def accepting(request: Request) -> list[str]:
    return [word for finding in request.findings for word in ("--accept", finding.check)]


async def test_an_operator_asks_and_the_record_says_who_and_where(operator_prompt: Prompt, store: SqlStore) -> None:
    result = await operator_prompt.awaited("request", "pg-erp", "--reason", "Zone down, Slack too")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Requested: FR-")
    recorded = last(store).entry
    assert (recorded.action, recorded.actor, recorded.surface) == ("request", this_operator(), this_place())


async def test_nobody_approves_their_own_request_at_the_prompt_either(operator_prompt: Prompt, store: SqlStore) -> None:
    await operator_prompt.awaited("request", "pg-erp", "--reason", "Zone down")
    mine = store.look(lambda tx: tx.requests.recent())[0]
    result = await operator_prompt.awaited("approve", mine.id, "--plan", mine.plan.code, *accepting(mine))
    assert result.exit_code == 1
    assert "This is your own request" in result.stderr
    assert last(store).entry.outcome == "own_request"
    assert now(store, mine).state is State.PENDING


async def test_the_same_person_with_a_slack_account_is_no_second_person(
    operator_prompt: Prompt, asked: Request, store: SqlStore
) -> None:
    theirs = replace(asked, requester=Account("E1", "T1", "UME"))
    store.transact(lambda tx: tx.requests.move(asked, theirs))
    result = await operator_prompt.awaited("approve", asked.id, "--plan", asked.plan.code, *accepting(asked))
    assert "This is your own request" in result.stderr


async def test_without_a_plan_the_plan_is_shown_and_nothing_is_approved(
    operator_prompt: Prompt, asked: Request, store: SqlStore
) -> None:
    result = await operator_prompt.awaited("approve", asked.id)
    assert result.exit_code == 2
    assert "eu-de-01 → eu-de-02" in result.stdout
    assert f"failover-bot approve {asked.id} --plan {asked.plan.code}" in result.stderr
    assert last(store).entry.outcome == "considered", "an auditor must not take the look for an approval"
    assert now(store, asked).state is State.PENDING


async def test_an_approval_names_the_plan_and_each_warning(
    operator_prompt: Prompt, asked: Request, store: SqlStore
) -> None:
    assert asked.findings, "this group has warnings"
    hasty = await operator_prompt.awaited("approve", asked.id, "--plan", asked.plan.code)
    assert hasty.exit_code == 1
    assert f"--accept {asked.findings[0].check}" in hasty.stderr
    result = await operator_prompt.awaited("approve", asked.id, "--plan", asked.plan.code.lower(), *accepting(asked))
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"Approved (1 of 1) for plan {asked.plan.code}. That was the last one")
    assert "No process works on runs at the moment" in result.stdout
    assert now(store, asked).state is State.APPROVED
    assert last(store).entry.surface == this_place()
    assert enqueued(operator_prompt) == {asked.id: 1}, "whoever executes finds it"


async def test_the_whole_night_on_postgresql(operator_prompt: Prompt, postgres_url: str) -> None:
    migrate_engine(postgres_url)
    operator_prompt.environment["DATABASE_URL"] = postgres_url
    asked = await operator_prompt.awaited("request", "pg-erp", "--reason", "Zone down")
    request_id = asked.stdout.split()[1].rstrip(",")
    assert request_id in (await operator_prompt.awaited("status")).stdout
    assert (await operator_prompt.awaited("approve", request_id)).exit_code == 1, "one's own"
    assert (await operator_prompt.awaited("withdraw", request_id)).exit_code == 0
    assert "All 3 audit rows" in (await operator_prompt.awaited("audit", "verify")).stdout
    assert enqueued(operator_prompt) == {}


async def test_another_plan_is_not_approved(operator_prompt: Prompt, asked: Request, store: SqlStore) -> None:
    result = await operator_prompt.awaited("approve", asked.id, "--plan", "0000-00")
    assert result.exit_code == 1
    assert f"has the plan {asked.plan.code} (revision 1), not 0000-00. Nothing was counted." in result.stderr
    assert now(store, asked).state is State.PENDING


async def test_an_operator_whom_the_policy_does_not_know_is_nobody(
    operator_prompt: Prompt, asked: Request, tmp_path: Path, store: SqlStore
) -> None:
    file = write_policy(tmp_path, approvers=("UBEN", "UCARLA"))
    file.write_text(file.read_text().replace(f'"operator/{this_operator().user}"', '"operator/somebody.else"'))
    for command in (("approve", asked.id, "--plan", asked.plan.code), ("request", "pg-crm", "--reason", "x")):
        result = await operator_prompt.awaited(*command)
        assert result.exit_code == 1
        assert "the policy knows no such operator" in result.stderr
        assert last(store).entry.outcome == "nobody_knows"


async def test_deny_needs_a_reason_and_ends_the_request(
    operator_prompt: Prompt, asked: Request, store: SqlStore
) -> None:
    assert (await operator_prompt.awaited("deny", asked.id, "--reason", " ")).exit_code == 2
    result = await operator_prompt.awaited("deny", asked.id, "--reason", "The database runs its backup")
    assert result.stdout == f"Denied. Request {asked.id} is now: Denied.\n"
    assert now(store, asked).decision_reason == "The database runs its backup"
    again = await operator_prompt.awaited("deny", asked.id, "--reason", "Once more")
    assert again.exit_code == 1
    assert again.stderr.startswith(f"Already decided: Denied by operator {this_operator().user}")


async def test_only_the_requester_withdraws(operator_prompt: Prompt, asked: Request, store: SqlStore) -> None:
    refused = await operator_prompt.awaited("withdraw", asked.id)
    assert refused.exit_code == 1
    assert "Only the person who made this request" in refused.stderr
    await operator_prompt.awaited("request", "pg-crm", "--reason", "Way back")
    mine = store.look(lambda tx: tx.requests.recent(limit=1))[0]
    assert (await operator_prompt.awaited("withdraw", mine.id)).stdout.startswith("Withdrawn.")
    assert now(store, mine).state is State.WITHDRAWN


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("request", "pg-nope", "--reason", "x"), "No group is named “pg-nope” in eu-de."),
        (("request", "pg-erp", "--reason", "x", "--project", "eu-nl"), "There is no project eu-nl. Configured: eu-de."),
        (("request", "pg-erp", "--reason", " "), "Say in a sentence why now."),
        (("request", "pg-lab", "--reason", "x"), "Nothing was requested."),
        (("approve", "FR-NOPE", "--plan", "1234-56"), "There is no such request."),
        (("deny", "FR-NOPE", "--reason", "x"), "There is no such request."),
    ],
)
async def test_what_cannot_be_done_is_a_sentence(
    operator_prompt: Prompt, words: tuple[str, ...], sentence: str
) -> None:
    result = await operator_prompt.awaited(*words)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.output


async def test_a_cloud_that_is_not_there_is_a_sentence(operator_prompt: Prompt, cloud: SimulatedCloud) -> None:
    await cloud.stop()
    result = await operator_prompt.awaited("request", "pg-erp", "--reason", "x")
    assert result.exit_code == 1
    assert "did not succeed" in result.stderr


async def test_a_restored_backup_takes_no_decisions(operator_prompt: Prompt, asked: Request, store: SqlStore) -> None:
    store.transact(lambda tx: tx.instance.put("read_only", "the database was restored from a backup"))
    result = await operator_prompt.awaited("approve", asked.id, "--plan", asked.plan.code)
    assert result.exit_code == 1
    assert "failover-bot confirm-restored" in result.stderr


async def test_accounts_of_slack_are_unknown_at_the_prompt(operator_prompt: Prompt) -> None:
    from bot.operators import FixedPolicy
    from bot.policy_file import load

    people = OperatorPeople(FixedPolicy(load(Path(operator_prompt.environment["FAILOVER_POLICY"]))))
    with pytest.raises(PeopleError):
        await people.look_up(ROSA)
    with pytest.raises(PeopleError):
        await people.members("S0ANY")
    assert (await people.look_up(this_operator())).person_id == "me"


def test_the_operator_is_who_the_system_says_whatever_variables_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    me = this_operator()
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, "boss")
    assert this_operator() == me


async def test_a_break_glass_of_the_highest_tier_says_that_it_waits_for_the_second_factor(
    operator_prompt: Prompt, store: SqlStore, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    me = account_key(this_operator())
    glass = f'groups = ["pg-*"]\nsecond_factor = true\nbreak_glass = {{ users = ["{me}"] }}'
    policy.write_text(policy.read_text().replace('groups = ["pg-*"]', glass))
    words = ("request", "pg-erp", "--reason", "The first zone burns, nobody answers", "--break-glass")
    closed = await operator_prompt.awaited(*words, "--type-name", "pg-erp")
    assert closed.exit_code == 1
    assert "PUBLIC_URL and STEP_UP_KEY are not set here" in closed.stderr
    operator_prompt.environment |= {"PUBLIC_URL": "https://bot.example", "STEP_UP_KEY": new_key()}
    opened = await operator_prompt.awaited(*words, "--type-name", "pg-erp")
    assert opened.exit_code == 0, opened.output
    assert "nothing was started yet. Confirm at https://bot.example/step-up/" in opened.stdout
    assert enqueued(operator_prompt) == {}


async def test_an_approval_is_taken_back_at_the_prompt(
    operator_prompt: Prompt, asked: Request, store: SqlStore
) -> None:
    none = await operator_prompt.awaited("retract", asked.id)
    assert none.exit_code == 1
    assert "You have no approval to take back" in none.stderr
    await operator_prompt.awaited("approve", asked.id, "--plan", asked.plan.code, *accepting(asked))
    assert now(store, asked).state is State.APPROVED
    done = await operator_prompt.awaited("retract", asked.id)
    assert done.exit_code == 0, done.output
    assert "Your approval is taken back." in done.stdout
    assert now(store, asked).state is State.PENDING
    assert (last(store).entry.action, last(store).entry.actor) == ("retract", this_operator())


async def test_the_review_of_a_break_glass_is_written_at_the_prompt_and_opens_the_way_to_the_next(
    operator_prompt: Prompt, store: SqlStore, tmp_path: Path
) -> None:
    policy = tmp_path / "policy.toml"
    me = account_key(this_operator())
    policy.write_text(
        policy.read_text().replace('groups = ["pg-*"]', f'groups = ["pg-*"]\nbreak_glass = {{ users = ["{me}"] }}')
    )
    words = ("--reason", "The first zone burns, nobody answers", "--break-glass")
    opened = await operator_prompt.awaited("request", "pg-erp", *words, "--type-name", "pg-erp")
    assert opened.exit_code == 0, opened.output
    request = store.look(lambda tx: tx.requests.recent())[0]
    early = await operator_prompt.awaited("review", request.id, "--text", "It was right")
    assert "No review is due" in early.stderr
    store.transact(lambda tx: tx.requests.move(request, replace(request, state=State.VERIFIED)))
    again = ("request", "pg-crm", *words, "--type-name", "pg-crm")
    owed = await operator_prompt.awaited(*again)
    assert "failover-bot review REQUEST" in owed.stderr
    assert "A reason is required" in (await operator_prompt.awaited("review", request.id, "--text", " ")).stderr
    assert (await operator_prompt.awaited("review", request.id, "--text", "It was right")).exit_code == 0
    assert now(store, request).review == "It was right"
    assert (await operator_prompt.awaited(*again)).exit_code == 0
