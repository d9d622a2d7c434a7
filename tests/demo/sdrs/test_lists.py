"""Lists and details of SDRS: paging and its refusals, filters, and the shapes of the published examples."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.demo.sdrs import Group, Server, SimulatedCloud
from tests.demo.sdrs.visitor import Json, Visitor, code_of

FIXTURES = Path(__file__).parent / "fixtures"
UNKNOWN = "40df180b-9fe2-471a-8c64-1b758dc84189"


async def names(visitor: Visitor, query: str = "", path: str = "server-groups") -> list[str]:
    key = {"server-groups": "server_groups", "protected-instances": "protected_instances"}.get(path, path)
    document = (await visitor.sdrs("GET", f"/{path}?{query}")).json()
    return [one["name"] for one in document[key]]


@pytest.fixture
def many(visitor: Visitor) -> list[Group]:
    return visitor.project.add_groups(7)


async def test_groups_are_paged_by_items_newest_first(visitor: Visitor, many: list[Group]) -> None:
    first = (await visitor.sdrs("GET", "/server-groups?limit=3")).json()
    last = (await visitor.sdrs("GET", "/server-groups?limit=3&offset=6")).json()

    assert first["count"] == last["count"] == 7
    assert [one["name"] for one in first["server_groups"]] == ["pg-00006", "pg-00005", "pg-00004"]
    assert [one["name"] for one in last["server_groups"]] == ["pg-00000"]
    assert await names(visitor, "limit=3&offset=7") == []


async def test_count_can_also_be_that_of_the_page(visitor: Visitor, many: list[Group]) -> None:
    visitor.cloud.quirks.count = "page"

    assert (await visitor.sdrs("GET", "/server-groups?limit=3&offset=6")).json()["count"] == 1


async def test_a_list_can_repeat_its_first_page_forever(visitor: Visitor, many: list[Group]) -> None:
    visitor.cloud.quirks.repeats_first_page = True

    assert await names(visitor, "limit=3") == await names(visitor, "limit=3&offset=300")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("limit=0", "SDRS.0221"),
        ("limit=1000", "SDRS.0221"),
        ("limit=-1", "SDRS.0221"),
        ("limit=ten", "SDRS.0221"),
        ("offset=-1", "SDRS.0222"),
        ("offset=1.5", "SDRS.0222"),
    ],
)
@pytest.mark.parametrize(
    "path",
    [
        "server-groups",
        "protected-instances",
        "replications",
        "task-center/failure-jobs",
        "disaster-recovery-drills",
    ],
)
async def test_a_wrong_limit_or_offset_is_refused(visitor: Visitor, path: str, query: str, code: str) -> None:
    assert code_of(await visitor.sdrs("GET", f"/{path}?{query}")) == (400, code)


async def test_a_limit_of_999_is_the_largest(visitor: Visitor, many: list[Group]) -> None:
    assert len(await names(visitor, "limit=999")) == 7


async def test_groups_are_filtered_by_part_of_the_name_status_and_zone(visitor: Visitor) -> None:
    project = visitor.project
    project.add_group("pg-ERP-1")
    project.add_group("pg-erp-2", status="error-reversing")
    project.add_group("pg-crm", priority_station="target")

    assert await names(visitor, "name=erp") == ["pg-erp-2", "pg-ERP-1"]
    assert await names(visitor, "status=error-reversing") == ["pg-erp-2"]
    assert await names(visitor, "availability_zone=eu-de-02") == ["pg-crm"]
    assert await names(visitor, "name=erp&status=protected") == ["pg-ERP-1"]


async def test_groups_can_be_asked_for_trouble_lost_protection_and_overdue_drills(visitor: Visitor) -> None:
    project = visitor.project
    project.add_group("broken", status="error-reversing", last_drill_days_ago=10)
    project.add_group("off", status="available", last_drill_days_ago=10)
    project.add_group("late", last_drill_days_ago=100)
    project.add_group("never")

    assert await names(visitor, "query_type=status_abnormal") == ["broken"]
    assert await names(visitor, "query_type=stop_protected") == ["off"]
    assert await names(visitor, "query_type=period_no_dr_drill") == ["never", "late"]
    assert code_of(await visitor.sdrs("GET", "/server-groups?query_type=best")) == (400, "SDRS.0201")


@pytest.mark.parametrize(
    ("path", "malformed", "unknown"),
    [
        ("server-groups", "SDRS.0207", "SDRS.1013"),
        ("protected-instances", "SDRS.0208", "SDRS.1320"),
        ("replications", "SDRS.0213", "SDRS.1608"),
        ("disaster-recovery-drills", "SDRS.1900", "SDRS.1902"),
    ],
)
async def test_what_is_not_there_is_http_400(visitor: Visitor, path: str, malformed: str, unknown: str) -> None:
    assert code_of(await visitor.sdrs("GET", f"/{path}/x")) == (400, malformed)
    assert code_of(await visitor.sdrs("GET", f"/{path}/{UNKNOWN}")) == (400, unknown)


async def test_instances_are_listed_by_group_by_groups_and_by_id(visitor: Visitor, group: Group) -> None:
    other = visitor.project.add_group("pg-crm", servers=[Server(name="crm-db")])
    both = json.dumps([group.id, other.id])
    one = json.dumps([other.instances[0].id])

    path = "protected-instances"
    assert await names(visitor, f"server_group_id={group.id}", path) == ["erp-db", "erp-web"]
    assert await names(visitor, f"server_group_ids={both}", path) == ["erp-db", "erp-web", "crm-db"]
    assert await names(visitor, f"protected_instance_ids={one}", path) == ["crm-db"]
    assert await names(visitor, f"server_group_id={UNKNOWN}", path) == []


@pytest.mark.parametrize(
    ("ids", "code"), [(json.dumps([UNKNOWN] * 31), "SDRS.0226"), ("a,b", "SDRS.0201"), ("[1]", "SDRS.0201")]
)
async def test_a_list_of_ids_is_a_json_array_of_at_most_thirty(visitor: Visitor, ids: str, code: str) -> None:
    assert code_of(await visitor.sdrs("GET", f"/protected-instances?server_group_ids={ids}")) == (400, code)


async def test_abnormal_instances_and_pairs_can_be_asked_for(visitor: Visitor, group: Group) -> None:
    group.instances[0].status = group.pairs[2].status = "fault"

    assert await names(visitor, "query_type=status_abnormal", "protected-instances") == ["erp-db"]
    assert await names(visitor, "query_type=status_abnormal", "replications") == [group.pairs[2].name]


async def test_pairs_are_listed_by_group_and_by_instance(visitor: Visitor, group: Group) -> None:
    assert len(await names(visitor, f"server_group_id={group.id}", "replications")) == 3
    instance = group.instances[0].id
    assert len(await names(visitor, f"protected_instance_id={instance}", "replications")) == 2


async def test_an_instance_carries_its_wave_and_other_tags(visitor: Visitor) -> None:
    server = Server(name="erp-db", wave=2, tags={"cloudbase-init": "yes"})
    group = visitor.project.add_group("pg", servers=[server])

    answer = await visitor.sdrs("GET", f"/protected-instances/{group.instances[0].id}")

    assert answer.json()["protected_instance"]["tags"] == [
        {"key": "dr-wave", "value": "2"},
        {"key": "cloudbase-init", "value": "yes"},
    ]


async def test_a_pair_has_two_volumes_in_one_string_and_its_fault_level_as_text(visitor: Visitor, group: Group) -> None:
    path = f"/replications/{group.pairs[0].id}"
    pair = (await visitor.sdrs("GET", path)).json()["replication"]
    assert len(pair["volume_ids"].split(",")) == 2
    assert (pair["fault_level"], pair["progress"]) == ("0", 100)

    visitor.cloud.quirks.fault_level_is_number = True
    assert (await visitor.sdrs("GET", path)).json()["replication"]["fault_level"] == 0


async def test_a_groups_own_sync_fields_are_null(visitor: Visitor, group: Group) -> None:
    shown = (await visitor.sdrs("GET", f"/server-groups/{group.id}")).json()["server_group"]

    assert [shown[name] for name in ("protected_status", "replication_status", "health_status")] == [None] * 3


async def test_a_changed_group_is_shown_changed(visitor: Visitor, group: Group) -> None:
    await names(visitor)
    group.status = "error-reversing"

    assert await names(visitor, "status=error-reversing") == ["pg-erp"]
    shown = (await visitor.sdrs("GET", "/server-groups")).json()["server_groups"][0]
    assert shown["status"] == "error-reversing"


async def test_quotas_and_domains_tell_what_is_used(visitor: Visitor, group: Group) -> None:
    quotas = (await visitor.sdrs("GET", "/sdrs/quotas")).json()["quotas"]["resources"]

    assert {one["type"]: one["used"] for one in quotas} == {"server_groups": 1, "replications": 3}


async def test_a_project_of_ten_thousand_groups_is_paged_completely(visitor: Visitor) -> None:
    visitor.project.add_groups(10_000)
    found: list[str] = []
    for offset in range(0, 10_000, 500):
        found += await names(visitor, f"limit=500&offset={offset}")

    assert len(set(found)) == 10_000


def shape(value: Any) -> Any:
    """Names and kinds, without values; a list has the shape of its first element."""
    match value:
        case dict():
            return {name: shape(member) for name, member in value.items()}
        case [first, *_]:
            return [shape(first)]
        case _:
            return type(value).__name__


def fits(example: Any, given: Any) -> bool:
    """Everything that the example has is there, of the same kind; null fits and is fitted by anything."""
    if "NoneType" in (example, given) or example == []:
        return True
    if isinstance(example, dict):
        return isinstance(given, dict) and all(
            name in given and fits(member, given[name]) for name, member in example.items()
        )
    if isinstance(example, list):
        return isinstance(given, list) and (not given or fits(example[0], given[0]))
    return bool(example == given)


@pytest.fixture
async def lived_in(cloud: SimulatedCloud, visitor: Visitor, group: Group) -> Json:
    """A project in which something of everything has happened: the path of each published example."""
    group.instances[0].tags["tier"] = "1-db"
    drill = {"name": "drill", "server_group_id": group.id}
    await visitor.sdrs("POST", "/disaster-recovery-drills", json={"disaster_recovery_drill": drill})
    cloud.advance(40)
    return {
        "active_domains": "/active-domains",
        "dr_drills": "/disaster-recovery-drills",
        "protected_instance": f"/protected-instances/{group.instances[0].id}",
        "protected_instances": "/protected-instances",
        "replication_pairs": "/replications",
        "server_group": f"/server-groups/{group.id}",
        "server_groups": "/server-groups",
    }


@pytest.mark.parametrize(
    "name",
    [
        "active_domains",
        "dr_drills",
        "protected_instance",
        "protected_instances",
        "replication_pairs",
        "server_group",
        "server_groups",
    ],
)
async def test_the_answer_has_the_shape_of_the_published_example(visitor: Visitor, lived_in: Json, name: str) -> None:
    example = json.loads((FIXTURES / f"{name}.json").read_text())
    given = (await visitor.sdrs("GET", lived_in[name])).json()

    assert fits(shape(example), shape(given)), (shape(example), shape(given))


async def test_a_job_has_the_shape_of_the_published_example(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    cloud.quirks.nested_sub_jobs = False
    job = (await visitor.act(group, {"stop-server-group": {}})).json()["job_id"]
    cloud.advance(40)
    given = await visitor.job(job)

    for name in ("job", "job_with_sub_jobs"):
        example = json.loads((FIXTURES / f"{name}.json").read_text())
        assert fits(shape(example), shape(given))
    assert given["job_type"] == example["job_type"]
    assert given["entities"]["sub_jobs"][0]["job_type"] == "stopProtectionGroupRepNoCG"
