"""A pack answers an auditor who has nothing else: who approved which plan, and what became of it."""

from __future__ import annotations

from hashlib import sha256

from bot.evidence import Item, gather, items_of
from bot.service.deciding import deny
from bot.service.outcomes import Opened, Refused
from tests.service.bench import AMIR, CHEN, PAT, Bench, click
from tests.service.conftest import bench, desk_template, desk_url

__all__ = ["bench", "desk_template", "desk_url"]


async def pack(bench: Bench, request_id: str) -> list[Item]:
    case = await bench.store.read(lambda tx: gather(tx, request_id))  # type: ignore[arg-type]  # an id as it is typed
    assert case is not None
    return list(items_of(case))


async def test_the_plan_of_every_approval_is_in_the_pack_also_of_one_that_was_replaced(bench: Bench) -> None:
    request = await bench.asked()
    await bench.approve(request, AMIR)
    bench.drift()
    await bench.approve(request, CHEN)
    await bench.approve(await bench.request(request), CHEN)
    items = await pack(bench, request.id)
    plans = {item.facts["digest"]: item for item in items if item.kind == "plan"}
    assert len(plans) == 2
    for digest, item in plans.items():
        assert sha256(str(item.facts["canonical"]).encode()).hexdigest() == digest
    approvals = [item for item in items if item.kind == "approval"]
    assert [item.outcome for item in approvals] == ["void", "counts"]
    assert {item.reference.removeprefix("sha256 ") for item in approvals} == set(plans)
    [drift] = [item for item in items if item.kind == "audit" and item.what.startswith("The plan was found changed")]
    assert "+ new-1 added since the request" in str(drift.facts)


async def test_refusals_are_told_in_words_and_the_requester_by_name(bench: Bench) -> None:
    bench.people.flags["UROSA"] = {"name": "Rosa Lindqvist"}
    request = await bench.asked()
    assert isinstance(await bench.approve(request, request.requester), Refused)
    assert isinstance(await deny(bench.desk, click(request, PAT, reason="No")), Refused)
    told = [item for item in await pack(bench, request.id) if item.kind in ("request", "audit")]
    assert told[0].who.startswith("Rosa Lindqvist (UROSA")
    assert told[2].what.startswith("Approve this plan: refused, it is the person's own request (with a button in Slack")
    assert told[3].what.startswith("Deny the request: refused, not an approver of this group")


async def test_a_break_glass_is_not_told_like_an_approval_of_the_own_request(bench: Bench) -> None:
    opened = await bench.ask(break_glass=True, typed_name="pg-1", reason="The first zone burns, nobody answers")
    assert isinstance(opened, Opened)
    told = [item.what for item in await pack(bench, opened.request.id) if item.kind == "audit"]
    assert told[1].startswith("Start alone, without approvals (break-glass)")
