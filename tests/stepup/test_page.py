"""The second-factor page over loopback HTTP: literal text, strict headers, forms of its own only."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from bot.domain.facts import Known
from bot.metrics import Metrics
from bot.stepup import step_up_routes
from bot.web import web_application
from tests.domain import facts
from tests.service.bench import AMIR, GROUP, Bench, code_of
from tests.service.conftest import bench, desk_template, desk_url

__all__ = ["bench", "desk_template", "desk_url"]
HOSTILE = '<script>alert(1)</script> \u202e" onload=x <https://evil.example|Approve>\nApproved by the CEO'


@dataclass
class Site:
    url: str
    session: aiohttp.ClientSession

    async def get(self, token: str) -> tuple[int, str]:
        async with self.session.get(f"{self.url}/step-up/{token}") as answer:
            return answer.status, await answer.text()

    async def post(self, token: str, *fields: tuple[str, str], **headers: str) -> tuple[int, str]:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        data = aiohttp.FormData(list(fields))
        async with self.session.post(f"{self.url}/step-up/{token}", data=data, headers=named) as answer:
            return answer.status, await answer.text()


async def ready() -> dict[str, str]:
    return {}


async def nothing() -> None: ...


@pytest.fixture
async def secret(bench: Bench) -> str:
    return (await bench.enrol(AMIR))[AMIR]


@pytest.fixture
async def site(bench: Bench, secret: str) -> AsyncIterator[Site]:
    routes = step_up_routes(bench.desk, "https://bot.example")
    application = web_application(metrics=Metrics(), readiness=ready, refresh_metrics=nothing, slack=None, pages=routes)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as session:
        yield Site(f"http://127.0.0.1:{runner.addresses[0][1]}", session)
    await runner.cleanup()


async def test_the_page_repeats_what_will_happen_and_the_code_approves_it(
    bench: Bench, secret: str, site: Site
) -> None:
    bench.cloud.put(GROUP, facts.with_group(bench.cloud.snapshots[GROUP], drill_overdue=Known.YES))
    request = await bench.asked()
    token = await bench.token(request)
    status, page = await site.get(token)
    assert status == 200
    for told in ("PRODUCTION", "pg-1", "eu-de-01 → eu-de-02", request.plan.code, "No DR drill was made"):
        assert told in page
    boxes = [("accept", name) for name in re.findall(r'name="accept" value="([^"]+)"', page)]
    status, page = await site.post(token, ("code", code_of(secret)), *boxes, Origin="https://bot.example")
    assert (status, "Approved (1 of 2)" in page) == (200, True)
    assert len((await bench.view(request)).approvals) == 1
    status, page = await site.get(token)
    assert (status, "does not hold any more" in page) == (410, True)


async def test_looking_uses_nothing_up(bench: Bench, site: Site) -> None:
    token = await bench.token(await bench.asked())
    assert [(await site.get(token))[0] for _ in range(5)] == [200] * 5


async def test_a21_what_a_person_wrote_is_shown_literally(bench: Bench, site: Site) -> None:
    token = await bench.token(await bench.asked(reason=HOSTILE))
    _, page = await site.get(token)
    assert "<script" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert "⏎ Approved by the CEO" in page


async def test_a17_a_wrong_code_keeps_the_form_and_counts_nothing(bench: Bench, secret: str, site: Site) -> None:
    request = await bench.asked()
    token = await bench.token(request)
    status, page = await site.post(token, ("code", "000000"))
    assert status == 403
    assert "not the code" in page
    assert '<input name="code"' in page
    assert (await bench.view(request)).approvals == ()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
async def test_a_form_of_another_page_counts_nothing(
    bench: Bench, secret: str, site: Site, headers: dict[str, str]
) -> None:
    request = await bench.asked()
    token = await bench.token(request)
    status, _ = await site.post(token, ("code", code_of(secret)), **headers)
    assert status == 403
    assert (await bench.view(request)).approvals == ()


async def test_every_answer_forbids_scripts_frames_and_keeping(bench: Bench, site: Site) -> None:
    token = await bench.token(await bench.asked())
    for path in (token, "invented"):
        async with site.session.get(f"{site.url}/step-up/{path}") as answer:
            policy = answer.headers["Content-Security-Policy"]
            page = await answer.text()
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "<script" not in page
        assert "Traceback" not in page


async def test_odd_forms_are_refused_calmly(bench: Bench, site: Site) -> None:
    token = await bench.token(await bench.asked())
    statuses = [
        (await site.post(token))[0],
        (await site.post(token, ("code", "x" * 100_000)))[0],
        (await site.post(token, *[("accept", str(n)) for n in range(2000)]))[0],
        (await site.post("%00" + token, ("code", "123456")))[0],
        (await site.post("x" * 5000, ("code", "123456")))[0],
    ]
    assert all(400 <= status < 500 for status in statuses), statuses
