"""Each kind of abuse has a test that names it (`test_a12_…`), one elsewhere that shows it, or a reason why not."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
KINDS = frozenset(range(1, 37))
NAMED = re.compile(r"def test_((?:[af]\d+_)+)")

# Tests whose names say what they show; the number stands here.
SHOWN_BY = {
    22: ("slack/test_contract.py", "test_no_text_is_live_in_any_message_or_view"),
    24: ("slack/test_projection.py", "test_a_channel_that_outsiders_joined_gets_no_more_progress"),
    28: ("chaos/test_chaos.py", "test_f10_f26_under_chaos_every_invariant_holds"),  # I6: messages, logs and tables
    29: ("test_log.py", "test_arguments_exceptions_and_foreign_loggers_are_cleaned"),
    35: ("storage/test_audit.py", "test_the_first_row_that_is_not_as_written_is_named"),
}
REASONS = {
    27: "The bot hands out no one-time login link: its guidance says where a login is found and holds no credential. "
    "The only one-time link is the second factor's, which is A17.",
}


def named() -> set[int]:
    sources = (file.read_text(encoding="utf-8") for file in TESTS.rglob("test_*.py"))
    marks = (mark for source in sources for marks in NAMED.findall(source) for mark in marks.split("_"))
    return {int(mark[1:]) for mark in marks if mark.startswith("a")}


def test_every_kind_of_abuse_has_a_test_or_a_reason() -> None:
    missing = KINDS - named() - set(SHOWN_BY) - set(REASONS)
    assert not missing, f"nothing shows {sorted(f'A{number}' for number in missing)}"


def test_no_test_names_an_abuse_that_is_not_on_the_list() -> None:
    assert named() <= KINDS


def test_a_test_that_shows_an_abuse_is_there() -> None:
    for file, name in SHOWN_BY.values():
        assert f"def {name}(" in (TESTS / file).read_text(encoding="utf-8"), f"{file} has no {name}"


def test_a_reason_is_no_excuse_for_something_that_is_tested() -> None:
    assert not set(REASONS) & (named() | set(SHOWN_BY))
    assert all(reason.endswith(".") for reason in REASONS.values())
