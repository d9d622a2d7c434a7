"""The story from the question to the way back, over both ways in which Slack reaches the bot."""

from __future__ import annotations

import pytest

from bot.demo.reading import words_of
from bot.demo.sdrs import Pace
from tests.acceptance.conftest import an_evening
from tests.acceptance.people import Evening

FAST = Pace(reverse_seconds=0.8, sub_job_seconds=0.2, stop_seconds=0.1, start_seconds=0.1)


@pytest.mark.parametrize("over_http", [False, True], ids=["socket mode", "signed http"])
async def test_production_moves_once_and_everybody_reads_what_concerns_them(over_http: bool) -> None:
    async with an_evening(groups=("pg-erp",), over_http=over_http, pace=FAST) as evening:
        card = await evening.ask("pg-erp", who=evening.rosa, reason="Storage fails: see <!channel> & *INC-1*")
        assert "Why: Storage fails: see <!channel> & " in words_of(card)
        assert "This is your own request" in await evening.approve(card, evening.rosa)
        assert "You are not an approver" in await evening.approve(card, evening.pat)
        assert "Approved (1 of 1)" in await evening.approve(card)
        end = await evening.ended(card)
        assert "VERIFIED · pg-erp" in end
        assert "*eu-de-02* (moved from eu-de-01)" in end
        assert evening.attempts("pg-erp") == 1
        await evening.line(card, "5 of 5 servers are running.")
        await reads_login_guidance(evening)
        incidents = [words_of(m) for m in evening.pat.messages(evening.rooms.incidents["pg-erp"])]
        assert [("has started" in text, "VERIFIED" in text) for text in incidents] == [(True, False), (False, True)]
        assert evening.state("pg-erp") == "verified"


async def reads_login_guidance(evening: Evening) -> None:
    """In private, for each kind of server; and a pointer to it in the thread that nobody else sees."""
    guidance = await evening.see(
        lambda: next((words_of(m) for m in evening.rosa.dm() if "How to log in" in words_of(m)), None)
    )
    for server in ("erp-db", "erp-app", "erp-report", "erp-web", "erp-cache"):
        assert server in guidance
    assert await evening.see(lambda: evening.rosa.ephemerals(evening.room_of("pg-erp")))
    assert not any("How to log in" in words_of(m) for m in evening.pat.dm())
