"""The documented answers are read, and so are the loose, new and missing parts that real ones have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.cloud import models
from bot.cloud.facts import group_fact, instance_fact, job_fact, pair_fact, server_fact, tell_apart
from bot.cloud.guest import cloudbase_init, credential_of, os_of, started_before, wave_of
from bot.domain.facts import Credential, Known, Os, Power, ProjectAlias, Site

GROUP = {
    "id": "g1",
    "name": "pg",
    "description": None,
    "source_availability_zone": "eu-de-01",
    "target_availability_zone": "eu-de-02",
    "status": "protected",
    "protected_status": None,
    "progress": 0,
    "priority_station": "source",
    "protected_instance_num": 2,
    "replication_num": 2,
    "test_vpc_id": None,
    "updated_at": "2026-08-01 08:16:54.413",
}


def server(id_="s1", zone="eu-de-01", **fields):
    return models.ServerFact.model_validate(
        {"id": id_, "status": "ACTIVE", "OS-EXT-AZ:availability_zone": zone} | fields
    )


def instance(**fields):
    return models.Instance.model_validate({"id": "i1", "source_server": "s1", "target_server": "s2"} | fields)


def image(**fields):
    return models.ImageFact.model_validate({"id": "img"} | fields)


def test_a_group_with_nulls_is_read():
    group = models.GroupAnswer.model_validate({"server_group": GROUP}).server_group
    assert group.description == ""
    assert group_fact(ProjectAlias("p"), group).production is Site.SOURCE


@pytest.mark.parametrize("status", ["failed-over-back", "a-new-word", "", None])
def test_unknown_words_are_kept_as_they_came(status):
    group = models.ServerGroup.model_validate(GROUP | {"status": status, "priority_station": "elsewhere"})
    fact = group_fact(ProjectAlias("p"), group)
    assert fact.status == (status or "")
    assert fact.production is None


@pytest.mark.parametrize("level", ["5", 5, 5.0])
def test_fault_level_is_a_word_however_it_comes(level):
    assert pair_fact(models.Pair(id="p", fault_level=level)).fault_level == "5"


def test_missing_fault_level_is_empty_and_not_healthy():
    assert models.Pair(id="p", fault_level=None).fault_level == ""


@pytest.mark.parametrize("volumes", ["a,b", "a, b,", ["a", "b"], ("a", "b")])
def test_volumes_come_as_one_string_or_as_a_list(volumes):
    assert models.Pair.model_validate({"id": "p", "volume_ids": volumes}).volume_ids == ("a", "b")


@pytest.mark.parametrize(
    "tags",
    [[{"key": "dr-wave", "value": "2"}], {"dr-wave": "2"}, ["dr-wave=2"], [{"key": "dr-wave", "value": 2}]],
)
def test_tags_come_in_every_form(tags):
    assert instance(tags=tags).tag("dr-wave") == "2"


@given(
    st.dictionaries(
        st.sampled_from(["name", "status", "tags", "attachment", "metadata", "progress", "priority_station", "new"]),
        st.none(),
    )
)
def test_a_null_anywhere_is_tolerated(fields):
    assert instance(**fields).id == "i1"


def test_an_answer_without_its_list_is_not_an_empty_list():
    with pytest.raises(ValidationError):
        models.InstancesAnswer.model_validate({"count": 0})


def test_jobs_nest_and_name_what_they_work_on():
    leaf = {
        "job_id": "c",
        "job_type": "t",
        "status": "FAIL",
        "error_code": "EVS.2024",
        "entities": {"volume_ids": ["v"]},
    }
    middle = {"job_id": "b", "status": "RUNNING", "entities": {"sub_jobs": [leaf, leaf], "server_group_id": "g"}}
    job = job_fact(models.JobFact.model_validate({"job_id": "a", "status": "NEW", "entities": {"sub_jobs": [middle]}}))
    assert job.status == "NEW"
    assert not job.is_over
    assert [sub.id for sub in job.leaves()] == ["c", "c"]
    assert job.sub_jobs[0].entities == (("server_group_id", "g"),)
    assert job.leaves()[0].entities == (("volume_ids", "v"),)


@pytest.mark.parametrize("entities", [None, {}, {"sub_jobs": None}, {"sub_jobs": []}, {"sub_jobs": ["?"]}])
def test_a_job_without_sub_jobs_has_none(entities):
    assert job_fact(models.JobFact.model_validate({"job_id": "a", "entities": entities})).sub_jobs == ()


def test_a_job_that_nests_for_ever_is_read_to_a_depth():
    document = {"job_id": "z"}
    for _ in range(50):
        document = {"job_id": "a", "entities": {"sub_jobs": [document]}}
    assert job_fact(models.JobFact.model_validate(document)).leaves()


# --------------------------------------------------------------------------------------------- servers, sites


@pytest.mark.parametrize(
    ("status", "task", "power"),
    [
        ("ACTIVE", None, Power.ON),
        ("SHUTOFF", "", Power.OFF),
        ("ACTIVE", "powering-off", Power.CHANGING),
        ("SHUTOFF", "powering-on", Power.CHANGING),
        ("SHELVED", None, Power.UNKNOWN),
    ],
)
def test_power_takes_status_and_task_state(status, task, power):
    assert server_fact(server(status=status, **{"OS-EXT-STS:task_state": task})).power is power


@pytest.mark.parametrize(
    ("fields", "locked", "frozen"),
    [
        ({}, False, False),
        ({"locked": True}, True, False),
        ({"metadata": {"lockSource": "IMS"}}, True, False),
        ({"metadata": {"EcmResStatus": "freeze"}}, False, True),
        ({"metadata": {"EcmResStatus": "normal", "lockSource": None}, "locked": None}, False, False),
    ],
)
def test_locks_and_frost_are_seen(fields, locked, frozen):
    fact = server(**fields)
    assert (fact.is_locked, fact.is_frozen) == (locked, frozen)


GROUP_FACT = group_fact(ProjectAlias("p"), models.ServerGroup.model_validate(GROUP))
AT_SOURCE, AT_TARGET = server("a", "eu-de-01"), server("b", "eu-de-02")


@pytest.mark.parametrize("gone", ["", "a", "b"])
@pytest.mark.parametrize("is_swapped", [False, True])
def test_servers_are_told_apart_by_zone_whatever_the_order_of_the_fields(gone, is_swapped):
    servers = {s.id: s for s in (AT_SOURCE, AT_TARGET) if s.id != gone}
    ids = {"source_server": "b", "target_server": "a"} if is_swapped else {"source_server": "a", "target_server": "b"}
    twins = tell_apart(instance(**ids), GROUP_FACT, servers)
    assert (twins.source_id, twins.target_id) == ("a", "b")
    assert twins.source == servers.get("a")
    assert twins.target == servers.get("b")


def test_order_of_the_fields_decides_only_when_both_servers_are_gone():
    twins = tell_apart(instance(source_server="x", target_server="y"), GROUP_FACT, {})
    assert (twins.source_id, twins.target_id, twins.source) == ("x", "y", None)


def test_an_instance_is_described_by_the_server_that_was_production_first():
    windows = server("a", key_name="kp", metadata={"os_type": "Windows", "metering.imagetype": "gold"})
    twins = tell_apart(instance(source_server="b", target_server="a"), GROUP_FACT, {"a": windows, "b": AT_TARGET})
    fact = instance_fact(instance(tags=[{"key": "dr-wave", "value": "3"}]), twins, None, ())
    assert (fact.os, fact.credential, fact.cloudbase_init) == (Os.WINDOWS, Credential.KEY_PAIR, Known.YES)
    assert (fact.wave, fact.dr_started_before) == (3, Known.NO)


def test_frozen_instance_is_seen():
    assert instance(metadata={"__system__frozen": "true"}).is_frozen


@pytest.mark.parametrize(
    ("text", "wave"), [("2", 2), ("0", 0), ("", 1), ("-1", 1), ("two", 1), ("٣", 1), ("99999", 999)]
)
def test_wave_is_a_small_number_or_the_first(text, wave):
    assert wave_of(text) == wave


# ------------------------------------------------------------------------------------------------- the guest


@pytest.mark.parametrize(
    ("meta", "picture", "os"),
    [
        ({"os_type": "Linux"}, None, Os.LINUX),
        ({"os_type": "Windows"}, None, Os.WINDOWS),
        ({"os_type": "Linux", "image_name": "CoreOS-Stable"}, None, Os.COREOS),
        ({"os_type": "Linux"}, {"__os_type": "Linux", "__platform": "CoreOS"}, Os.COREOS),
        ({"os_type": "Linux"}, {"__os_type": "Linux", "__os_version": "CoreOS 1068.10.0"}, Os.COREOS),
        ({}, {"__os_type": "Windows"}, Os.WINDOWS),
        ({"image_name": "Windows Server 2019"}, None, Os.WINDOWS),
        ({"os_type": "Other"}, None, Os.UNKNOWN),
        ({}, None, Os.UNKNOWN),
    ],
)
def test_os_is_told_by_image_then_server_and_never_guessed(meta, picture, os):
    assert os_of(server(metadata=meta), image(**picture) if picture else None)[0] is os


def test_os_of_nothing_is_unknown():
    assert os_of(None, None) == (Os.UNKNOWN, "")


@pytest.mark.parametrize(
    ("tag", "picture", "meta", "known"),
    [
        ("yes", {"__support_fc_inject": "true"}, {}, Known.YES),
        ("No", {}, {"metering.imagetype": "gold"}, Known.NO),
        ("maybe", {"__support_fc_inject": "true"}, {"metering.imagetype": "gold"}, Known.NO),
        ("", {}, {"metering.imagetype": "gold"}, Known.YES),
        ("", {"__imagetype": "gold"}, {}, Known.YES),
        ("", {"__imagetype": "gold", "name": "Community_Windows"}, {}, Known.UNKNOWN),
        ("", {}, {"metering.imagetype": "private"}, Known.UNKNOWN),
        ("", None, {}, Known.UNKNOWN),
    ],
)
def test_cloudbase_init_follows_the_ladder_of_evidence(tag, picture, meta, known):
    picture = image(**picture) if picture is not None else None
    assert cloudbase_init(Os.WINDOWS, tag, server(metadata=meta), picture) is known


def test_linux_has_no_cloudbase_init():
    assert cloudbase_init(Os.LINUX, "", server(metadata={"metering.imagetype": "gold"}), None) is Known.NO


def test_credential_of_a_server_that_is_gone_is_unknown():
    assert credential_of(None) is Credential.UNKNOWN
    assert credential_of(server(key_name="kp")) is Credential.KEY_PAIR
    assert credential_of(server(key_name=None)) is Credential.PASSWORD


def test_history_that_cannot_be_read_is_not_an_empty_history():
    assert started_before(None) is Known.UNKNOWN
    assert started_before(()) is Known.NO
    assert started_before((models.ServerAction(action="create"), models.ServerAction(action="start"))) is Known.YES
