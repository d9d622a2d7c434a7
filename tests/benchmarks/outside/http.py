"""HTTP/1.1 by hand, so that the outside costs little beside what is measured: short answers, kept connections."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

Answer = Callable[[bytes, bytes, bytes], bytes]
"""(method, path, body) -> a whole response."""
REASONS = {200: "OK", 201: "Created", 202: "Accepted", 404: "Not Found", 429: "Too Many Requests"}


def response(body: bytes, *, status: int = 200, headers: str = "") -> bytes:
    head = (
        f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


def content_length(head: bytes) -> int:
    at = head.lower().find(b"\r\ncontent-length:")
    if at < 0:
        return 0
    return int(head[at + 17 : head.find(b"\r\n", at + 17) if head.find(b"\r\n", at + 17) > 0 else None])


class Serving(asyncio.Protocol):
    """One connection of a client. `delay` seconds pass before each answer."""

    def __init__(self, answer: Answer, delay: Callable[[bytes], float]) -> None:
        self._answer, self._delay = answer, delay
        self._data = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            whole = end + 4 + content_length(self._data[:end])
            if len(self._data) < whole:
                if b"100-continue" in self._data[:end] and self._transport:
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            head, body, self._data = self._data[:end], self._data[end + 4 : whole], self._data[whole:]
            method, path, _ = head[: head.find(b"\r\n")].split(b" ", 2)
            self._reply(path, self._answer(method, path, body))

    def _reply(self, path: bytes, answer: bytes) -> None:
        delay = self._delay(path)
        if delay:
            asyncio.get_running_loop().call_later(delay, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(answer)


def _at_once(path: bytes) -> float:
    return 0.0


async def listen(answer: Answer, *, delay: Callable[[bytes], float] = _at_once) -> tuple[asyncio.Server, int]:
    """A server on loopback and its port."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Serving(answer, delay), "127.0.0.1", 0, backlog=1024
    )
    return server, server.sockets[0].getsockname()[1]


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


class Lane(asyncio.Protocol):
    """One kept connection of a load generator; opened again where the server closes it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._data = b""
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Reply] | None = None

    async def send(self, request: bytes) -> Reply:
        if self._transport is None or self._transport.is_closing():
            await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport, self._data = cast(asyncio.Transport, transport), b""

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return
        whole = end + 4 + content_length(self._data[:end])
        if len(self._data) < whole:
            return
        head, body, self._data = self._data[:end], self._data[end + 4 : whole], self._data[whole:]
        if b"connection: close" in head.lower() and self._transport:
            self._transport.close()
        self._answered(Reply(int(head[9:12]), body))

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._answered(Reply(0, b""))

    def _answered(self, reply: Reply) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(reply)


def request_bytes(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    lines = {"Host": "127.0.0.1", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body
