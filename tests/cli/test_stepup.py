"""Second factors at the prompt: a key, an enrolment that is shown once, a list, a removal, and the record of each."""

from __future__ import annotations

import re
from pathlib import Path

import pyotp
import pytest

from bot.stepup import TotpDoor
from storage.unit_of_work import SqlStore
from tests.cli.conftest import Prompt


@pytest.fixture
def at_prompt(url: str, tmp_path: Path) -> Prompt:
    prompt = Prompt({"DATABASE_URL": url, "FAILOVER_POLICY": str(tmp_path / "none.toml")})
    prompt.environment["STEP_UP_KEY"] = prompt.typed("step-up", "key").stdout.strip()
    return prompt


def test_an_enrolled_secret_makes_codes_that_the_page_takes(at_prompt: Prompt, store: SqlStore) -> None:
    done = at_prompt.typed("step-up", "enrol", "--user", "UAMIR", "--team", "T1")
    assert done.exit_code == 0, done.output
    secret = re.search(r"Secret to type by hand: ([A-Z2-7]+)", done.stdout)
    assert secret is not None
    assert f"secret={secret[1]}" in done.stdout
    [account] = store.look(lambda tx: tx.second_factors.enrolled())
    factor = store.look(lambda tx: tx.second_factors.get(account))
    assert (str(account), factor is not None) == ("/T1/UAMIR", True)
    assert factor is not None
    assert secret[1] not in factor.sealed_secret
    door = TotpDoor("https://bot.example", at_prompt.environment["STEP_UP_KEY"])
    code = pyotp.TOTP(secret[1]).at(factor.enrolled_at)
    assert door.counter_of(factor.sealed_secret, code, factor.enrolled_at) is not None
    assert door.counter_of(factor.sealed_secret, "000000", factor.enrolled_at) is None or code == "000000"


def test_every_change_is_recorded_and_no_secret_is(at_prompt: Prompt, store: SqlStore) -> None:
    made = at_prompt.typed("step-up", "enrol", "--user", "operator/anna").stdout
    assert at_prompt.typed("step-up", "list").stdout == "operator/anna\n"
    assert at_prompt.typed("step-up", "remove", "--user", "operator/anna").exit_code == 0
    assert at_prompt.typed("step-up", "list").stdout.startswith("Nobody has a second factor.")
    again = at_prompt.typed("step-up", "remove", "--user", "operator/anna")
    assert (again.exit_code, "Nothing was changed" in again.output) == (1, True)
    rows = store.look(lambda tx: tx.audit.stream())
    assert [(row.entry.action, row.entry.outcome) for row in rows] == [
        ("enrol_second_factor", "done"),
        ("remove_second_factor", "done"),
        ("remove_second_factor", "missing"),
    ]
    secret = made.split()[-1]
    assert secret not in str(rows)


def test_without_a_key_or_a_workspace_nothing_is_enrolled(at_prompt: Prompt, store: SqlStore) -> None:
    nowhere = at_prompt.typed("step-up", "enrol", "--user", "UAMIR")
    assert (nowhere.exit_code, "--team" in nowhere.output) == (1, True)
    nobody = at_prompt.typed("step-up", "enrol", "--user", "amir", "--team", "T1")
    assert (nobody.exit_code, "is no user id" in nobody.output) == (2, True)
    at_prompt.environment["STEP_UP_KEY"] = "short"
    keyless = at_prompt.typed("step-up", "enrol", "--user", "UAMIR", "--team", "T1")
    assert (keyless.exit_code, "step-up key" in keyless.output) == (2, True)
    assert store.look(lambda tx: tx.second_factors.enrolled()) == []
