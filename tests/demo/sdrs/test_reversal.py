"""A planned failover from the outside: what is refused, how the job runs, and what is true afterwards."""

from datetime import timedelta

import pytest

from bot.demo.sdrs import Ends, Fault, Group, JobFate, Leaves, SimulatedCloud
from tests.demo.sdrs.conftest import START
from tests.demo.sdrs.visitor import Json, Visitor, code_of

TO_TARGET = {"reverse-server-group": {"priority_station": "target"}}


async def test_an_accepted_reversal_makes_group_instances_and_pairs_reversing(visitor: Visitor, group: Group) -> None:
    answer = await visitor.reverse(group)

    assert answer.status_code == 200
    assert set(answer.json()) == {"job_id"}
    shown = (await visitor.sdrs("GET", f"/server-groups/{group.id}")).json()["server_group"]
    assert shown["status"] == "reversing"
    assert {part.status for part in group.parts()} == {"reversing"}


async def test_a_reversal_ends_protected_with_production_at_the_other_site(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    job_id = (await visitor.reverse(group)).json()["job_id"]

    cloud.advance(60)

    job = await visitor.job(job_id)
    assert (job["status"], job["job_type"]) == ("SUCCESS", "reverseProtectionGroupNoCG")
    assert (group.status, group.priority_station) == ("protected", "target")
    assert {part.priority_station for part in group.parts()} == {"target"}
    assert [machine.zone for machine in group.production_machines()] == ["eu-de-02", "eu-de-02"]


async def test_a_reversal_starts_no_server_and_moves_the_addresses(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    before = group.instances[0].source.addresses
    await visitor.reverse(group)
    cloud.advance(60)

    assert group.instances[0].target.addresses == before
    assert {machine.status for machine in visitor.project.machines.values()} == {"SHUTOFF"}


async def test_a_job_runs_through_init_and_running_while_its_sub_jobs_end_one_by_one(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    job_id = (await visitor.reverse(group)).json()["job_id"]
    seen: list[tuple[str, list[str]]] = []
    for _ in range(4):
        job = await visitor.job(job_id)
        seen.append((job["status"], [part["status"] for part in job["entities"]["sub_jobs"]]))
        cloud.advance(20)

    assert seen == [
        ("INIT", ["INIT", "INIT"]),
        ("RUNNING", ["SUCCESS", "INIT"]),
        ("RUNNING", ["SUCCESS", "INIT"]),
        ("SUCCESS", ["SUCCESS", "SUCCESS"]),
    ]


async def test_sub_jobs_of_pairs_are_nested_in_those_of_instances(visitor: Visitor, group: Group) -> None:
    job = await visitor.job((await visitor.reverse(group)).json()["job_id"])

    first = job["entities"]["sub_jobs"][0]
    assert first["entities"]["protected_instance_id"] == group.instances[0].id
    nested = [part["entities"]["replication_pair_id"] for part in first["entities"]["sub_jobs"]]
    assert nested == [pair.id for pair in group.instances[0].pairs]


async def test_sub_jobs_can_be_had_side_by_side_as_in_the_published_example(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    cloud.quirks.nested_sub_jobs = False
    job = await visitor.job((await visitor.reverse(group)).json()["job_id"])

    parts = job["entities"]["sub_jobs"]
    assert [part["entities"]["replication_pair_id"] for part in parts] == [pair.id for pair in group.pairs]


async def test_production_comes_back_by_a_second_reversal(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    await visitor.reverse(group, "target")
    cloud.advance(60)
    await visitor.reverse(group, "source")
    cloud.advance(60)

    assert (group.status, group.priority_station) == ("protected", "source")


@pytest.mark.parametrize("swap", [False, True])
async def test_whether_server_ids_change_places_is_a_switch(
    cloud: SimulatedCloud, visitor: Visitor, group: Group, swap: bool
) -> None:
    cloud.quirks.server_ids_swap = swap
    instance = group.instances[0]
    await visitor.reverse(group)
    cloud.advance(60)

    answer = await visitor.sdrs("GET", f"/protected-instances/{instance.id}")
    expected = instance.target.id if swap else instance.source.id
    assert answer.json()["protected_instance"]["source_server"] == expected


REFUSALS = {
    "a running production server": ("SDRS.1319", lambda g: _set(g.instances[0].source, status="ACTIVE")),
    "a production server that is still powering off": (
        "SDRS.1352",
        lambda g: _set(g.instances[0].source, status="ACTIVE", task_state="powering-off"),
    ),
    "a running DR server": ("SDRS.1342", lambda g: _set(g.instances[1].target, status="ACTIVE")),
    "a deleted server": ("SDRS.1326", lambda g: _set(g.instances[0].source, deleted=True)),
    "a server locked by the system": ("SDRS.1357", lambda g: _set(g.instances[0].source, locked=True)),
    "a server locked by another service": (
        "SDRS.1359",
        lambda g: _set(g.instances[0].source, locked=True, lock_source="CBR"),
    ),
    "a pair that is copying": ("SDRS.1830", lambda g: _set(g.pairs[0], replication_status="copying")),
    "a pair at 97 %": ("SDRS.1830", lambda g: _set(g.pairs[0], progress=97)),
    "a broken link": ("SDRS.1824", lambda g: _set(g.pairs[0], fault_level="5")),
    "a lost production disk": ("SDRS.1823", lambda g: _set(g.pairs[0], fault_level="2")),
    "an inactive pair": ("SDRS.0214", lambda g: _set(g.pairs[0], replication_status="inactive")),
    "an abnormal instance": ("SDRS.1314", lambda g: _set(g.instances[0], status="invalid")),
    "a frozen instance": (
        "SDRS.0225",
        lambda g: _set(g.instances[0], metadata={"__system__frozen": "true"}),
    ),
    "an instance with another station": (
        "SDRS.1025",
        lambda g: _set(g.instances[0], priority_station="target"),
    ),
    "a pair with another station": ("SDRS.1026", lambda g: _set(g.pairs[0], priority_station="target")),
    "no pairs": ("SDRS.1608", lambda g: g.pairs.clear()),
    "the direction that already is": ("SDRS.0216", lambda g: _set(g, priority_station="target")),
}


def _set(thing: object, **values: object) -> None:
    for name, value in values.items():
        setattr(thing, name, value)


@pytest.mark.parametrize("reason", REFUSALS)
async def test_a_reversal_is_refused_with_the_documented_code_for(visitor: Visitor, group: Group, reason: str) -> None:
    code, spoil = REFUSALS[reason]
    spoil(group)
    if reason == "the direction that already is":
        for part in group.parts():
            part.priority_station = group.priority_station

    assert code_of(await visitor.reverse(group)) == (400, code)
    assert not visitor.project.sdrs_jobs


ALLOWED: dict[str, list[str]] = {
    "available": ["start"],
    "protected": ["reverse", "failover", "stop"],
    "error-reversing": ["reverse", "failover"],
    "error-failing-over": ["failover"],
    "failed-over": ["start"],
    "error-reprotecting": ["start"],
    "error-starting": ["start"],
    "error-stopping": ["stop"],
    "reversing": [],
    "starting": [],
    "deleting": [],
    "error": [],
}
BODIES: dict[str, Json] = {
    "reverse": TO_TARGET,
    "failover": {"failover-server-group": {}},
    "start": {"start-server-group": {}},
    "stop": {"stop-server-group": {}},
}


@pytest.mark.parametrize("action", BODIES)
@pytest.mark.parametrize("status", ALLOWED)
async def test_each_status_allows_the_actions_of_the_status_table(
    visitor: Visitor, group: Group, status: str, action: str
) -> None:
    group.status = status

    answer = await visitor.act(group, BODIES[action])

    assert (answer.status_code == 200) is (action in ALLOWED[status])


@pytest.mark.parametrize(
    ("status", "action", "code"),
    [
        ("reversing", "reverse", "SDRS.1002"),
        ("available", "reverse", "SDRS.1019"),
        ("failed-over", "reverse", "SDRS.1023"),
        ("failed-over", "failover", "SDRS.1022"),
        ("protected", "start", "SDRS.1018"),
        ("error-reversing", "start", "SDRS.1020"),
        ("failed-over", "stop", "SDRS.1024"),
    ],
)
async def test_a_wrong_status_is_refused_with_the_code_of_the_action(
    visitor: Visitor, group: Group, status: str, action: str, code: str
) -> None:
    group.status = status

    assert code_of(await visitor.act(group, BODIES[action])) == (400, code)


@pytest.mark.parametrize(
    "body",
    [{}, {"reverse": {}}, {"reverse-server-group": "target"}, {**TO_TARGET, "stop-server-group": {}}],
)
async def test_a_body_without_exactly_one_action_is_an_invalid_action(
    visitor: Visitor, group: Group, body: Json
) -> None:
    assert code_of(await visitor.act(group, body)) == (400, "SDRS.0206")


@pytest.mark.parametrize("body", [{}, {"priority_station": "eu-de-02"}, {"priority_station": None}])
async def test_a_reversal_without_a_known_station_is_refused(visitor: Visitor, group: Group, body: Json) -> None:
    assert code_of(await visitor.act(group, {"reverse-server-group": body})) == (400, "SDRS.0216")


async def test_an_unknown_group_is_http_400_and_a_malformed_id_its_own_code(visitor: Visitor) -> None:
    unknown = "40df180b-9fe2-471a-8c64-1b758dc84189"
    answer = await visitor.sdrs("POST", f"/server-groups/{unknown}/action", json=TO_TARGET)
    assert code_of(answer) == (400, "SDRS.1013")
    answer = await visitor.sdrs("POST", "/server-groups/pg-erp/action", json=TO_TARGET)
    assert code_of(answer) == (400, "SDRS.0207")


async def test_a_second_reversal_is_refused_while_the_first_one_runs(visitor: Visitor, group: Group) -> None:
    await visitor.reverse(group)

    assert code_of(await visitor.reverse(group)) == (400, "SDRS.1002")


async def test_a_failing_job_leaves_error_reversing_and_a_failed_task(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    reason = 'SdrsReverseTask-fail:SDRS.0011:Client error : {"badRequest": {"message": "no", "code": 400}}'
    fate = JobFate(ends=Ends.FAIL, error_code="SDRS.0011", fail_reason=reason)
    cloud.faults.add(Fault(match="POST .*/action", fate=fate, times=1))

    job_id = (await visitor.reverse(group)).json()["job_id"]
    cloud.advance(60)

    job = await visitor.job(job_id)
    assert (job["status"], job["error_code"], job["fail_reason"]) == ("FAIL", "SDRS.0011", reason)
    assert [part["status"] for part in job["entities"]["sub_jobs"]] == ["SUCCESS", "FAIL"]
    assert (group.status, group.priority_station) == ("error-reversing", "source")
    tasks = (await visitor.sdrs("GET", f"/task-center/failure-jobs?server_group_id={group.id}")).json()
    assert [task["failure_status"] for task in tasks["failure_jobs"]] == ["reverseFail"]
    assert (await visitor.reverse(group)).status_code == 200


async def test_a_server_started_during_the_job_makes_it_fail(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    job_id = (await visitor.reverse(group)).json()["job_id"]
    await visitor.power({"os-start": {"servers": [{"id": group.instances[0].source.id}]}})
    cloud.advance(60)

    assert (await visitor.job(job_id))["error_code"] == "SDRS.1319"
    assert group.status == "error-reversing"


async def test_a_stuck_job_stays_running_forever(cloud: SimulatedCloud, visitor: Visitor, group: Group) -> None:
    cloud.faults.add(Fault(match="POST .*/action", fate=JobFate(ends=Ends.NEVER)))
    job_id = (await visitor.reverse(group)).json()["job_id"]
    cloud.advance(24 * 3600 - 60)

    assert (await visitor.job(job_id))["status"] == "RUNNING"
    assert group.status == "reversing"


async def test_a_vanished_job_is_unknown_while_the_group_is_reversed(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    cloud.faults.add(Fault(match="POST .*/action", fate=JobFate(ends=Ends.VANISHES)))
    job_id = (await visitor.reverse(group)).json()["job_id"]
    cloud.advance(60)

    assert code_of(await visitor.sdrs("GET", f"/jobs/{job_id}")) == (500, "SDRS.0408")
    assert (group.status, group.priority_station) == ("protected", "target")


async def test_an_unknown_job_can_also_be_an_item_that_is_not_found(cloud: SimulatedCloud, visitor: Visitor) -> None:
    cloud.quirks.unknown_job = "not-found"
    answer = await visitor.sdrs("GET", "/jobs/ff8080826b45d4a5016b5036242c0025")

    assert (answer.status_code, answer.json()["itemNotFound"]["code"]) == (404, 404)


async def test_no_sub_job_begins_in_the_future(visitor: Visitor, group: Group) -> None:
    job = await visitor.job((await visitor.reverse(group)).json()["job_id"])

    assert {part["begin_time"] for part in job["entities"]["sub_jobs"]} == {"2026-08-01T12:00:00.000Z"}


async def test_a_job_and_a_group_can_show_a_status_that_nobody_knows(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    fate = JobFate(shows_status="PAUSED", group_status="failed-over-back")
    cloud.faults.add(Fault(match="POST .*/action", fate=fate))
    job_id = (await visitor.reverse(group)).json()["job_id"]
    cloud.advance(60)

    assert (await visitor.job(job_id))["status"] == "PAUSED"
    assert group.status == "failed-over-back"


@pytest.mark.parametrize("leaves", [leaves for leaves in Leaves if leaves is not Leaves.ALL_TRUE])
async def test_a_job_can_say_success_although_not_everything_is_true(
    cloud: SimulatedCloud, visitor: Visitor, group: Group, leaves: Leaves
) -> None:
    cloud.faults.add(Fault(match="POST .*/action", fate=JobFate(leaves=leaves)))
    job_id = (await visitor.reverse(group)).json()["job_id"]
    cloud.advance(60)

    assert (await visitor.job(job_id))["status"] == "SUCCESS"
    untrue = {
        Leaves.GROUP_REVERSING: group.status == "reversing",
        Leaves.GROUP_STATION: group.priority_station == "source",
        Leaves.INSTANCE_STATION: group.instances[-1].priority_station == "source",
        Leaves.PAIR_STATION: group.pairs[-1].priority_station == "source",
        Leaves.PAIR_COPYING: group.pairs[-1].progress == 97,
    }
    assert [name for name, holds in untrue.items() if holds] == [leaves]


async def test_a_failover_forces_production_off_and_needs_reprotection(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    group.instances[0].source.status = "ACTIVE"
    await visitor.act(group, BODIES["failover"])
    cloud.advance(40)
    assert (group.status, group.priority_station) == ("failed-over", "target")
    assert group.instances[0].source.status == "SHUTOFF"
    assert {pair.replication_status for pair in group.pairs} == {"active-stopped"}

    job = await visitor.job((await visitor.act(group, BODIES["start"])).json()["job_id"])
    cloud.advance(40)
    assert job["job_type"] == "reprotectProtectionGroupNoCG"
    assert (group.status, group.pairs[0].replication_status) == ("protected", "active")


async def test_reprotection_is_refused_while_a_dr_server_runs(visitor: Visitor, group: Group) -> None:
    group.status = "failed-over"
    group.instances[0].target.status = "ACTIVE"

    assert code_of(await visitor.act(group, BODIES["start"])) == (400, "SDRS.1342")


async def test_disabling_and_enabling_protection_stop_and_start_replication(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    await visitor.act(group, BODIES["stop"])
    cloud.advance(40)
    assert (group.status, group.pairs[0].replication_status) == ("available", "active-stopped")
    await visitor.act(group, BODIES["start"])
    cloud.advance(40)
    assert (group.status, group.pairs[0].replication_status) == ("protected", "active")


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [("start", "available", "error-starting"), ("stop", "protected", "error-stopping")],
)
async def test_a_failing_action_leaves_its_own_error_status_and_the_parts_as_they_were(
    cloud: SimulatedCloud, visitor: Visitor, group: Group, action: str, before: str, after: str
) -> None:
    group.enter(before, START)
    cloud.faults.add(Fault(match="POST .*/action", fate=JobFate(ends=Ends.FAIL)))
    await visitor.act(group, BODIES[action])
    cloud.advance(40)

    assert (group.status, {part.status for part in group.parts()}) == (after, {before})


async def test_the_end_has_the_time_at_which_it_happened_and_not_of_the_look(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    job_id = (await visitor.reverse(group)).json()["job_id"]
    cloud.advance(3600)

    assert (await visitor.job(job_id))["end_time"] == "2026-08-01T12:01:00.000Z"
    assert group.updated_at == START + timedelta(seconds=60)
