"""The control surface and the standard project, as another process sees them."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.demo.sdrs import Group, SimulatedCloud, describe, standalone
from tests.demo.sdrs.visitor import Json, Visitor, code_of, password_body


@pytest.fixture
async def control(cloud: SimulatedCloud) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"{cloud.url}/_", verify=False) as http:
        yield http


async def test_calls_are_listed_and_can_be_continued(
    visitor: Visitor, control: httpx.AsyncClient, group: Group
) -> None:
    await visitor.reverse(group)
    calls: Json = (await control.get("/calls?since=1")).json()

    [call] = calls["calls"]
    assert (calls["count"], call["method"], call["status"], call["user"]) == (2, "POST", 200, "drbot")
    assert call["path"].endswith(f"/server-groups/{group.id}/action")
    assert call["body"] == {"reverse-server-group": {"priority_station": "target"}}


async def test_a_fault_is_added_counted_and_taken_away(visitor: Visitor, control: httpx.AsyncClient) -> None:
    added = await control.post("/faults", json={"match": "GET .*/server-groups", "status": 503})
    assert added.status_code == 201
    assert (await visitor.sdrs("GET", "/server-groups")).status_code == 503

    [rule] = (await control.get("/faults")).json()["faults"]
    assert (rule["id"], rule["hits"]) == (added.json()["id"], 1)
    assert (await control.delete(f"/faults/{rule['id']}")).json()["hits"] == 1
    assert (await visitor.sdrs("GET", "/server-groups")).status_code == 200
    assert (await control.delete("/faults/99")).status_code == 404


async def test_a_fault_can_carry_the_fate_of_a_job(
    cloud: SimulatedCloud, visitor: Visitor, control: httpx.AsyncClient, group: Group
) -> None:
    fate = {"ends": "FAIL", "error_code": "SDRS.0013", "leaves": "all-true"}
    await control.post("/faults", json={"match": "/action", "fate": fate})
    job_id = (await visitor.reverse(group)).json()["job_id"]
    cloud.advance(60)

    assert (await visitor.job(job_id))["error_code"] == "SDRS.0013"


@pytest.mark.parametrize(
    "fault", [{}, {"match": "("}, {"match": "x", "drop": "later"}, {"match": "x", "fate": {"ends": "MAYBE"}}]
)
async def test_a_wrong_fault_is_refused(control: httpx.AsyncClient, fault: Json) -> None:
    answer = await control.post("/faults", json=fault)

    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_the_state_shows_where_production_is(visitor: Visitor, control: httpx.AsyncClient, group: Group) -> None:
    state = (await control.get("/state")).json()

    [shown] = state["projects"][0]["groups"]
    assert (shown["name"], shown["priority_station"]) == ("pg-erp", "source")
    assert {machine["zone"] for machine in shown["production"]} == {"eu-de-01"}
    assert state["projects"][0]["password_reads"] == []


async def test_the_clock_is_pushed_and_never_pulled(visitor: Visitor, control: httpx.AsyncClient, group: Group) -> None:
    await visitor.reverse(group)
    pushed = await control.post("/advance", json={"seconds": 60})

    assert pushed.json()["now"] == "2026-08-01T12:01:00+00:00"
    assert group.status == "protected"
    for body in ({"seconds": -1}, {"seconds": "1"}, []):
        assert (await control.post("/advance", json=body)).status_code == 400


async def test_fields_of_things_can_be_set(visitor: Visitor, control: httpx.AsyncClient, group: Group) -> None:
    pair, machine = group.pairs[0], group.instances[0].source
    await control.patch(f"/things/{pair.id}", json={"progress": 97, "fault_level": "2"})
    await control.patch(f"/things/{machine.id}", json={"soft_stop": "hangs", "status": "ACTIVE"})
    await control.patch(f"/things/{group.id}", json={"priority_station": "target"})

    assert (pair.progress, pair.fault_level, machine.status) == (97, "2", "ACTIVE")
    assert {one.zone for one in group.production_machines()} == {"eu-de-02"}
    assert (await control.patch(f"/things/{pair.id}", json={"instance": "x"})).status_code == 400
    assert (await control.patch("/things/x", json={})).status_code == 404


async def test_a_group_or_a_server_can_vanish(visitor: Visitor, control: httpx.AsyncClient, group: Group) -> None:
    machine = group.instances[0].source
    assert (await control.delete(f"/things/{machine.id}")).json()["status"] == "DELETED"
    assert code_of(await visitor.reverse(group)) == (400, "SDRS.1314")
    assert (await control.delete(f"/things/{group.id}")).json()["name"] == "pg-erp"
    assert code_of(await visitor.reverse(group)) == (400, "SDRS.1013")
    assert (await visitor.sdrs("GET", "/replications")).json()["count"] == 0
    assert (await control.delete("/things/x")).status_code == 404


async def test_quirks_can_be_set(cloud: SimulatedCloud, control: httpx.AsyncClient) -> None:
    assert (await control.patch("/quirks", json={"server_ids_swap": True})).json()["server_ids_swap"]
    assert cloud.quirks.server_ids_swap
    assert (await control.patch("/quirks", json={"speed": 1})).status_code == 400


async def test_the_control_surface_is_neither_recorded_nor_faulty(
    cloud: SimulatedCloud, control: httpx.AsyncClient
) -> None:
    await control.post("/faults", json={"match": ".", "status": 503})

    assert (await control.get("/state")).status_code == 200
    assert cloud.calls == []


async def test_the_standard_project_can_be_used_with_what_is_told_of_it() -> None:
    cloud = await standalone(plain_groups=3)
    told = describe(cloud)
    user = cloud.world.registry.users[0]
    async with httpx.AsyncClient(verify=False) as http:
        body = password_body(user, project={"name": told["project"]})
        token = (await http.post(f"{told['iam']}/auth/tokens", json=body)).headers["X-Subject-Token"]
        url = f"{told['sdrs']}/v1/{told['project_id']}/server-groups"
        groups = (await http.get(url, headers={"X-Auth-Token": token})).json()["server_groups"]
    await cloud.stop()

    plain = [f"pg-{number:05d}" for number in (2, 1, 0)]
    assert [group["name"] for group in groups] == ["pg-lab", "pg-intranet", "pg-crm", "pg-erp", *plain]
    assert {"address", "user", "password", "access_key", "secret_key", "domain"} <= told.keys()


async def test_the_same_seed_gives_the_same_ids() -> None:
    first, second = SimulatedCloud(seed=3), SimulatedCloud(seed=3)

    ids = [cloud.add_project("eu-de").add_group("pg").id for cloud in (first, second)]

    assert ids[0] == ids[1]
