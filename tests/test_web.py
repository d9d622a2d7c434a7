"""The HTTP side refuses what is not signed, and tells the truth about readiness."""

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from hashlib import sha256
from io import BytesIO
from urllib.parse import parse_qsl, urlencode

import pytest
from aiohttp import ClientSession, web
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.metrics import Metrics
from bot.web import SlackEndpoint, kind_of, payload_of, web_application

SECRET = "signing-secret"
FORM = "application/x-www-form-urlencoded"
COMMAND = b"command=%2Ffailover&user_id=U1&team_id=T1&trigger_id=1.2.a"


class Site:
    """The application on loopback, with the parts a test may turn off."""

    def __init__(self) -> None:
        self.parts: dict[str, str] = {"database": "", "engine": ""}
        self.hang = False
        self.handled: list[str] = []
        self.url = ""

    async def readiness(self) -> Mapping[str, str]:
        if self.hang:
            await asyncio.sleep(60)
        return self.parts


async def authorize() -> AuthorizeResult:
    return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1", bot_user_id="UBOT")


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    bolt = AsyncApp(authorize=authorize, request_verification_enabled=False, process_before_response=True)

    @bolt.command("/failover")
    async def command(ack, body) -> None:  # type: ignore[no-untyped-def]
        site.handled.append(body["user_id"])
        await ack()

    async def nothing() -> None: ...

    metrics = Metrics()
    application = web_application(
        metrics=metrics, readiness=site.readiness, refresh_metrics=nothing, slack=SlackEndpoint(bolt, SECRET, metrics)
    )
    runner = web.AppRunner(application)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    site.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield site
    await runner.cleanup()


def signed(body: bytes, *, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    stamp = str(int(time.time()) - age)
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, sha256).hexdigest()
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
        "Content-Type": "application/x-www-form-urlencoded",
    }


async def post(site: Site, body: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
    async with (
        ClientSession() as session,
        session.post(f"{site.url}/slack/events", data=BytesIO(body), headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def test_a_signed_command_is_handled(site: Site) -> None:
    status, _ = await post(site, COMMAND, signed(COMMAND))
    assert (status, site.handled) == (200, ["U1"])


@pytest.mark.parametrize(
    "headers",
    [
        dict,
        lambda: signed(COMMAND, secret="another"),
        lambda: signed(COMMAND, age=400),
        lambda: signed(COMMAND, age=-400),
        lambda: {**signed(COMMAND), "X-Slack-Signature": signed(COMMAND)["X-Slack-Signature"][:-1]},
        lambda: {**signed(COMMAND), "X-Slack-Request-Timestamp": "yesterday"},
        lambda: {**signed(COMMAND), "X-Slack-Request-Timestamp": "٣٣٣"},
        lambda: {**signed(COMMAND), "X-Slack-Signature": "v0=ü"},
        lambda: signed(COMMAND + b"&x=1"),
    ],
)
async def test_a1_a3_a36_a_request_without_a_true_signature_is_refused(
    site: Site, headers: Callable[[], dict[str, str]]
) -> None:
    status, text = await post(site, COMMAND, headers())
    assert (status, site.handled) == (401, [])
    assert "Traceback" not in text


@pytest.mark.parametrize("charset", ["utf-16", "cp037"])
async def test_a3_the_same_words_in_another_charset_are_another_body(site: Site, charset: str) -> None:
    status, _ = await post(site, COMMAND.decode().encode(charset), signed(COMMAND))
    assert (status, site.handled) == (401, [])


async def test_a36_a_huge_body_is_refused_before_it_is_read_whole(site: Site) -> None:
    body = b"x" * (5 * 1024 * 1024)
    status, _ = await post(site, body, signed(body))
    assert status == 413


async def test_a36_deep_json_is_refused_and_the_process_lives(site: Site) -> None:
    body = b"payload=" + b"[" * 200_000
    status, text = await post(site, body, signed(body))
    assert 400 <= status < 500
    assert "Traceback" not in text
    assert (await post(site, COMMAND, signed(COMMAND)))[0] == 200


async def get(site: Site, path: str) -> tuple[int, str]:
    async with ClientSession() as session, session.get(site.url + path) as answer:
        return answer.status, await answer.text()


async def test_readiness_names_the_part_that_is_missing(site: Site) -> None:
    assert (await get(site, "/readyz"))[0] == 200
    site.parts["database"] = "does not answer"
    status, text = await get(site, "/readyz")
    assert status == 503
    assert "does not answer" in text
    assert (await get(site, "/healthz"))[0] == 200


async def test_readiness_that_hangs_is_not_ready(site: Site) -> None:
    site.hang = True
    status, text = await get(site, "/readyz")
    assert status == 503
    assert "no answer" in text


async def test_metrics_are_shown_in_the_prometheus_format(site: Site) -> None:
    status, text = await get(site, "/metrics")
    assert status == 200
    assert "failover_posts_total 0.0" in text


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        ("application/x-www-form-urlencoded", b"command=%2Ffailover", "slash_commands"),
        ("application/x-www-form-urlencoded", b"payload=%7B%7D", "interactive"),
        ("application/json", b"{}", "events_api"),
    ],
)
def test_a_request_has_the_same_kind_as_over_a_socket(content_type: str, body: bytes, kind: str) -> None:
    assert kind_of(content_type, body) == kind


FORMS = st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=6)


@given(FORMS)
def test_a_form_is_read_as_the_standard_library_reads_it(form: dict[str, str]) -> None:
    text = urlencode({f"a{name}": value for name, value in form.items()})
    assert payload_of(FORM, text) == dict(parse_qsl(text, keep_blank_values=True))


@pytest.mark.parametrize(
    "text", ["a=%FF%E4&b=1+2&a=3", "x=%2&y=%zz&=v&&", "a=b;c=d&e", "q=a%26b%3Dc%2B#f&z=1", "", "&="]
)
def test_an_odd_form_is_read_as_the_standard_library_reads_it(text: str) -> None:
    assert payload_of(FORM, text) == dict(parse_qsl(text, keep_blank_values=True))


def test_json_is_read_alone_and_in_a_form() -> None:
    told = {"type": "view_submission", "view": {"title": "é + % &"}}
    assert payload_of("application/json", json.dumps(told)) == told
    assert payload_of(FORM, json.dumps(told)) == told
    assert payload_of(FORM, urlencode({"payload": json.dumps(told)})) == told


def test_the_word_payload_in_a_command_is_a_word() -> None:
    assert payload_of(FORM, "command=%2Ffailover&text=payload-db") == {"command": "/failover", "text": "payload-db"}


@pytest.mark.parametrize(
    ("content_type", "text"),
    [
        ("application/json", "[]"),
        ("application/json", ""),
        ("application/x-www-form-urlencoded", "payload=7"),
        ("application/x-www-form-urlencoded", "payload="),
    ],
)
async def test_what_is_no_payload_is_refused_and_handled_by_nobody(site: Site, content_type: str, text: str) -> None:
    body = text.encode()
    assert (await post(site, body, signed(body) | {"Content-Type": content_type}))[0] == 400
    assert site.handled == []


async def test_each_acknowledgement_is_timed(site: Site) -> None:
    assert (await post(site, COMMAND, signed(COMMAND)))[0] == 200
    async with ClientSession() as session, session.get(f"{site.url}/metrics") as answer:
        assert 'failover_ack_seconds_count{kind="slash_commands"} 1.0' in await answer.text()
