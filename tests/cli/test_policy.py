"""The policy at the prompt: an example that holds, mistakes in sentences, and who could approve today."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.workspace import Cast, standalone
from bot.policy_file import parse
from tests.cli.conftest import Prompt


@pytest.fixture
async def cast() -> AsyncIterator[Cast]:
    made = standalone()
    async with made.slack:
        yield made


@pytest.fixture
def slack_prompt(operator_prompt: Prompt, cast: Cast, tmp_path: Path) -> Prompt:
    """A prompt with Slack and a cloud; two of the demo's approvers must agree."""
    file = tmp_path / "two.toml"
    file.write_text(
        f"""
        [channels]
        approvals = "{cast.approvals.id}"
        incidents = "{cast.incidents.id}"
        [[rules]]
        name = "erp"
        environment = "PRODUCTION"
        groups = ["pg-erp"]
        [[rules.roles]]
        name = "approver"
        need = 2
        usergroups = ["{cast.approver_group.id}"]
        """
    )
    operator_prompt.environment |= cast.slack.environment(cast.app) | {"FAILOVER_POLICY": str(file)}
    return operator_prompt


def explained(user: str) -> tuple[str, ...]:
    return ("policy", "explain", "--user", user, "--group", "pg-erp")


def test_the_example_is_a_valid_policy(prompt: Prompt, tmp_path: Path) -> None:
    text = prompt.typed("policy", "example").stdout
    assert parse(text).rules
    file = tmp_path / "mine.toml"
    file.write_text(text)
    result = prompt.typed("policy", "check", str(file))
    assert result.exit_code == 0
    assert "is a valid policy: 2 rules (" in result.stdout


def test_each_mistake_is_a_sentence_and_the_exit_status_says_so(prompt: Prompt, tmp_path: Path) -> None:
    file = tmp_path / "bad.toml"
    file.write_text('[[rules]]\nname = "x"\nenvironment = "P"\ngroups = ["*"]\ncolour = "red"\n')
    result = prompt.typed("policy", "check", str(file))
    assert result.exit_code == 2
    assert "colour" in result.stderr
    missing = prompt.typed("policy", "check", str(tmp_path / "none.toml"))
    assert missing.exit_code == 2
    assert "does not exist" in missing.stderr


async def test_explain_says_what_somebody_may_and_that_the_quorum_can_be_met_today(
    slack_prompt: Prompt, cast: Cast
) -> None:
    said = (await slack_prompt.awaited(*explained(cast.requester.id))).stdout
    assert "Rosa Lindqvist may request." in said
    assert "Rosa Lindqvist may not approve or deny." in said
    assert "The quorum of 2 can be met today when Rosa Lindqvist asks." in said


async def test_an_approver_who_asks_is_missing_in_the_quorum(slack_prompt: Prompt, cast: Cast) -> None:
    said = (await slack_prompt.awaited(*explained(cast.approvers[0].id))).stdout
    assert "The quorum cannot be met today when Amir Haddad asks: approver 1 of 2." in said


async def test_people_who_left_do_not_count(slack_prompt: Prompt, cast: Cast) -> None:
    cast.slack.trouble.deactivate(cast.approvers[0].id)
    said = (await slack_prompt.awaited(*explained(cast.requester.id))).stdout
    assert "The quorum cannot be met today" in said
    assert "Not counted: amir." in said


async def test_without_a_token_nothing_is_said_about_today(slack_prompt: Prompt, cast: Cast) -> None:
    del slack_prompt.environment["SLACK_BOT_TOKEN"]
    said = (await slack_prompt.awaited(*explained(cast.requester.id))).stdout
    assert "Slack was not asked" in said
    assert "can be met today" not in said


async def test_slack_not_answering_is_told_as_a_no(slack_prompt: Prompt, cast: Cast) -> None:
    cast.slack.outage()
    said = (await slack_prompt.awaited(*explained(cast.requester.id))).stdout
    assert "the bot says no to everybody whom it cannot look up. By the policy alone:" in said
    assert "Refused(" not in said


async def test_somebody_whom_slack_does_not_know_is_told_first(slack_prompt: Prompt) -> None:
    said = (await slack_prompt.awaited(*explained("U0NOBODY"))).stdout
    assert said.startswith("Slack did not say who U0NOBODY is (")


async def test_a_group_without_a_rule_is_nobodys(slack_prompt: Prompt, cast: Cast) -> None:
    result = await slack_prompt.awaited("policy", "explain", "--user", cast.requester.id, "--group", "pg-crm")
    assert "No rule covers the group" in result.stdout


async def test_without_a_cloud_the_name_alone_is_matched_and_that_is_said(slack_prompt: Prompt, cast: Cast) -> None:
    for name in [name for name in slack_prompt.environment if name.startswith("OS_")]:
        del slack_prompt.environment[name]
    said = (await slack_prompt.awaited(*explained(cast.requester.id))).stdout
    assert 'Group "pg-erp" falls under the rule "erp"' in said
    assert "The group was not looked up, so tags were not compared" in said


@pytest.mark.parametrize("name", ["rosa", "@rosa", "Rosa Lindqvist", "operator/", ""])
def test_a_name_is_no_user_and_nothing_is_said_about_nobody(prompt: Prompt, name: str) -> None:
    result = prompt.typed("policy", "explain", "--user", name, "--group", "pg-erp")
    assert result.exit_code == 2
    assert "is no user id. Nothing was done. Write U…" in result.stderr
