"""The HTTP side: Slack's signed requests, and what operators and load balancers ask. No answer is a stack trace."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from json import loads
from typing import Any

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from yarl import URL

from bot.metrics import Metrics

LARGEST_BODY = 1024 * 1024  # bytes; Slack's largest payload is a view of 250 kB
CLOCK_TOLERANCE_SECONDS = 300  # how old a signed request may be, as Slack documents
READY_DEADLINE_SECONDS = 3

Readiness = Callable[[], Awaitable[Mapping[str, str]]]  # part -> "" or why it is not ready
log = structlog.get_logger(__name__)


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Slack's signature over the raw body, `v0=HMAC-SHA256(v0:{timestamp}:{body})`, not older than five minutes.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    stamp, given = headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 13 and given.isascii()):
        return False
    if abs(now - int(stamp)) > CLOCK_TOLERANCE_SECONDS:
        return False
    expected = "v0=" + hmac.digest(secret.encode(), f"v0:{stamp}:".encode() + body, "sha256").hex()
    return hmac.compare_digest(expected, given)


class SlackEndpoint:
    """POST /slack/events. The signature is checked before anything is parsed."""

    def __init__(self, app: AsyncApp, secret: str, metrics: Metrics) -> None:
        self._app = app
        self._secret = secret
        self._metrics = metrics

    async def receive(self, request: web.Request) -> web.Response:
        began = time.monotonic()
        body = await request.read()
        if not is_signed(self._secret, request.headers, body, time.time()):
            return web.Response(status=401, text="The signature does not match.")
        try:
            payload = payload_of(request.content_type, body.decode())
            answer = await self._app.async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode"))  # read already
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            log.warning("payload_unreadable", error=type(error).__name__)
            return web.Response(status=400, text="This payload can't be read.")
        self._metrics.observe("ack", time.monotonic() - began, kind=kind_of(request.content_type, body))
        return _answered(answer)


def _answered(answer: BoltResponse) -> web.Response:
    """As bytes: Bolt's own adapter gives aiohttp a text, which that then takes for something to be streamed."""
    if not answer.body:
        return web.Response(status=answer.status)
    kind = "application/json" if answer.body.startswith("{") else "text/plain"
    return web.Response(status=answer.status, body=answer.body.encode(), content_type=kind)


def payload_of(content_type: str, text: str) -> dict[str, Any]:
    """JSON, a form, or JSON in a form. ValueError, TypeError or RecursionError for anything else.

    A form is written like the query of an address, which yarl reads in half of the standard library's time.
    """
    if content_type == "application/json" or text.startswith("{"):
        payload = loads(text)
    else:
        form = dict(URL.build(path="/", query_string=text, encoded=True).query.items())
        payload = loads(form["payload"]) if "payload" in form else form
    if not isinstance(payload, dict):
        raise TypeError("no object")
    return payload


def kind_of(content_type: str, body: bytes) -> str:
    """Slack's request in the words that Socket Mode has for it."""
    if content_type == "application/json":
        return "events_api"
    return "interactive" if body.startswith(b"payload=") else "slash_commands"


def web_application(
    *,
    metrics: Metrics,
    readiness: Readiness,
    refresh_metrics: Callable[[], Awaitable[None]],
    slack: SlackEndpoint | None,
    pages: Iterable[web.AbstractRouteDef] = (),
) -> web.Application:
    """Everything that `serve`, `worker` and `run` answer over HTTP; `pages` are for people."""

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"alive": True})

    async def readyz(_: web.Request) -> web.Response:
        try:
            parts = await asyncio.wait_for(readiness(), READY_DEADLINE_SECONDS)
        except TimeoutError:
            parts = {"readiness": f"no answer within {READY_DEADLINE_SECONDS} seconds"}
        is_ready = not any(parts.values())
        shown = {part: why or "ok" for part, why in parts.items()}
        return web.json_response({"ready": is_ready, "parts": shown}, status=200 if is_ready else 503)

    async def show_metrics(_: web.Request) -> web.Response:
        await refresh_metrics()
        content = generate_latest(metrics.registry)
        return web.Response(body=content, headers={"Content-Type": CONTENT_TYPE_LATEST})

    application = web.Application(client_max_size=LARGEST_BODY)
    application.add_routes(
        [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", show_metrics)]
    )
    application.add_routes(pages)
    if slack:
        application.add_routes([web.post("/slack/events", slack.receive)])
    return application
