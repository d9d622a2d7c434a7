"""Login guidance: each combination of facts has one answer, each rule says what its row says, nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from bot.domain.facts import Credential, Known, Os, Site
from bot.domain.login import affected, card_line, guidance, guide, is_unknown, notes, occasion_of
from bot.domain.login_rows import ROWS
from bot.domain.plan import Occasion

from .facts import instance

YES, NO, UNKNOWN = Known.YES, Known.NO, Known.UNKNOWN
PASSWORD, KEY = Credential.PASSWORD, Credential.KEY_PAIR
OVER, BACK = Site.TARGET, Site.SOURCE
FIRST, LATER = Occasion.FIRST, Occasion.LATER

EVERYTHING = list(product(Os, Known, Credential, Site, Occasion, Known))
DIMENSIONS = (Os, Known, Credential, Site, Occasion, Known)


def is_certain(facts: tuple) -> bool:
    """All facts known, and none of them contradicts another."""
    return "unknown" not in facts and facts[3:] != (OVER, FIRST, YES)


def expected_rules(kind: Os, cloudbase: Known, credential: Credential, to: Site, when: Occasion, changed: Known) -> set:
    """The table, written down a second time, as a person would read it."""
    is_password = credential is PASSWORD
    if kind is Os.WINDOWS and cloudbase is YES:
        if changed is YES:
            rule = "W5"
        elif to is BACK:
            rule = "W2" if is_password else "W4"
        elif when is FIRST:
            rule = "W1" if is_password else "W3"
        else:
            rule = "N"
    elif kind is Os.WINDOWS:
        rule = "W6" if is_password else "W7"
    elif not is_password:
        rule = "L2"
    elif kind is Os.LINUX:
        rule = "L1"
    else:
        rule = "C2" if changed is YES else "C1"
    return {rule, "N"} if when is LATER else {rule}


@pytest.mark.parametrize("facts", EVERYTHING, ids="-".join)
def test_every_combination_has_an_answer_and_a_certain_one_has_exactly_one_paragraph(facts: tuple) -> None:
    answer = guidance(*facts)
    assert answer.rule_ids
    assert answer.paragraphs
    assert all(paragraph.strip() for paragraph in answer.paragraphs)
    assert len(set(answer.paragraphs)) == len(answer.paragraphs)
    if is_certain(facts):
        assert len(answer.paragraphs) == 1
        assert not answer.paragraphs[0].startswith("If ")
        assert set(answer.rule_ids) == expected_rules(*facts)
    if len(answer.paragraphs) > 1:
        assert all(paragraph.startswith("If ") for paragraph in answer.paragraphs)


@pytest.mark.parametrize("facts", [facts for facts in EVERYTHING if "unknown" in facts], ids="-".join)
def test_unknown_facts_print_every_branch_that_is_still_possible(facts: tuple) -> None:
    if facts[3] is OVER and facts[4] is not LATER and facts[5] is YES:
        facts = (*facts[:5], UNKNOWN)  # not believed of a server that may never have failed over
    choices = [
        [one for one in kind if one != "unknown"] if fact == "unknown" else [fact]
        for fact, kind in zip(facts, DIMENSIONS, strict=True)
    ]
    branches = [guidance(*branch) for branch in product(*choices)]
    assert set(guidance(*facts).rule_ids) == {rule for branch in branches for rule in branch.rule_ids}
    whole = " ".join(guidance(*facts).paragraphs)
    for branch in branches:
        for paragraph in branch.paragraphs:
            text = paragraph.split(" From the second failover on")[0].split("after the first failover: ")[-1]
            assert text in whole


# Each rule with the facts that lead to it and the words that make it true to its row.
TRUTHS = [
    (
        "W1",
        (Os.WINDOWS, YES, PASSWORD, OVER, FIRST, NO),
        [
            "1 to 2 minutes",
            "3 to 5 minutes",
            "*the production server's password* may",
            "*reset the password by hand on the DR server*",
        ],
    ),
    (
        "W2",
        (Os.WINDOWS, YES, PASSWORD, BACK, FIRST, NO),
        ["production server with *the password that was set on the DR server*"],
    ),
    (
        "W3",
        (Os.WINDOWS, YES, KEY, OVER, FIRST, NO),
        [
            "1 to 2 minutes",
            "3 to 5 minutes",
            "*the password obtained from the production server* may",
            "*the password obtained from the DR server*",
            "cannot be obtained before that server's first start",
        ],
    ),
    (
        "W4",
        (Os.WINDOWS, YES, KEY, BACK, FIRST, NO),
        ["production server with *the password obtained from the DR server*"],
    ),
    (
        "W5",
        (Os.WINDOWS, YES, KEY, OVER, LATER, YES),
        ["DR server with *the new password*", "failing back", "production server has *the new password* too"],
    ),
    ("W5", (Os.WINDOWS, YES, PASSWORD, BACK, LATER, YES), ["production server with *the new password*"]),
    ("W6", (Os.WINDOWS, NO, PASSWORD, OVER, FIRST, NO), ["*the production server's password*", "either site"]),
    (
        "W7",
        (Os.WINDOWS, NO, KEY, BACK, FIRST, NO),
        ["*the password obtained from the production server*", "either site"],
    ),
    ("L1", (Os.LINUX, NO, PASSWORD, OVER, FIRST, NO), ["*the production server's password*", "either site"]),
    (
        "L2",
        (Os.COREOS, NO, KEY, OVER, FIRST, NO),
        ["*the production server's key pair*", "either site", "SSH key pair", "may"],
    ),
    ("C1", (Os.COREOS, NO, PASSWORD, OVER, FIRST, NO), ["*the production server's password*", "either site"]),
    (
        "C2",
        (Os.COREOS, NO, PASSWORD, OVER, LATER, YES),
        ["DR server with *the new password*", "failing back", "*the initial password*", "when it was created"],
    ),
    (
        "C2",
        (Os.COREOS, NO, PASSWORD, BACK, LATER, YES),
        ["production server with *the initial password*", "when it was created"],
    ),
    (
        "N",
        (Os.WINDOWS, YES, PASSWORD, OVER, LATER, NO),
        ["changes nothing any more", "*the password that was set there at the first failover* stays valid"],
    ),
    (
        "N",
        (Os.WINDOWS, YES, KEY, OVER, LATER, NO),
        ["changes nothing any more", "*the password obtained from the DR server*", "stays valid"],
    ),
    ("N", (Os.LINUX, NO, KEY, OVER, LATER, NO), ["nothing changes any more: that key pair stays valid"]),
]


@pytest.mark.parametrize(
    ("rule", "facts", "words"), TRUTHS, ids=[f"{rule}-{number}" for number, (rule, *_) in enumerate(TRUTHS)]
)
def test_the_sentence_is_true_to_its_row(rule: str, facts: tuple, words: list[str]) -> None:
    answer = guidance(*facts)
    assert rule in answer.rule_ids
    for word in words:
        assert word in answer.paragraphs[0]


def test_every_rule_of_the_table_has_a_row() -> None:
    assert {row.rule for row in ROWS} == {"W1", "W2", "W3", "W4", "W5", "W6", "W7", "L1", "L2", "C1", "C2", "N"}


def test_cloudbase_init_unknown_says_both_each_under_its_condition() -> None:
    answer = guidance(Os.WINDOWS, UNKNOWN, PASSWORD, BACK, LATER, NO)
    assert answer.paragraphs[0].startswith("If Cloudbase-Init is installed: ")
    assert answer.paragraphs[1].startswith("If Cloudbase-Init is not installed: ")
    assert answer.rule_ids == ("W2", "W6", "N")


def test_a_change_that_a_first_failover_cannot_have_seen_yet_prints_both_branches() -> None:
    answer = guidance(Os.WINDOWS, YES, PASSWORD, OVER, FIRST, YES)
    assert answer.rule_ids == ("W1", "W5")


def test_forty_linux_servers_are_one_paragraph() -> None:
    servers = [instance(f"web-{number:02}") for number in range(40)]
    groups = guide([*servers, instance("win-1", kind=Os.WINDOWS)], BACK, LATER, NO)
    assert [len(group.servers) for group in groups] == [1, 40]
    linux = groups[1]
    assert len(linux.paragraphs) == 1
    assert linux.servers[0] == "web-00"
    assert linux.servers[-1] == "web-39"


def test_a_paragraph_says_of_what_kind_its_servers_are() -> None:
    servers = [
        replace(instance("app", kind=Os.WINDOWS), credential=KEY),
        replace(instance("report", kind=Os.WINDOWS), cloudbase_init=UNKNOWN),
        replace(instance("web"), credential=KEY),
        replace(instance("cache", kind=Os.COREOS), credential=KEY),
        replace(instance("box", kind=Os.UNKNOWN), credential=Credential.UNKNOWN),
    ]
    kinds = {group.servers: group.kinds for group in guide(servers, BACK, LATER, NO)}
    assert kinds == {
        ("app",): ("Windows with Cloudbase-Init, key pair",),
        ("report",): ("Windows with or without Cloudbase-Init, password",),
        ("cache", "web"): ("CoreOS, key pair", "Linux, key pair"),
        ("box",): ("unknown system, password or key pair",),
    }


@pytest.mark.parametrize("facts", list(product(Site, Occasion, Known)))
def test_a_guide_names_every_server_exactly_once(facts: tuple) -> None:
    servers = [
        replace(instance(f"s-{number}"), os=kind, cloudbase_init=cloudbase, credential=credential)
        for number, (kind, cloudbase, credential) in enumerate(product(Os, Known, Credential))
    ]
    named = [name for group in guide(servers, *facts) for name in group.servers]
    assert sorted(named) == sorted(server.name for server in servers)


@pytest.mark.parametrize(
    ("chosen", "started", "earlier", "expected"),
    [
        (FIRST, YES, 3, FIRST),
        (LATER, NO, 0, LATER),
        (Occasion.UNKNOWN, YES, 0, LATER),
        (Occasion.UNKNOWN, NO, 3, FIRST),
        (Occasion.UNKNOWN, UNKNOWN, 3, LATER),
        (Occasion.UNKNOWN, UNKNOWN, 0, Occasion.UNKNOWN),
    ],
)
def test_the_requester_knows_best_then_the_server_then_our_history(
    chosen: Occasion, started: Known, earlier: int, expected: Occasion
) -> None:
    assert occasion_of(replace(instance("db-1"), dr_started_before=started), chosen, earlier) is expected


def test_the_card_counts_the_servers_whose_password_may_differ() -> None:
    servers = [
        replace(instance(name, kind=kind), dr_started_before=NO)
        for name, kind in (("w1", Os.WINDOWS), ("w2", Os.WINDOWS), ("c1", Os.COREOS), ("l1", Os.LINUX))
    ]
    line = "2 Windows servers, 1 CoreOS server: the password may differ after the first failover"
    assert card_line(servers, OVER) == line
    assert [one.name for one in affected(servers, OVER)] == ["w1", "w2", "c1"]
    assert "logins stay" in card_line(servers, OVER, LATER)
    assert affected(servers, BACK) == ()


def test_linux_servers_get_the_note_about_host_names() -> None:
    assert any("preserve_hostname" in note for note in notes([instance("l1")]))
    assert not any("preserve_hostname" in note for note in notes([instance("w1", kind=Os.WINDOWS)]))
    assert any("never sees" in note for note in notes([]))


def test_a_server_with_a_missing_fact_is_known_to_be_unknown() -> None:
    windows = instance("w1", kind=Os.WINDOWS)
    assert not is_unknown(windows)
    assert is_unknown(replace(windows, cloudbase_init=UNKNOWN))
    assert is_unknown(replace(instance("l1"), credential=Credential.UNKNOWN))
    assert not is_unknown(replace(instance("l1"), cloudbase_init=UNKNOWN))
