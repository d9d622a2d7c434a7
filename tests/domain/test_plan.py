"""The plan says exactly what is approved: every covered change shows in its digest and in the difference."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.facts import Credential, InstanceId, Known, Os, PairId, ServerId, Site, Snapshot
from bot.domain.plan import Occasion, Options, Plan, difference, plan_of

from .facts import (
    instance,
    pair,
    snapshot,
    with_group,
    with_instance,
    with_pair,
    with_source_server,
    with_target_server,
)

NAMES = ("db-1", "web-1", "web-2", "app-1")


def plan(facts: Snapshot, options: Options | None = None, to: Site = Site.TARGET, version: str = "v1") -> Plan:
    return plan_of(facts, to, options or Options(), version)


@given(st.permutations(NAMES), st.permutations(NAMES))
def test_the_order_in_which_the_cloud_lists_things_does_not_matter(servers: list[str], pairs: list[str]) -> None:
    facts = snapshot(*NAMES)
    by_name = {one.name: one for one in facts.instances}
    shuffled = replace(
        facts, instances=tuple(by_name[name] for name in servers), pairs=tuple(pair(name) for name in pairs)
    )
    assert plan(shuffled) == plan(facts)
    assert plan(shuffled).digest == plan(facts).digest


COVERED_FACTS = {
    "group id": lambda facts: with_group(facts, id="g-2"),
    "group name": lambda facts: with_group(facts, name="pg-other"),
    "zone": lambda facts: with_group(facts, target_zone="eu-de-03"),
    "instance id": lambda facts: with_instance(facts, id=InstanceId("i-new")),
    "server renamed": lambda facts: with_instance(facts, name="db-9"),
    "production server": lambda facts: with_instance(facts, source_server_id=ServerId("other")),
    "DR server": lambda facts: with_instance(facts, target_server_id=ServerId("other")),
    "system": lambda facts: with_instance(facts, os=Os.WINDOWS),
    "Cloudbase-Init": lambda facts: with_instance(facts, cloudbase_init=Known.UNKNOWN),
    "credential": lambda facts: with_instance(facts, credential=Credential.KEY_PAIR),
    "wave": lambda facts: with_instance(facts, wave=7),
    "server added": lambda facts: replace(facts, instances=(*facts.instances, instance("srv-9"))),
    "server removed": lambda facts: replace(facts, instances=facts.instances[1:]),
    "pair id": lambda facts: with_pair(facts, id=PairId("p-new")),
    "pair added": lambda facts: replace(facts, pairs=(*facts.pairs, pair("srv-9"))),
    "pair removed": lambda facts: replace(facts, pairs=facts.pairs[1:]),
}


@pytest.mark.parametrize("change", COVERED_FACTS.values(), ids=COVERED_FACTS)
def test_a_covered_fact_changes_the_digest_and_is_told(change) -> None:
    old, new = plan(snapshot()), plan(change(snapshot()))
    assert old.digest != new.digest
    assert difference(old, new)


COVERED_OPTIONS = (
    Options(stop_servers=False),
    Options(start_servers=False),
    Options(passwords_changed=Known.YES),
    Options(occasion=Occasion.FIRST),
    Options(start_at=datetime(2026, 3, 3, 21, 0, tzinfo=UTC)),
)


@pytest.mark.parametrize("options", COVERED_OPTIONS)
def test_a_changed_option_changes_the_digest_and_is_told(options: Options) -> None:
    old, new = plan(snapshot()), plan(snapshot(), options)
    assert old.digest != new.digest
    assert len(difference(old, new)) == 1


def test_direction_and_policy_version_are_covered() -> None:
    old = plan(snapshot())
    assert {old.digest, plan(snapshot(), to=Site.SOURCE).digest, plan(snapshot(), version="v2").digest} > {old.digest}
    assert "policy: version v1 → v2" in difference(old, plan(snapshot(), version="v2"))
    assert any("failback" in sentence for sentence in difference(old, plan(snapshot(), to=Site.SOURCE)))


UNCOVERED_FACTS = {
    "a server stops": lambda facts: with_source_server(facts, status="SHUTOFF"),
    "a server is busy": lambda facts: with_target_server(facts, task_state="powering-on"),
    "a pair falls behind": lambda facts: with_pair(facts, progress=97, replication_status="copying"),
    "the group works": lambda facts: with_group(facts, status="reversing", updated_at="2026-03-02"),
    "read later": lambda facts: replace(facts, taken_at=facts.taken_at + timedelta(hours=1)),
}


@pytest.mark.parametrize("change", UNCOVERED_FACTS.values(), ids=UNCOVERED_FACTS)
def test_what_moves_by_itself_is_no_drift(change) -> None:
    assert plan(change(snapshot())).digest == plan(snapshot()).digest


def test_the_same_moment_in_another_time_zone_is_the_same_plan() -> None:
    moment = datetime(2026, 3, 3, 21, 0, tzinfo=UTC)
    elsewhere = moment.astimezone(timezone(timedelta(hours=2)))
    assert plan(snapshot(), Options(start_at=moment)) == plan(snapshot(), Options(start_at=elsewhere))


def test_the_difference_names_what_changed() -> None:
    old = plan(snapshot("db-1", "web-1"))
    facts = with_instance(snapshot("db-1", "web-1"), wave=2)
    facts = replace(facts, instances=(*facts.instances, instance("srv-9")), pairs=(*facts.pairs, pair("srv-9")))
    assert difference(old, plan(facts)) == (
        "+ srv-9 added since the request",
        "+ replication pair p-srv-9 added since the request",
        "start order of db-1: wave 1 → 2",
    )


def test_a_removed_server_and_a_name_with_braces_are_told() -> None:
    old = plan(snapshot("{db}", "web-1"))
    new = plan(with_instance(snapshot("{db}"), os=Os.WINDOWS))
    assert "− web-1 removed since the request" in difference(old, new)
    assert "system of {db}: Linux → Windows" in difference(old, new)


plans = st.builds(
    lambda names, wave, kind, options, to, version: plan(
        with_instance(snapshot(*names), wave=wave, os=kind), options, to, version
    ),
    st.lists(st.sampled_from(NAMES), min_size=1, unique=True),
    st.integers(0, 3),
    st.sampled_from(Os),
    st.builds(Options, stop_servers=st.booleans(), start_servers=st.booleans(), occasion=st.sampled_from(Occasion)),
    st.sampled_from(Site),
    st.sampled_from(("v1", "v2")),
)


@example("\ud800", "\udfff")
@given(st.text(st.characters(), min_size=1), st.text(st.characters(), min_size=1))
def test_every_name_has_a_digest_and_two_names_have_two(old: str, new: str) -> None:
    """Half a surrogate pair too, which UTF-8 does not know."""
    before, after = (plan(with_instance(snapshot(), name=name)) for name in (old, new))
    assert (before.digest == after.digest) == (old == new)
    assert (difference(before, after) == ()) == (old == new)


@given(plans)
def test_the_canonical_text_is_the_json_of_every_field(one: Plan) -> None:
    assert one.text == json.dumps(asdict(one), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@given(plans, plans)
def test_the_difference_is_empty_exactly_when_the_digests_are_equal(old: Plan, new: Plan) -> None:
    assert (difference(old, new) == ()) == (old.digest == new.digest)
