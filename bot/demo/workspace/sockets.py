"""Socket Mode: single-use addresses, envelopes, acknowledgements, and the ways a connection ends.

https://docs.slack.dev/apis/events-api/using-socket-mode
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import WSMsgType, web

from .records import Delivery
from .state import State
from .things import App, JsonObject

MOST_CONNECTIONS = 10
HEARTBEAT_SECONDS = 15.0


@dataclass(slots=True, kw_only=True, frozen=True)
class Answer:
    """What came back for a delivery. `error` is None where it was acknowledged in time."""

    error: str | None = None
    payload: JsonObject | None = None
    retry_reason: str = ""
    wants_no_retry: bool = False


@dataclass(slots=True, eq=False)
class Connection:
    """One open WebSocket of an app."""

    app_id: str
    socket: web.WebSocketResponse
    request: web.Request


class Sockets:
    """All Socket Mode connections. Each payload goes to one of an app's connections, and any may acknowledge it."""

    def __init__(self, state: State, wake: Callable[[], None], *, ack_seconds: float) -> None:
        self._state, self._wake, self._ack_seconds = state, wake, ack_seconds
        self._tickets: dict[str, str] = {}
        self._connections: dict[str, list[Connection]] = {}
        self._waiting: dict[str, list[asyncio.Future[JsonObject | None]]] = {}
        self.is_refusing = False

    def new_ticket(self, app: App) -> str:
        """A ticket that opens one connection."""
        ticket = self._state.new_secret(32)
        self._tickets[ticket] = app.app_id
        return ticket

    def count(self, app: App) -> int:
        """How many connections an app has open."""
        return len(self._connections.get(app.app_id, []))

    async def accept(self, request: web.Request) -> web.StreamResponse:
        """`GET /link/?ticket=…`: greet, then listen for acknowledgements until the app leaves."""
        app_id = self._tickets.pop(request.query.get("ticket", ""), None)
        if app_id is None or self.is_refusing:
            return web.json_response({"ok": False, "error": "invalid_ticket"}, status=403)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS, max_msg_size=0)
        await socket.prepare(request)
        connections = self._connections.setdefault(app_id, [])
        if len(connections) >= MOST_CONNECTIONS:
            await socket.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.close()
            return socket
        connection = Connection(app_id, socket, request)
        connections.append(connection)
        self._wake()
        try:
            await socket.send_json(self._hello(app_id))
            await self._listen(connection)
        finally:
            connections.remove(connection)
            self._wake()
        return socket

    def _hello(self, app_id: str) -> JsonObject:
        return {
            "type": "hello",
            "num_connections": len(self._connections[app_id]),
            "connection_info": {"app_id": app_id},
            "debug_info": {"host": "applink-demo", "build_number": 1, "approximate_connection_time": 18060},
        }

    async def _listen(self, connection: Connection) -> None:
        async for frame in connection.socket:
            if frame.type is not WSMsgType.TEXT:
                break
            try:
                ack = json.loads(frame.data)
            except ValueError:
                continue  # slack_sdk also sends plain text pings
            if isinstance(ack, dict) and (futures := self._waiting.get(str(ack.get("envelope_id")))):
                future = futures.pop(0)
                if not future.done():
                    future.set_result(ack.get("payload"))

    async def deliver(self, app: App, delivery: Delivery) -> Answer:
        """Send one envelope and wait for its acknowledgement, on whichever connection it comes."""
        connections = self._connections.get(app.app_id)
        if not connections:
            return Answer(error="dispatch_failed", retry_reason="connection_failed")
        connections.append(connection := connections.pop(0))  # the next payload goes to the next connection
        future: asyncio.Future[JsonObject | None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(delivery.envelope_id, [])
        waiting.append(future)
        try:
            async with asyncio.timeout(self._ack_seconds):
                await connection.socket.send_str(json.dumps(_envelope(delivery)))
                payload = await future
        except TimeoutError:
            return Answer(error="operation_timeout", retry_reason="timeout")
        except ConnectionError:
            return Answer(error="dispatch_failed", retry_reason="connection_failed")
        finally:
            if future in waiting:
                waiting.remove(future)
            if not waiting:
                self._waiting.pop(delivery.envelope_id, None)
        return Answer(payload=payload if delivery.accepts_response_payload else None)

    async def announce(self, reason: str) -> None:
        """Tell every connection `disconnect`; apps are expected to open a new one and leave this one."""
        for connection in self._all():
            await connection.socket.send_json(
                {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-demo"}}
            )

    def drop(self) -> None:
        """Cut every connection without a word."""
        for connection in self._all():
            if connection.request.transport is not None:
                connection.request.transport.abort()

    async def close(self) -> None:
        """End all connections in an orderly way."""
        await asyncio.gather(*(_close(connection) for connection in self._all()))

    def _all(self) -> list[Connection]:
        return [connection for some in self._connections.values() for connection in some]


async def _close(connection: Connection) -> None:
    try:
        async with asyncio.timeout(0.5):
            await connection.socket.close()
    except TimeoutError:
        if connection.request.transport is not None:
            connection.request.transport.abort()


def _envelope(delivery: Delivery) -> JsonObject:
    envelope = {
        "envelope_id": delivery.envelope_id,
        "type": delivery.kind,
        "payload": delivery.payload,
        "accepts_response_payload": delivery.accepts_response_payload,
    }
    if delivery.kind == "events_api":
        envelope |= {"retry_attempt": delivery.retry_attempt, "retry_reason": delivery.retry_reason}
    return envelope
