"""The policy file: its example works, each mistake has its sentence, and its version is what it means."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.policy import Audience, Policy, Role, Rule, Window
from bot.policy_file import PolicyProblems, example, load, overlaps, parse
from bot.policy_file.overlaps import meet
from bot.policy_file.shapes import SHAPE_OF, FileShape

SMALL = """
[channels]
approvals = "C0APPROVALS"

[[rules]]
name = "all"
environment = "PRODUCTION"
groups = ["*"]

[[rules.roles]]
name = "approver"
need = 2
users = ["U0ANNA", "U0BEN", "U0CARLA"]
"""


def sentences_of(text: str) -> tuple[str, ...]:
    with pytest.raises(PolicyProblems) as caught:
        parse(text)
    return caught.value.sentences


def changed(old: str, new: str, text: str = SMALL) -> str:
    assert old in text
    return text.replace(old, new, 1)


def test_a_small_file_becomes_a_policy() -> None:
    policy = parse(SMALL)
    assert policy == Policy(
        version=policy.version,
        rules=(
            Rule(
                name="all",
                environment="PRODUCTION",
                name_patterns=("*",),
                roles=(Role(name="approver", need=2, who=Audience(users=frozenset({"U0ANNA", "U0BEN", "U0CARLA"}))),),
                approvals_channel="C0APPROVALS",
            ),
        ),
    )


def test_the_example_is_a_policy_with_every_word_in_its_place() -> None:
    policy = parse(example())
    erp, rest = policy.rules
    assert policy.team == "T0ACME"
    assert policy.people["U0ANNAADMIN"] == policy.people["operator/anna"] == "anna"
    assert policy.on_call == {"platform": frozenset({"U0BEN", "U0CARLA"})}
    assert erp.requesters == Audience(users=frozenset({"U0DORA"}), usergroups=frozenset({"S0ERPTEAM"}))
    assert erp.break_glass == Audience(on_call=frozenset({"platform"}))
    assert [role.name for role in erp.roles] == ["application owner", "platform on call"]
    assert erp.roles[0].backups == Audience(users=frozenset({"U0FRIDA"}))
    assert erp.windows == (
        Window(days=frozenset({0, 1, 2, 3}), start_minute=1200, end_minute=240, zone="Europe/Berlin"),
    )
    assert (erp.request_ttl, erp.approval_ttl) == (timedelta(hours=4), timedelta(hours=1))
    assert erp.reminder_every == timedelta(minutes=30)
    assert erp.ticket_pattern == "(CHG|INC)[0-9]{6}"
    assert erp.types_name
    assert erp.needs_step_up
    assert erp.tags == (("tier", "1"),)
    assert (erp.approvals_channel, erp.incidents_channel) == ("C0ERP", "C0ERPOPS")
    assert (rest.approvals_channel, rest.incidents_channel) == ("C0APPROVALS", "C0INCIDENTS")
    assert rest.roles[0].need == 1


def test_the_example_explains_every_key() -> None:
    keys = {name for shape in {FileShape, *SHAPE_OF.values()} for name in shape.model_fields}
    assert {key for key in keys if not re.search(rf"\b{key}\b", example())} == set()


MISTAKES = {
    "no toml": ("a = 1\nb = @\n", ["not valid TOML", "line 2"]),
    "empty": ("", ["has no rule", "[[rules]]"]),
    "unknown key": (changed("environment", "enviroment"), ['"environment" is missing', 'did you mean "environment"?']),
    "unknown section": (changed("[channels]", "[chanels]"), ['"chanels" is unknown (did you mean "channels"?)']),
    "wrong type": (changed("need = 2", 'need = "2"'), ['rule "all", role "approver", need']),
    "need zero": (changed("need = 2", "need = 0"), ["need", "greater than or equal to 1"]),
    "a name for an id": (changed('"U0ANNA"', '"@anna"'), ['"@anna" is no user id', "users, entry 1"]),
    "a channel name": (changed("C0APPROVALS", "#approvals"), ['"#approvals" is no Slack channel id']),
    "no channel": (changed('approvals = "C0APPROVALS"', ""), ["no channel for approvals"]),
    "no group": (changed('groups = ["*"]', ""), ["names no group"]),
    "no roles": (SMALL.split("[[rules.roles]]")[0], ["nobody may approve"]),
    "empty role": (changed('users = ["U0ANNA", "U0BEN", "U0CARLA"]', ""), ['role "approver": nobody is in it']),
    "only backups": (
        changed('users = ["U0ANNA", "U0BEN", "U0CARLA"]', 'backups = { users = ["U0ANNA", "U0BEN"] }'),
        ["nobody is in it"],
    ),
    "impossible quorum": (changed("need = 2", "need = 4"), ['"approver" gets 3 of 4', "can never be complete"]),
    "unknown list": (changed('"U0CARLA"]', '"U0CARLA"]\non_call = ["night"]'), ['on-call list "night" is unknown']),
    "empty list": (SMALL + "[on_call]\nnight = []\n", ['the list "night" is empty']),
    "bad regex": (changed('groups = ["*"]', 'groups = ["*"]\nticket = "("'), ["no regular expression"]),
    "bad duration": (changed('groups = ["*"]', 'groups = ["*"]\nremind_every = "soon"'), ["no duration", '"4h"']),
    "bad window": (
        SMALL + '[[rules.windows]]\ndays = []\nopens = "9"\ncloses = "24:30"\nzone = "Mars/Base"\n',
        ["days", "'9' is no time of day", "'24:30' is no time of day", '"Mars/Base" is no known time zone'],
    ),
    "bad day": (SMALL + '[[rules.windows]]\ndays = ["Mo"]\nopens = "9:00"\ncloses = "10:00"\n', ["'Mon', 'Tue'"]),
    "bad team": ('team = "acme"\n' + SMALL, ['"acme" is no Slack workspace id']),
    "one account, two persons": (
        SMALL + '[people]\nanna = ["U0ANNA"]\nben = ["U0ANNA"]\n',
        ['two persons have the account "U0ANNA"'],
    ),
    "requesters of nobody": (
        changed('groups = ["*"]', 'groups = ["*"]\nrequesters = {}'),
        ['"requesters" names nobody'],
    ),
    "only approvers may ask": (
        changed("need = 2", "need = 3").replace(
            'groups = ["*"]', 'groups = ["*"]\nrequesters = { users = ["U0ANNA", "U0BEN"] }'
        ),
        ["too few others are left"],
    ),
    "same role twice": (SMALL + SMALL[SMALL.index("[[rules.roles]]") :], ['two roles have the name "approver"']),
    "same rule twice": (SMALL + SMALL[SMALL.index("[[rules]]") :], ['Two rules have the name "all"', "both name *"]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), MISTAKES.values(), ids=MISTAKES)
def test_each_mistake_has_its_sentence(text: str, words: list[str]) -> None:
    told = sentences_of(text)
    for word in words:
        assert word in "\n".join(told)
    assert all(re.search(r"[.)]\.?$", sentence) for sentence in told)


def test_all_mistakes_are_told_at_once() -> None:
    text = changed("need = 2", "need = 9").replace('approvals = "C0APPROVALS"', "")
    assert len(sentences_of(text)) == 2


def two_rules(first: str, second: str) -> str:
    role = SMALL[SMALL.index("[[rules.roles]]") :]
    rule = '[[rules]]\nname = "{}"\nenvironment = "X"\n{}\n' + role
    return '[channels]\napprovals = "C0APPROVALS"\n' + rule.format("one", first) + rule.format("two", second)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ('groups = ["*"]', 'groups = ["pg-*"]', 'rule "two" can never count'),
        ('groups = ["*"]', 'ids = ["g-1"]', 'rule "two" can never count'),
        ('groups = ["pg-*"]', 'groups = ["pg-erp*", "pg-web"]', 'rule "two" can never count'),
        ('ids = ["g-1", "g-2"]', 'ids = ["g-2"]', "both name g-2"),
        ('tags = { tier = "1" }', 'tags = { tier = "1" }', "both name tier=1"),
        ('groups = ["a", "b"]', 'groups = ["b", "c"]', "both name b"),
    ],
)
def test_a_rule_that_never_counts_or_shares_a_group_is_refused(first: str, second: str, words: str) -> None:
    (sentence,) = sentences_of(two_rules(first, second))
    assert words in sentence


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ('groups = ["pg-erp*"]', 'groups = ["pg-*"]'),
        ('groups = ["pg-?"]', 'groups = ["pg-*"]'),
        ('groups = ["pg-[ab]"]', 'groups = ["pg-c"]'),
        ('groups = ["pg-*"]', 'ids = ["g-1"]'),
        ('groups = ["pg-*"]', 'groups = ["pg-x"]\ntags = { tier = "1" }'),
    ],
)
def test_special_before_general_is_as_it_should_be(first: str, second: str) -> None:
    assert [rule.name for rule in parse(two_rules(first, second)).rules] == ["one", "two"]


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ("pg-erp*", "*-prod", "pg-erp-prod"),
        ("*-prod", "pg-erp*", "pg-erp-prod"),
        ("pg-?-db", "pg-a-*", "pg-a-db"),
        ("a*b*c", "*b", None),
        ("pg-erp*", "pg-crm*", None),
        ("pg-erp*", "pg-*", None),  # the special one first, as it should be
    ],
)
def test_rules_that_meet_in_some_names_are_told_with_one_of_them(first: str, second: str, name: str | None) -> None:
    told = list(overlaps(parse(two_rules(f'groups = ["{first}"]', f'groups = ["{second}"]'))))
    assert len(told) == (name is not None)
    if name:
        assert told[0].startswith(f'Rules "one" and "two" both fit names such as {name}: there "one" counts')


@given(st.text("ab*?", max_size=6), st.text("ab*?", max_size=6), st.text("ab", max_size=6))
def test_a_name_that_fits_both_patterns_is_found_when_there_is_one(one: str, other: str, name: str) -> None:
    found = meet(one, other)
    if found is not None:
        assert fnmatchcase(found, one)
        assert fnmatchcase(found, other)
    else:
        assert not (fnmatchcase(name, one) and fnmatchcase(name, other))


def test_a_quorum_is_judged_by_human_beings_not_by_accounts() -> None:
    text = changed("need = 2", "need = 3") + '[people]\nanna = ["U0ANNA", "U0BEN"]\n'
    assert '"approver" gets 2 of 3' in sentences_of(text)[0]


def test_two_roles_need_two_people() -> None:
    text = SMALL + '[[rules.roles]]\nname = "second"\nusers = ["U0ANNA", "U0BEN"]\n'
    assert parse(text)
    assert "can never be complete" in sentences_of(changed("need = 2", "need = 3", text))[0]


def test_a_user_group_is_trusted_to_have_people() -> None:
    assert parse(changed('users = ["U0ANNA", "U0BEN", "U0CARLA"]', 'usergroups = ["S0OWNERS"]'))


def test_an_operator_may_be_listed_by_name() -> None:
    policy = parse(changed('"U0CARLA"', '"operator/carla"'))
    assert "operator/carla" in policy.rules[0].roles[0].who.users


SAME = [
    SMALL + "\n# a comment\n",
    SMALL.replace('["U0ANNA", "U0BEN", "U0CARLA"]', '[ "U0CARLA", "U0BEN",\n "U0ANNA" ]'),
    SMALL.replace('groups = ["*"]', 'groups = ["*"]\nrequest_expires_after = "240m"'),
]
OTHER = [
    SMALL.replace("need = 2", "need = 1"),
    SMALL.replace("U0CARLA", "U0DORA"),
    SMALL.replace("PRODUCTION", "TEST"),
    SMALL.replace('groups = ["*"]', 'groups = ["*"]\nsecond_factor = true'),
    SMALL + '[people]\nanna = ["U0ANNA"]\n',
    'team = "T0ACME"\n' + SMALL,
]


@pytest.mark.parametrize("text", SAME)
def test_comments_order_and_spelling_keep_the_version(text: str) -> None:
    assert parse(text).version == parse(SMALL).version


@pytest.mark.parametrize("text", OTHER)
def test_another_meaning_is_another_version(text: str) -> None:
    assert parse(text).version != parse(SMALL).version


def test_a_file_is_loaded_and_a_missing_or_unreadable_one_is_told(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    with pytest.raises(PolicyProblems, match=r"does not exist.*policy example"):
        load(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(PolicyProblems, match="cannot be read"):
        load(path)
    path.write_text(SMALL, encoding="utf-8")
    assert load(path) == parse(SMALL)


def test_a_rule_without_channels_of_its_own_takes_those_of_the_file() -> None:
    policy = parse(changed('groups = ["*"]', 'groups = ["*"]\nchannels = { incidents = "C0OPS" }'))
    assert replace(policy.rules[0], incidents_channel="") == parse(SMALL).rules[0]
    assert policy.rules[0].incidents_channel == "C0OPS"
