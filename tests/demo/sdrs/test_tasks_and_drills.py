"""The task center and DR drills from the outside."""

import pytest

from bot.demo.sdrs import Ends, Fault, Group, JobFate, SimulatedCloud
from tests.demo.sdrs.visitor import Json, Visitor, code_of

TASKS = "/task-center/failure-jobs"
DRILLS = "/disaster-recovery-drills"


@pytest.fixture
async def failed(cloud: SimulatedCloud, visitor: Visitor, group: Group) -> str:
    """The id of a reversal that failed."""
    cloud.faults.add(Fault(match="POST .*/action", fate=JobFate(ends=Ends.FAIL), times=1))
    job_id: str = (await visitor.reverse(group)).json()["job_id"]
    cloud.advance(60)
    return job_id


async def tasks(visitor: Visitor, query: str = "") -> list[str]:
    document = (await visitor.sdrs("GET", f"{TASKS}{query}")).json()
    return [task["job_id"] for task in document["failure_jobs"]]


async def test_a_failed_task_names_job_group_and_reason(visitor: Visitor, group: Group, failed: str) -> None:
    [task] = (await visitor.sdrs("GET", TASKS)).json()["failure_jobs"]

    assert (task["job_id"], task["resource_id"]) == (failed, group.id)
    assert (task["job_status"], task["failure_status"]) == ("FAIL", "reverseFail")
    assert (task["error_code"], task["resource_type"]) == ("SDRS.1029", "server_groups")


async def test_failed_tasks_are_filtered(visitor: Visitor, group: Group, failed: str) -> None:
    assert await tasks(visitor, f"?server_group_id={group.id}") == [failed]
    assert await tasks(visitor, "?server_group_id=another") == []
    assert await tasks(visitor, "?failure_status=createFail") == []
    assert await tasks(visitor, "?resource_type=protectedInstance") == []


@pytest.mark.parametrize("path", [TASKS + "/{job}", "/task-center/{group}/failure-jobs/batch", TASKS + "/batch"])
async def test_failed_tasks_are_deleted_with_204(visitor: Visitor, group: Group, failed: str, path: str) -> None:
    answer = await visitor.sdrs("DELETE", path.format(job=failed, group=group.id))

    assert (answer.status_code, answer.content) == (204, b"")
    assert await tasks(visitor) == []


async def create(visitor: Visitor, group_id: str, **more: str) -> Json:
    drill = {"name": "drill-1", "server_group_id": group_id, **more}
    answer = await visitor.sdrs("POST", DRILLS, json={"disaster_recovery_drill": drill})
    if answer.status_code == 200:
        return {"job_id": answer.json()["job_id"]}
    return {"code": answer.json()["error"]["code"]}


async def drills(visitor: Visitor, query: str = "") -> list[Json]:
    found: list[Json] = (await visitor.sdrs("GET", DRILLS + query)).json()["disaster_recovery_drills"]
    return found


async def test_a_drill_is_created_by_a_job_and_counts_in_its_group(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    job_id = (await create(visitor, group.id))["job_id"]
    [creating] = await drills(visitor)
    cloud.advance(40)
    [drill] = await drills(visitor, f"?server_group_id={group.id}")

    assert (creating["status"], drill["status"]) == ("creating", "available")
    assert len(drill["drill_servers"]) == 2
    assert (await visitor.job(job_id))["job_type"] == "createDisasterRecoveryDrill"
    shown = (await visitor.sdrs("GET", f"/server-groups/{group.id}")).json()["server_group"]
    assert shown["disaster_recovery_drill_num"] == 1
    assert not group.is_drill_overdue(cloud.world.clock.now())


async def test_a_drill_is_deleted_by_a_job(cloud: SimulatedCloud, visitor: Visitor, group: Group) -> None:
    await create(visitor, group.id)
    [drill] = await drills(visitor)
    early = await visitor.sdrs("DELETE", f"{DRILLS}/{drill['id']}")
    cloud.advance(40)
    answer = await visitor.sdrs("DELETE", f"{DRILLS}/{drill['id']}")
    cloud.advance(40)

    assert code_of(early) == (400, "SDRS.1913")
    assert (await visitor.job(answer.json()["job_id"]))["status"] == "SUCCESS"
    assert await drills(visitor) == []
    assert group.drills == []


async def test_a_drill_whose_job_fails_is_in_error_and_can_be_deleted(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    cloud.faults.add(Fault(match=f"POST .*{DRILLS}", fate=JobFate(ends=Ends.FAIL)))
    await create(visitor, group.id)
    cloud.advance(40)
    [drill] = await drills(visitor, "?status=error")

    assert (await visitor.sdrs("DELETE", f"{DRILLS}/{drill['id']}")).status_code == 200


async def test_a_drill_is_refused_for_a_wrong_name_group_network_or_state(visitor: Visitor, group: Group) -> None:
    vpc = {"drill_vpc_id": "87d505be-e984-455e-ad84-588c73fb258b"}
    codes = [
        (await create(visitor, group.id, name="no spaces"))["code"],
        (await create(visitor, "40df180b-9fe2-471a-8c64-1b758dc84189"))["code"],
        (await create(visitor, group.id, drill_vpc_id=group.source_vpc_id))["code"],
    ]
    await create(visitor, group.id, **vpc)
    codes.append((await create(visitor, group.id, **vpc))["code"])
    group.pairs[0].progress, group.pairs[0].replication_status = 10, "copying"
    codes.append((await create(visitor, group.id))["code"])
    group.status = "reversing"
    codes.append((await create(visitor, group.id))["code"])

    assert codes == ["SDRS.0202", "SDRS.1013", "SDRS.1907", "SDRS.1921", "SDRS.1830", "SDRS.1002"]


async def test_a_drill_without_a_group_is_an_invalid_request(visitor: Visitor) -> None:
    answer = await visitor.sdrs("POST", DRILLS, json={"disaster_recovery_drill": {"name": "x"}})

    assert code_of(answer) == (400, "SDRS.0201")
