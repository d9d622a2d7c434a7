"""The preflight matrix, row by row: what blocks, what warns, and that no word of the cloud is overlooked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.facts import Credential, Drill, FailedTask, JobId, Known, Os, PairId, Site, Snapshot
from bot.domain.plan import Occasion, Options
from bot.domain.preflight import (
    Level,
    Verdict,
    changed_since,
    check,
    check_before_reversal,
    os_mix,
    pairs_line,
    running_count,
    servers_line,
    verdict,
    verdict_line,
)

from .facts import (
    NOW,
    instance,
    moved,
    pair,
    snapshot,
    with_group,
    with_instance,
    with_pair,
    with_source_server,
    with_target_server,
)

TASK = FailedTask(
    resource_name="pg-erp",
    resource_type="server_groups",
    failure_status="reverseFail",
    error_code="SDRS.1029",
    reason="",
    began_at="",
    job_id=JobId("j"),
)
DRILL = Drill(id="d", name="drill-1", status="available")


def found(facts: Snapshot, to: Site = Site.TARGET, options: Options | None = None) -> dict[str, Level]:
    return {finding.check: finding.level for finding in check(facts, to, options or Options(), NOW)}


def test_a_healthy_group_is_ready_in_both_directions() -> None:
    assert check(snapshot(), Site.TARGET, Options(), NOW) == ()
    back = moved(snapshot())
    assert check(back, Site.SOURCE, Options(), NOW) == ()


def one_zone(facts: Snapshot) -> Snapshot:
    zone = facts.group.source_zone
    instances = tuple(replace(one, at_target=replace(one.at_target, zone=zone)) for one in facts.instances)
    return replace(with_group(facts, target_zone=zone), instances=instances)


BLOCKERS = {
    "group_status": lambda facts: with_group(facts, status="reversing"),
    "direction": moved,
    "zones": one_zone,
    "no_instances": lambda facts: replace(with_group(facts, instance_count=0), instances=()),
    "no_pairs": lambda facts: replace(with_group(facts, pair_count=0), pairs=()),
    "incomplete_read": lambda facts: with_group(facts, pair_count=9),
    "instance_status": lambda facts: with_instance(facts, status="invalid"),
    "instance_without_pair": lambda facts: with_instance(facts, attached_pair_ids=()),
    "pair_status": lambda facts: with_pair(facts, status="fault"),
    "pair_replication": lambda facts: with_pair(facts, replication_status="copying"),
    "pair_progress": lambda facts: with_pair(facts, progress=97),
    "pair_fault": lambda facts: with_pair(facts, fault_level="5"),
    "sites_disagree": lambda facts: with_pair(facts, priority_station="target"),
    "server_missing": lambda facts: with_instance(facts, at_target=None),
    "server_zone": lambda facts: with_target_server(facts, zone="eu-de-03"),
    "dr_running": lambda facts: with_target_server(facts, status="ACTIVE"),
    "server_busy": lambda facts: with_source_server(facts, task_state="powering-off"),
    "server_status": lambda facts: with_source_server(facts, status="ERROR"),
    "server_locked": lambda facts: with_source_server(facts, locked=True),
    "server_frozen": lambda facts: with_target_server(facts, frozen=True),
}
WARNINGS = {
    "failed_tasks": lambda facts: replace(facts, failed_tasks=(TASK,)),
    "pairs_unattached": lambda facts: replace(
        facts, pairs=(*facts.pairs, replace(pair("loose"), attached_instance_ids=()))
    ),
    "drill_open": lambda facts: replace(facts, drills=(DRILL,)),
    "drill_overdue": lambda facts: with_group(facts, drill_overdue=Known.YES),
    "first_failover": lambda facts: with_instance(
        facts, os=Os.WINDOWS, cloudbase_init=Known.YES, dr_started_before=Known.NO
    ),
    "login_facts": lambda facts: with_instance(facts, credential=Credential.UNKNOWN),
    "flavor_smaller": lambda facts: with_target_server(facts, flavor="s3.small.1", vcpus=1),
    "token_expires": lambda facts: replace(facts, token_expires_at=NOW + timedelta(minutes=59)),
    "password_expires": lambda facts: replace(facts, password_expires_at=NOW + timedelta(days=6)),
}


@pytest.mark.parametrize(("name", "break_it"), BLOCKERS.items(), ids=BLOCKERS)
def test_each_row_that_blocks_is_found_alone_and_blocks(name: str, break_it) -> None:
    findings = check(break_it(snapshot()), Site.TARGET, Options(), NOW)
    assert {finding.check for finding in findings} == {name}
    assert verdict(findings) is Verdict.BLOCKED


@pytest.mark.parametrize(("name", "break_it"), WARNINGS.items(), ids=WARNINGS)
def test_each_row_that_warns_is_found_alone_and_only_warns(name: str, break_it) -> None:
    findings = check(break_it(snapshot()), Site.TARGET, Options(), NOW)
    assert [finding.check for finding in findings] == [name]
    assert verdict(findings) is Verdict.WARNINGS


@pytest.mark.parametrize("break_it", (BLOCKERS | WARNINGS).values(), ids=BLOCKERS | WARNINGS)
def test_every_finding_says_what_is_and_how_to_cure_it(break_it) -> None:
    for finding in check(break_it(snapshot()), Site.TARGET, Options(), NOW):
        assert finding.sentence.endswith(".")
        assert finding.cure.endswith(".")


GROUP_STATUSES = [
    "creating",
    "available",
    "protected",
    "deleting",
    "error-deleting",
    "error",
    "starting",
    "error-starting",
    "reprotecting",
    "error-reprotecting",
    "stopping",
    "error-stopping",
    "reversing",
    "error-reversing",
    "failing-over",
    "failed-over",
    "error-failing-over",
    "failed-over-back",
    "error-failing-back",
    "error-failing-over-back",
    "something-new",
]


@pytest.mark.parametrize("status", GROUP_STATUSES)
def test_only_protected_and_a_failed_reversal_may_be_switched_over(status: str) -> None:
    findings = found(with_group(snapshot(), status=status))
    assert ("group_status" in findings) == (status not in ("protected", "error-reversing"))


def test_an_unknown_status_is_shown_raw() -> None:
    (finding,) = check(with_group(snapshot(), status="something-new"), Site.TARGET, Options(), NOW)
    assert '"something-new"' in finding.sentence
    assert "does not know" in finding.sentence


@pytest.mark.parametrize("status", ["creating", "available", "resizing", "error-reversing", "fault", "invalid", "new"])
def test_an_instance_or_pair_that_is_not_protected_blocks(status: str) -> None:
    assert found(with_instance(snapshot(), status=status)) == {"instance_status": Level.BLOCKER}
    assert found(with_pair(snapshot(), status=status)) == {"pair_status": Level.BLOCKER}


@pytest.mark.parametrize(
    ("level", "words"),
    [("2", "Use failover"), ("5", "Failover is not allowed"), ("7", "Look at the pair")],
)
def test_a_fault_level_has_its_own_cure(level: str, words: str) -> None:
    (finding,) = check(with_pair(snapshot(), fault_level=level), Site.TARGET, Options(), NOW)
    assert words in finding.cure
    assert finding.subjects == ("pair-db-1",)


def test_running_production_is_counted_when_the_bot_stops_it_and_blocks_when_it_was_said_to_be_off() -> None:
    assert found(snapshot()) == {}
    assert found(snapshot(), options=Options(stop_servers=False)) == {"production_running": Level.BLOCKER}
    findings = check_before_reversal(snapshot(), Site.TARGET, Options(), NOW)
    assert [finding.check for finding in findings] == ["production_running"]


def test_a_word_for_a_site_that_is_unknown_blocks() -> None:
    findings = found(with_group(snapshot(), priority_station="elsewhere"))
    assert findings["direction"] is Level.BLOCKER


def test_a_pair_that_its_instance_names_is_attached() -> None:
    assert found(with_pair(snapshot(), attached_instance_ids=())) == {}


def test_a_frozen_instance_blocks() -> None:
    assert found(with_instance(snapshot(), frozen=True)) == {"server_frozen": Level.BLOCKER}


def test_no_first_failover_is_announced_when_the_requester_knows_better_or_production_comes_back() -> None:
    facts = with_instance(snapshot(), os=Os.WINDOWS, cloudbase_init=Known.YES, dr_started_before=Known.UNKNOWN)
    assert found(facts) == {"first_failover": Level.WARNING}
    assert found(facts, options=Options(occasion=Occasion.LATER)) == {}
    assert found(moved(facts), to=Site.SOURCE) == {}


@pytest.mark.parametrize(
    ("flavor", "vcpus", "ram_mib", "warns"),
    [
        ("s3.large.2", None, None, False),
        ("s3.other", 2, 4096, False),
        ("s3.other", 4, 8192, False),
        ("s3.other", 4, 2048, True),
        ("s3.other", None, None, True),
    ],
)
def test_only_a_smaller_or_unknown_size_warns(flavor: str, vcpus: int, ram_mib: int, warns: bool) -> None:
    facts = with_target_server(snapshot(), flavor=flavor, vcpus=vcpus, ram_mib=ram_mib)
    assert ("flavor_smaller" in found(facts)) is warns


def test_margins_of_token_and_password_are_exact() -> None:
    facts = replace(
        snapshot(), token_expires_at=NOW + timedelta(minutes=60), password_expires_at=NOW + timedelta(days=7)
    )
    assert found(facts) == {}


def test_a_group_that_was_worked_on_since_the_check_is_found() -> None:
    before = snapshot()
    (finding,) = changed_since(before, with_group(before, updated_at="2026-03-02 08:00:00.000"))
    assert finding.level is Level.BLOCKER
    assert changed_since(before, snapshot()) == ()
    assert changed_since(with_group(before, updated_at=""), before) == ()


@given(
    st.sampled_from([*GROUP_STATUSES, ""]),
    st.text(max_size=8),
    st.text(max_size=8),
    st.text(max_size=3),
    st.integers(-1, 101),
    st.text(max_size=8),
    st.sampled_from(Site),
    st.booleans(),
)
def test_whatever_words_the_cloud_uses_the_checks_answer(
    status: str, station: str, pair_word: str, fault: str, progress: int, server_word: str, to: Site, stops: bool
) -> None:
    facts = with_group(snapshot(), status=status, priority_station=station)
    facts = with_pair(facts, replication_status=pair_word, fault_level=fault, progress=progress)
    facts = with_source_server(facts, status=server_word)
    findings = check(facts, to, Options(stop_servers=stops), NOW)
    assert verdict(findings) is Verdict.BLOCKED
    assert all(finding.sentence and finding.cure for finding in findings)


def test_the_verdict_line_counts_warnings_and_names_the_first_blocker() -> None:
    assert verdict_line(()) == "READY"
    warned = WARNINGS["drill_overdue"](WARNINGS["failed_tasks"](snapshot()))
    assert verdict_line(check(warned, Site.TARGET, Options(), NOW)) == "2 warnings"
    blocked = BLOCKERS["pair_progress"](BLOCKERS["group_status"](snapshot()))
    line = verdict_line(check(blocked, Site.TARGET, Options(), NOW))
    assert line == "BLOCKED: The group's status is reversing. (1 more)"


def test_the_card_lines_say_what_is_in_sync_what_runs_and_what_systems_there_are() -> None:
    facts = replace(
        snapshot("a", "b", "c"),
        instances=(instance("a"), instance("b", is_on=False, kind=Os.WINDOWS), replace(instance("c"), at_source=None)),
    )
    assert pairs_line(facts) == "3/3 pairs active, 100 %, no fault"
    behind = with_pair(facts, replication_status="copying", progress=97)
    assert pairs_line(behind) == "2/3 pairs in sync; not in sync: pair-a (copying, 97 %)"
    assert "(fault level left out)" in pairs_line(with_pair(facts, fault_level=""))
    assert pairs_line(replace(facts, pairs=())) == "no replication pairs"
    assert servers_line(replace(facts, instances=()), Site.TARGET, Options()) == "none"
    assert servers_line(facts, Site.TARGET, Options()) == "3 (1 running, will be stopped; 1 off; 1 missing)"
    assert "must be stopped first" in servers_line(facts, Site.TARGET, Options(stop_servers=False))
    assert os_mix(facts) == "1 Windows, 2 Linux"
    assert running_count(facts, Site.SOURCE) == 1


def test_five_hundred_bad_pairs_make_a_short_sentence() -> None:
    pairs = tuple(replace(pair(f"n{number}"), id=PairId(f"n{number}"), progress=1) for number in range(500))
    facts = replace(with_group(snapshot(), pair_count=500), pairs=pairs)
    (finding,) = [one for one in check(facts, Site.TARGET, Options(), NOW) if one.check == "pair_progress"]
    assert "and 495 more" in finding.sentence
    assert len(finding.sentence) < 300
    assert len(finding.subjects) == 500
