"""The real workspace, a small app in it, and windows of a real browser that look at it as people do."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, async_playwright
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.workspace import Cast, User, standalone

from .small_app import running

SWITCHES = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MILLISECONDS = 15_000

in_one_loop = pytest_asyncio.fixture(loop_scope="session")  # a browser belongs to the loop that started it


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is. In CI a missing browser is a failure: skipping there would test nothing, quietly."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path:
        return path
    reason = "No Chromium was found on the PATH, so the page cannot be tested (Debian: apt install chromium)."
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@in_one_loop
async def cast() -> AsyncIterator[Cast]:
    made = standalone(rate_limits=False, ack_seconds=0.6)
    async with made.slack:
        yield made


@in_one_loop
async def app(cast: Cast) -> AsyncIterator[AsyncWebClient]:
    """The small app at work; the value is its Web API client, to do more in its name."""
    async with aiohttp.ClientSession() as session, running(cast, session) as client:
        yield client


@dataclass
class Window:
    """One browser window in which somebody looks at the workspace."""

    page: Page
    cast: Cast

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("main").get_by_role("combobox")

    @property
    def dialog(self) -> Locator:
        return self.page.locator("form[role=dialog]")

    @property
    def thread(self) -> Locator:
        return self.page.get_by_role("complementary", name="Thread")

    @property
    def messages(self) -> Locator:
        return self.page.get_by_role("main").get_by_role("article")

    def message(self, text: str) -> Locator:
        return self.messages.filter(has_text=text)

    async def type(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def become(self, user: User) -> None:
        await self.page.locator(f"[data-person={user.id}]").click()

    async def request(self, reason: str) -> None:
        """Fills the form as a person would and waits until it is gone."""
        await self.type("/failover")
        await self.choose_group("erp", "pg-erp")
        await self.dialog.get_by_label("Why now").fill(reason)
        await self.dialog.get_by_role("button", name="Send").click()
        await self.dialog.wait_for(state="detached")

    async def choose_group(self, query: str, name: str) -> None:
        await self.dialog.get_by_role("combobox", name="Protection group").fill(query)
        await self.page.get_by_role("option", name=name).click()


@dataclass
class Windows:
    """Opens windows, and at the end vouches that none of them spoke to a stranger or broke."""

    browser: Browser
    cast: Cast
    hosts: set[str] = field(default_factory=set)
    errors: list[str] = field(default_factory=list)

    async def open(self, user: User, query: str = "", **settings: Any) -> Window:
        context = await self.browser.new_context(**{"viewport": {"width": 1280, "height": 860}, **settings})
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        page = await context.new_page()
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).hostname or ""))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(f"a dialog: {dialog.message}"))
        await page.goto(f"{self.cast.slack.url}/?as={user.id}{query}#{self.cast.approvals.id}")
        await page.get_by_role("main").get_by_role("heading").first.wait_for()
        return Window(page, self.cast)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One Chromium for all tests; what they must not share is a context, and each window has its own."""
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        yield launched
        await launched.close()


@in_one_loop
async def windows(browser: Browser, cast: Cast) -> AsyncIterator[Windows]:
    opened = Windows(browser, cast)
    yield opened
    for context in browser.contexts:
        await context.close()
    assert opened.hosts == {"127.0.0.1"}, "The page promises that nothing leaves this machine."
    assert opened.errors == []


@in_one_loop
async def rosa(windows: Windows, cast: Cast, app: AsyncWebClient) -> Window:
    """The requester's window."""
    return await windows.open(cast.requester)
