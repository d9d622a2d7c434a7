"""The whole story with the real bot, told only through the page: what a visitor of the demo does and reads."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, expect

from bot.demo.sdrs import Pace
from bot.demo.stage import Stage, stage
from bot.demo.workspace import Cast
from bot.slack.manifest import manifest

from .conftest import Window, Windows, in_one_loop

BRISK = Pace(reverse_seconds=1.5, sub_job_seconds=0.4, stop_seconds=0.4, start_seconds=0.4, other_seconds=0.4)
RUN_MILLISECONDS = 45_000
REASON = "Storage in the first zone is failing"

pytestmark = pytest.mark.asyncio(loop_scope="session")


@in_one_loop
async def playing() -> AsyncIterator[Stage]:
    async with stage(manifest=manifest(), pace=BRISK, environment={"POLL_SECONDS": "0.2"}) as made:
        yield made


@in_one_loop
async def cast(playing: Stage) -> Cast:
    """In the place of the small app's workspace: the windows look at the one with the real bot."""
    return playing.cast


async def test_a_failover_from_the_command_to_the_way_back_is_done_and_read_on_the_page(
    windows: Windows, cast: Cast
) -> None:
    window = await windows.open(cast.requester)
    await asks(window)
    await is_told_why_not(window, cast)
    await approves(window, cast)
    await watches_the_thread(window)
    await reads_the_incident_channel(window, cast)
    await finds_the_login_guidance(window, cast)
    await opens_the_way_back(window, cast)


async def asks(rosa: Window) -> None:
    await rosa.type("/failover")
    await rosa.choose_group("erp", "pg-erp")
    await expect(rosa.dialog).to_contain_text("Switch over: eu-de-01 → eu-de-02 (active now → after)")
    await rosa.dialog.get_by_label("Why now").fill(REASON)
    await rosa.dialog.get_by_role("button", name="Check and request").click()
    await reads_and_closes(rosa, "Requested: plan")
    await expect(card(rosa)).to_contain_text("0 of 1")


async def is_told_why_not(window: Window, cast: Cast) -> None:
    await window.become(cast.bystander)
    await decide(window).click()
    await reads_and_closes(window, "You are not an approver of this group. Nothing was counted.")
    await expect(card(window)).to_contain_text("0 of 1")
    await expect(hint(window)).to_contain_text("Approve as somebody else")


async def approves(window: Window, cast: Cast) -> None:
    await window.become(cast.approvers[0])
    await decide(window).click()
    await expect(window.dialog).to_contain_text("You approve exactly plan")
    await window.dialog.get_by_role("checkbox", name="First failover").check()
    await window.dialog.get_by_role("button", name="Approve").click()
    await reads_and_closes(window, "Approved (1 of 1)")
    await expect(hint(window)).to_contain_text("Watch the thread")


async def watches_the_thread(amir: Window) -> None:
    await card(amir).get_by_role("button", name="View thread").click()
    end = amir.thread.get_by_role("article").filter(has_text="Audit reference")
    await expect(end).to_contain_text("VERIFIED · pg-erp", timeout=RUN_MILLISECONDS)
    await expect(end).to_contain_text("Production: eu-de-02 (moved from eu-de-01)")
    await expect(amir.thread).to_contain_text("5 of 5 servers are running.", timeout=RUN_MILLISECONDS)


async def reads_the_incident_channel(window: Window, cast: Cast) -> None:
    await window.page.locator(f"[data-key={cast.incidents.id}]").click()
    await expect(window.message("has started")).to_contain_text(REASON)
    await expect(window.message("VERIFIED")).to_contain_text("Production: eu-de-02")


async def finds_the_login_guidance(window: Window, cast: Cast) -> None:
    await window.become(cast.requester)
    await window.page.locator("[data-key=dm]").click()
    guidance = window.message("How to log in to “pg-erp”")
    await expect(guidance).to_contain_text("erp-app")
    await guidance.get_by_role("button", name="Show how to log in").click()
    await reads_and_closes(window, "the production server's password")


async def opens_the_way_back(rosa: Window, cast: Cast) -> None:
    await rosa.page.locator(f"[data-key={cast.approvals.id}]").click()
    await card(rosa).get_by_role("button", name="View thread").click()
    await rosa.thread.get_by_role("button", name="Request the way back for pg-erp").click()
    chosen = rosa.dialog.get_by_role("combobox", name="Protection group")
    await expect(chosen).to_have_value("pg-erp")
    await expect(rosa.dialog).to_contain_text("Switch back: eu-de-02 → eu-de-01")


async def reads_and_closes(window: Window, words: str) -> None:
    await expect(window.dialog).to_contain_text(words)
    await window.dialog.get_by_role("button", name="Close").last.click()


def hint(window: Window) -> Locator:
    """What the page suggests now."""
    return window.page.get_by_role("region", name="Try this").locator("[aria-current=step]")


def card(window: Window) -> Locator:
    return window.message(REASON)


def decide(window: Window) -> Locator:
    return card(window).get_by_role("button", name="Approve")
