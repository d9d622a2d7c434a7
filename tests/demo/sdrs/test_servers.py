"""ECS and IMS from the outside: server details, power with its own jobs, history, passwords, images."""

import pytest

from bot.demo.sdrs import (
    OS,
    Ends,
    Fault,
    Group,
    JobFate,
    Machine,
    Server,
    SimulatedCloud,
    SoftStop,
    throttled,
    throttled_as_accepted,
)
from tests.demo.sdrs.visitor import Json, Visitor, code_of


@pytest.fixture
def machine(visitor: Visitor) -> Machine:
    """A running production server with a key pair."""
    group = visitor.project.add_group("pg-crm", servers=[Server(name="crm-db", credential="key-pair")])
    return group.instances[0].source


def stop_body(*machines: Machine, kind: str | None = None) -> Json:
    servers = [{"id": machine.id} for machine in machines]
    return {"os-stop": {"servers": servers} | ({"type": kind} if kind else {})}


def start_body(*machines: Machine) -> Json:
    return {"os-start": {"servers": [{"id": machine.id} for machine in machines]}}


def power_state(server: Json) -> tuple[str, str | None, str, int]:
    keys = ("status", "OS-EXT-STS:task_state", "OS-EXT-STS:vm_state", "OS-EXT-STS:power_state")
    status, task_state, vm_state, power = (server[key] for key in keys)
    return status, task_state, vm_state, power


async def test_a_server_shows_zone_states_key_image_and_addresses(visitor: Visitor, machine: Machine) -> None:
    server = await visitor.server(machine)

    assert power_state(server) == ("ACTIVE", None, "active", 1)
    assert server["OS-EXT-AZ:availability_zone"] == "eu-de-01"
    assert server["key_name"] == "kp-crm-db"
    assert server["metadata"]["os_type"] == "Linux"
    assert server["metadata"]["metering.image_id"] == server["image"]["id"]
    assert server["metadata"]["EcmResStatus"] == "normal"
    assert server["locked"] is False
    [addresses] = server["addresses"].values()
    assert addresses[0]["OS-EXT-IPS:type"] == "fixed"


async def test_a_linux_dr_server_is_off_and_hides_the_key_pair(visitor: Visitor, machine: Machine) -> None:
    twin = await visitor.server(visitor.project.machine("crm-db-dr"))

    assert power_state(twin) == ("SHUTOFF", None, "stopped", 4)
    assert (twin["key_name"], twin["OS-EXT-AZ:availability_zone"]) == (None, "eu-de-02")


async def test_a_stopping_server_stays_active_with_powering_off_until_it_is_off(
    cloud: SimulatedCloud, visitor: Visitor, machine: Machine
) -> None:
    answer = await visitor.power(stop_body(machine))
    during = power_state(await visitor.server(machine))
    cloud.advance(30)

    assert set(answer.json()) == {"job_id"}
    assert during == ("ACTIVE", "powering-off", "active", 1)
    assert power_state(await visitor.server(machine)) == ("SHUTOFF", None, "stopped", 4)


async def test_a_starting_server_stays_shutoff_with_powering_on_until_it_is_on(
    cloud: SimulatedCloud, visitor: Visitor
) -> None:
    machine = visitor.project.add_group("pg", servers=[Server(name="a", running=False)]).instances[0].source
    await visitor.power(start_body(machine))
    during = power_state(await visitor.server(machine))
    cloud.advance(30)

    assert during == ("SHUTOFF", "powering-on", "stopped", 4)
    assert power_state(await visitor.server(machine)) == ("ACTIVE", None, "active", 1)


async def test_a_batch_is_one_job_with_a_sub_job_for_each_server(cloud: SimulatedCloud, visitor: Visitor) -> None:
    group = visitor.project.add_group("pg", servers=[Server(name="a"), Server(name="b")])
    machines = [instance.source for instance in group.instances]
    job_id = (await visitor.power(stop_body(*machines))).json()["job_id"]
    cloud.advance(30)

    job = (await visitor.ecs("GET", f"/jobs/{job_id}")).json()

    assert (job["status"], job["entities"]["sub_jobs_total"]) == ("SUCCESS", 2)
    servers = [part["entities"]["server_id"] for part in job["entities"]["sub_jobs"]]
    assert servers == [machine.id for machine in machines]


async def test_a_job_belongs_to_its_own_service_and_is_unknown_to_the_other(
    visitor: Visitor, group: Group, machine: Machine
) -> None:
    ecs_job = (await visitor.power(stop_body(machine))).json()["job_id"]
    sdrs_job = (await visitor.reverse(group)).json()["job_id"]

    assert code_of(await visitor.sdrs("GET", f"/jobs/{ecs_job}")) == (500, "SDRS.0408")
    foreign = await visitor.ecs("GET", f"/jobs/{sdrs_job}")
    assert (foreign.status_code, foreign.json()["code"]) == (400, "Common.0011")


async def test_stopping_what_is_off_and_starting_what_is_on_succeeds_and_changes_nothing(
    cloud: SimulatedCloud, visitor: Visitor, machine: Machine
) -> None:
    twin = visitor.project.machine("crm-db-dr")
    jobs = [await visitor.power(start_body(machine)), await visitor.power(stop_body(twin))]
    cloud.advance(30)

    for job in jobs:
        shown = (await visitor.ecs("GET", f"/jobs/{job.json()['job_id']}")).json()
        assert shown["status"] == "SUCCESS"
    assert (machine.status, twin.status) == ("ACTIVE", "SHUTOFF")


async def test_doing_to_a_server_what_it_is_can_also_fail(
    cloud: SimulatedCloud, visitor: Visitor, machine: Machine
) -> None:
    cloud.quirks.idle_power_fails = True
    job_id = (await visitor.power(start_body(machine))).json()["job_id"]
    cloud.advance(30)

    assert (await visitor.ecs("GET", f"/jobs/{job_id}")).json()["status"] == "FAIL"
    assert machine.status == "ACTIVE"


async def test_a_server_can_refuse_the_soft_stop_and_obey_the_hard_one(
    cloud: SimulatedCloud, visitor: Visitor, machine: Machine
) -> None:
    machine.soft_stop = SoftStop.FAILS
    job_id = (await visitor.power(stop_body(machine, kind="SOFT"))).json()["job_id"]
    cloud.advance(30)
    job = (await visitor.ecs("GET", f"/jobs/{job_id}")).json()
    assert (job["status"], job["entities"]["sub_jobs"][0]["status"]) == ("FAIL", "FAIL")
    assert job["entities"]["sub_jobs"][0]["entities"]["errorcode_message"]
    assert (machine.status, machine.task_state) == ("ACTIVE", None)

    await visitor.power(stop_body(machine, kind="HARD"))
    cloud.advance(30)
    assert machine.status == "SHUTOFF"


async def test_a_server_can_hang_in_powering_off_until_it_is_stopped_hard(
    cloud: SimulatedCloud, visitor: Visitor, machine: Machine
) -> None:
    machine.soft_stop = SoftStop.HANGS
    job_id = (await visitor.power(stop_body(machine))).json()["job_id"]
    cloud.advance(3600)
    assert (machine.status, machine.task_state) == ("ACTIVE", "powering-off")
    assert (await visitor.ecs("GET", f"/jobs/{job_id}")).json()["status"] == "RUNNING"

    await visitor.power(stop_body(machine, kind="HARD"))
    cloud.advance(30)
    assert (machine.status, machine.task_state) == ("SHUTOFF", None)


async def test_a_frozen_server_fails_to_start(cloud: SimulatedCloud, visitor: Visitor) -> None:
    machine = visitor.project.add_group("pg", servers=[Server(name="a", running=False)]).instances[0].source
    machine.frozen = True
    job_id = (await visitor.power(start_body(machine))).json()["job_id"]
    cloud.advance(30)

    assert (await visitor.server(machine))["metadata"]["EcmResStatus"] == "freeze"
    job = (await visitor.ecs("GET", f"/jobs/{job_id}")).json()
    assert job["entities"]["sub_jobs"][0]["error_code"] == "Ecs.0226"
    assert machine.status == "SHUTOFF"


async def test_a_locked_server_is_neither_stopped_nor_started(visitor: Visitor, machine: Machine) -> None:
    visitor.project.lock(machine)

    assert (await visitor.server(machine))["locked"] is True
    assert code_of(await visitor.power(stop_body(machine))) == (400, "Ecs.0605")


async def test_a_deleted_server_is_404_everywhere_and_its_instance_invalid(visitor: Visitor, machine: Machine) -> None:
    visitor.project.delete_machine(machine)

    assert code_of(await visitor.ecs("GET", f"/cloudservers/{machine.id}")) == (404, "Ecs.0114")
    assert code_of(await visitor.power(stop_body(machine))) == (404, "Ecs.0114")
    assert visitor.project.group("pg-crm").instances[0].status == "invalid"


async def test_a_batch_with_one_unknown_server_is_refused_as_a_whole(visitor: Visitor, machine: Machine) -> None:
    body = stop_body(machine)
    body["os-stop"]["servers"].append({"id": "nobody"})

    assert (await visitor.power(body)).status_code == 404
    assert machine.task_state is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"os-stop": {}},
        {"os-stop": {"servers": []}},
        {"os-stop": {"servers": ["id"]}},
        {"os-stop": {"type": "GENTLE", "servers": [{"id": "x"}]}},
        {"os-start": {"servers": [{"id": "x"}] * 1001}},
    ],
)
async def test_a_power_body_that_is_not_as_documented_is_refused(visitor: Visitor, body: Json) -> None:
    assert code_of(await visitor.power(body)) == (400, "Ecs.0005")


async def test_an_empty_power_body_is_refused(visitor: Visitor) -> None:
    assert code_of(await visitor.ecs("POST", "/cloudservers/action")) == (400, "Common.0002")


async def test_servers_are_paged_by_page_number_from_one(visitor: Visitor) -> None:
    visitor.project.add_groups(30)

    async def page(query: str) -> list[str]:
        document = (await visitor.ecs("GET", f"/cloudservers/detail?{query}")).json()
        assert document["count"] == 60
        return [server["name"] for server in document["servers"]]

    assert len(await page("")) == 25
    assert await page("offset=0&limit=40") == await page("offset=1&limit=40")
    assert len(await page("offset=2&limit=40")) == 20
    assert not set(await page("offset=1&limit=40")) & set(await page("offset=2&limit=40"))
    assert await page("offset=3&limit=40") == []


async def test_servers_are_filtered_by_name_and_status(visitor: Visitor, machine: Machine) -> None:
    document = (await visitor.ecs("GET", "/cloudservers/detail?name=crm&status=SHUTOFF")).json()

    assert [server["name"] for server in document["servers"]] == ["crm-db-dr"]
    assert code_of(await visitor.ecs("GET", "/cloudservers/detail?limit=x")) == (400, "Ecs.0005")


@pytest.mark.parametrize("version", ["v2", "v2.1"])
async def test_the_history_shows_whether_a_dr_server_was_ever_started(
    visitor: Visitor, machine: Machine, version: str
) -> None:
    twin = visitor.project.machine("crm-db-dr")
    path = f"/servers/{twin.id}/os-instance-actions"
    before = (await visitor.ecs("GET", path, version)).json()
    await visitor.power(start_body(twin))
    after = (await visitor.ecs("GET", path, version)).json()

    assert before == {"instanceActions": []}
    assert [deed["action"] for deed in after["instanceActions"]] == ["start"]
    assert after["instanceActions"][0]["start_time"] == "2026-08-01T12:00:00.000000"


async def test_the_generated_password_exists_after_the_first_start_and_every_look_is_recorded(
    cloud: SimulatedCloud, visitor: Visitor
) -> None:
    server = Server(name="win", os=OS.WINDOWS, credential="key-pair", cloudbase_init=True)
    instance = visitor.project.add_group("pg", servers=[server]).instances[0]
    read = []
    for machine in (instance.source, instance.target):
        answer = await visitor.ecs("GET", f"/servers/{machine.id}/os-server-password", "v2.1")
        read.append(bool(answer.json()["password"]))

    assert read == [True, False]
    assert cloud.password_reads == [instance.source.id, instance.target.id]


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (Server(name="a"), ("Linux", "Ubuntu", "gold", None)),
        (Server(name="a", os=OS.COREOS), ("Linux", "CoreOS", "gold", None)),
        (Server(name="a", os=OS.WINDOWS, cloudbase_init=True), ("Windows", "Windows", "gold", None)),
        (Server(name="a", os=OS.WINDOWS, cloudbase_init=False), ("Windows", "Windows", "gold", "true")),
        (Server(name="a", os=OS.WINDOWS), ("Windows", "Windows", "private", None)),
    ],
)
async def test_the_image_tells_what_can_be_known_of_the_guest(
    visitor: Visitor, server: Server, expected: tuple[str, ...]
) -> None:
    machine = visitor.project.add_group("pg", servers=[server]).instances[0].source

    [image] = (await visitor.ims(f"/v2/cloudimages?id={machine.image.id}")).json()["images"]

    keys = ("__os_type", "__platform", "__imagetype", "__support_fc_inject")
    assert tuple(image.get(key) for key in keys) == expected


async def test_a_deleted_image_is_not_in_the_list_but_its_name_is_with_the_server(visitor: Visitor) -> None:
    server = Server(name="a", image_deleted=True)
    machine = visitor.project.add_group("pg", servers=[server]).instances[0].source

    assert (await visitor.ims(f"/v2/cloudimages?id={machine.image.id}")).json() == {"images": []}
    assert (await visitor.server(machine))["metadata"]["image_name"]


async def test_throttling_is_a_202_without_a_job_or_a_429(
    cloud: SimulatedCloud, visitor: Visitor, machine: Machine
) -> None:
    rule = cloud.faults.add(throttled_as_accepted("POST .*/cloudservers/action"))
    assert code_of(await visitor.power(stop_body(machine))) == (202, "Common.0024")
    rule.remove()
    cloud.faults.add(throttled("POST .*/cloudservers/action", retry_after_seconds=7))
    answer = await visitor.power(stop_body(machine))

    assert code_of(answer) == (429, "Common.1503")
    assert answer.headers["Retry-After"] == "7"
    assert machine.task_state is None


async def test_a_power_job_can_be_stuck_or_fail_by_a_rule(
    cloud: SimulatedCloud, visitor: Visitor, machine: Machine
) -> None:
    cloud.faults.add(Fault(match="cloudservers/action", fate=JobFate(ends=Ends.NEVER), times=1))
    stuck = (await visitor.power(stop_body(machine))).json()["job_id"]
    cloud.advance(3600)
    assert (await visitor.ecs("GET", f"/jobs/{stuck}")).json()["status"] == "RUNNING"

    fate = JobFate(ends=Ends.FAIL, error_code="Ecs.0002", fail_reason="system exception")
    cloud.faults.add(Fault(match="cloudservers/action", fate=fate, times=1))
    failed = (await visitor.power(stop_body(machine, kind="HARD"))).json()["job_id"]
    cloud.advance(30)
    assert (await visitor.ecs("GET", f"/jobs/{failed}")).json()["error_code"] == "Ecs.0611"
    assert machine.status == "ACTIVE"
