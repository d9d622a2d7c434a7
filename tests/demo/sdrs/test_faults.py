"""Faults by rule: what the client sees, what the cloud did, and how often a rule hits."""

import asyncio

import httpx
import pytest

from bot.demo.sdrs import Fault, Group, SimulatedCloud, bad_gateway, expired_token
from tests.demo.sdrs.visitor import Visitor, code_of

GROUPS = "GET .*/server-groups"


async def statuses(visitor: Visitor, count: int) -> list[int]:
    return [(await visitor.sdrs("GET", "/server-groups")).status_code for _ in range(count)]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 429, 500, 501, 502, 503, 504])
async def test_any_status_can_be_answered(cloud: SimulatedCloud, visitor: Visitor, status: int) -> None:
    cloud.faults.add(Fault(match=GROUPS, status=status, body={"error": {"code": "X", "message": "Y"}}))

    assert code_of(await visitor.sdrs("GET", "/server-groups")) == (status, "X")


@pytest.mark.parametrize(
    ("body", "kind", "content"),
    [
        ({"badRequest": {"message": "no", "code": 400}}, "application/json", b'{"badRequest"'),
        ("<html>Bad Gateway</html>", "text/html", b"<html>"),
        ('{"broken', "application/json", b'{"broken'),
        (b"\xff\xfe", "application/json", b"\xff\xfe"),
        (None, "", b""),
    ],
)
async def test_a_body_can_have_any_shape(
    cloud: SimulatedCloud, visitor: Visitor, body: object, kind: str, content: bytes
) -> None:
    cloud.faults.add(Fault(match=GROUPS, status=500, body=body))

    answer = await visitor.sdrs("GET", "/server-groups")

    assert answer.headers.get("Content-Type", "").startswith(kind)
    assert answer.content.startswith(content)


async def test_a_documented_code_brings_its_own_status_and_message(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    cloud.faults.add(Fault(match="POST .*/action", code="SDRS.1830", headers={"Retry-After": "3"}))

    answer = await visitor.reverse(group)

    assert code_of(answer) == (400, "SDRS.1830")
    assert answer.headers["Retry-After"] == "3"
    assert group.status == "protected"


async def test_an_answer_can_be_replaced_after_the_request_was_accepted(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    cloud.faults.add(Fault(match="POST .*/action", status=504, body="<html/>", accepts=True))

    answer = await visitor.reverse(group)

    assert answer.status_code == 504
    assert group.status == "reversing"
    assert len(cloud.reversals()[group.id].accepted) == 1


async def test_a_connection_dropped_before_handling_leaves_the_group_alone(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    cloud.faults.add(Fault(match="POST .*/action", drop="before"))

    with pytest.raises(httpx.TransportError):
        await visitor.reverse(group)

    reversals = cloud.reversals()[group.id]
    assert group.status == "protected"
    assert (len(reversals.attempted), len(reversals.accepted)) == (1, 0)
    assert reversals.attempted[0].status is None


async def test_a_connection_dropped_after_accepting_leaves_a_running_job(
    cloud: SimulatedCloud, visitor: Visitor, group: Group
) -> None:
    cloud.faults.add(Fault(match="POST .*/action", drop="after_accepting"))

    with pytest.raises(httpx.TransportError):
        await visitor.reverse(group)

    [call] = cloud.reversals()[group.id].accepted
    assert call.status is None
    assert (await visitor.job(str(call.job_id)))["status"] == "INIT"
    assert group.status == "reversing"


@pytest.mark.parametrize("which", ["delay_seconds", "answer_delay_seconds"])
async def test_a_delayed_request_has_its_effect_before_or_after_the_delay(
    cloud: SimulatedCloud, visitor: Visitor, group: Group, which: str
) -> None:
    delay = {which: 30.0}
    rule = cloud.faults.add(Fault(match="POST .*/action", **delay))
    waiting = asyncio.create_task(visitor.reverse(group))
    for _ in range(500):
        await asyncio.sleep(0.002)
        if rule.hits:
            break
    await asyncio.sleep(0.02)

    assert rule.hits == 1
    assert (group.status == "reversing") is (which == "answer_delay_seconds")
    waiting.cancel()


async def test_a_rule_hits_so_many_times(cloud: SimulatedCloud, visitor: Visitor) -> None:
    rule = cloud.faults.add(bad_gateway(GROUPS))
    assert await statuses(visitor, 2) == [502, 502]
    rule.remove()
    cloud.faults.add(Fault(match=GROUPS, status=503, times=2))

    assert await statuses(visitor, 4) == [503, 503, 200, 200]
    assert rule.hits == 2


async def test_a_rule_can_wait_for_the_nth_request(cloud: SimulatedCloud, visitor: Visitor) -> None:
    cloud.faults.add(Fault(match=GROUPS, status=503, after=2, times=1))

    assert await statuses(visitor, 4) == [200, 200, 503, 200]


async def test_a_rule_can_flap(cloud: SimulatedCloud, visitor: Visitor) -> None:
    cloud.faults.add(Fault(match=GROUPS, status=503, every=2))

    assert await statuses(visitor, 5) == [200, 503, 200, 503, 200]


async def test_a_rule_can_look_into_the_body(cloud: SimulatedCloud, visitor: Visitor, group: Group) -> None:
    cloud.faults.add(Fault(match="POST .*/action", contains="stop-server-group", status=503))

    assert (await visitor.reverse(group)).status_code == 200
    assert (await visitor.act(group, {"stop-server-group": {}})).status_code == 503


async def test_the_first_rule_wins_and_all_count(cloud: SimulatedCloud, visitor: Visitor) -> None:
    first = cloud.faults.add(Fault(match=GROUPS, status=503, times=1))
    second = cloud.faults.add(expired_token(GROUPS))

    assert await statuses(visitor, 2) == [503, 401]
    assert (first.hits, second.hits, second.matches) == (1, 1, 2)
    cloud.faults.clear()
    assert await statuses(visitor, 1) == [200]


@pytest.mark.parametrize("wrong", [{"match": "("}, {"match": "x", "every": 0}, {"match": "x", "code": "X.1"}])
def test_a_rule_that_can_not_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"match|every"):
        Fault(**wrong)
