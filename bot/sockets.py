"""Socket Mode: two connections, so that one goes on while Slack closes the other; each acknowledgement is timed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from json import loads
from typing import Any

import structlog
from slack_bolt.adapter.socket_mode.async_base_handler import AsyncBaseSocketModeHandler
from slack_bolt.adapter.socket_mode.async_internals import send_async_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.config import Settings
from bot.metrics import Metrics
from bot.slack.client import Done, Refused, Wire, slack_client, slack_session

SOCKETS = 2
OPEN_SECONDS = 2.0  # a start waits no longer for Slack; the connections are opened as soon as it is back
CLOSE_SECONDS = 3.0
PING_SECONDS = 10.0  # as Bolt's own
log = structlog.get_logger(__name__)


class Line(SocketModeClient):
    """The SDK's connection. What arrives is taken up at once; the SDK hands it to another task by a queue first."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self._tasks: set[asyncio.Task[None]] = set()

    async def enqueue_message(self, message: str) -> None:
        if not message.startswith("{"):
            return
        try:
            told = loads(message)
        except (ValueError, RecursionError) as error:
            log.warning("socket_message_unreadable", error=type(error).__name__)
            return
        task = asyncio.create_task(self.run_message_listeners(told, message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Socket(AsyncBaseSocketModeHandler):
    """Bolt's connection with a clock."""

    client: Line

    def __init__(self, app: AsyncApp, token: str, metrics: Metrics, web_client: AsyncWebClient) -> None:
        self.app = self._app = app
        self._metrics = metrics
        self.client = Line(app_token=token, logger=app.logger, web_client=web_client, ping_interval=PING_SECONDS)
        self.client.socket_mode_request_listeners.append(self.handle)

    async def handle(self, client: Any, req: SocketModeRequest) -> None:
        began = time.monotonic()
        answer = await self._app.async_dispatch(AsyncBoltRequest(body=req.payload, mode="socket_mode"))
        await send_async_response(client, req, answer, began)
        self._metrics.observe("ack", time.monotonic() - began, kind=req.type)


class AppTokenRefused(Exception):
    """Slack's word for why the app-level token opens nothing. Trying again would not help."""


@asynccontextmanager
async def open_sockets(settings: Settings, bolt: AsyncApp, metrics: Metrics) -> AsyncIterator[None]:
    """AppTokenRefused when Slack says so and there is no other way in; while Slack is away the sockets go on trying."""
    token = settings.slack_app_token.get_secret_value() if settings.slack_app_token else ""
    async with slack_session() as session:
        clients = [slack_client(token, settings.slack_api_url, session) for _ in range(SOCKETS)]
        try:
            address = await _address(Wire(clients[0], metrics), token)
        except AppTokenRefused as refused:
            if not settings.slack_signing_secret:
                raise
            log.warning("socket_mode_refused", error=str(refused), still_received_at="POST /slack/events")
            yield
            return
        sockets = [Socket(bolt, token, metrics, client) for client in clients]
        sockets[0].client.wss_uri = address
        opening = [asyncio.create_task(socket.connect_async()) for socket in sockets]  # type: ignore[no-untyped-call]  # Bolt's own lack
        _, late = await asyncio.wait(opening, timeout=OPEN_SECONDS)
        if late:
            log.warning("sockets_not_open", missing=len(late))
        try:
            yield
        finally:
            for task in opening:
                task.cancel()
            await asyncio.gather(*(_close(socket) for socket in sockets))


async def _address(wire: Wire, token: str) -> str | None:
    """Where the first socket connects to; None: Slack is away, and the socket asks again by itself."""
    try:
        answer = await asyncio.wait_for(wire.call("apps.connections.open", app_token=token), OPEN_SECONDS)
    except TimeoutError:
        return None
    if isinstance(answer, Refused):
        raise AppTokenRefused(answer.error)
    return str(answer.body["url"]) if isinstance(answer, Done) else None


async def _close(socket: Socket) -> None:
    """Closing has been seen to hang; the process ends all the same."""
    try:
        await asyncio.wait_for(socket.close_async(), CLOSE_SECONDS)  # type: ignore[no-untyped-call]  # Bolt's own lack
    except TimeoutError:
        log.warning("socket_not_closed")
