"""Builds the HTTP clients: aiohttp underneath, limits on everything, proxies and certificates as configured."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport, HttpxAiohttpClient
from httpx_aiohttp.transport import map_aiohttp_exceptions

from bot.cloud.access import METADATA_HOST
from bot.cloud.addresses import Address
from bot.cloud.answers import words_of
from bot.cloud.errors import Answer

HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "failover-bot"}


@dataclass(slots=True, kw_only=True)
class Request:
    """What is sent. `headers` are those beyond the ones of every request."""

    method: str
    address: Address
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


Send = Callable[[Request], Awaitable[Answer]]


class Auth(Protocol):
    """How a call says who asks: it adds to the request, has it sent, and sees the answer."""

    @property
    def depends_on_clock(self) -> bool: ...

    async def sent(self, request: Request, send: Send) -> Answer: ...


class Nobody:
    """Says nothing."""

    depends_on_clock = False

    async def sent(self, request: Request, send: Send) -> Answer:
        return await send(request)


class TooLongError(Exception):
    """The body is longer than any true answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one call; `total` also ends an answer that drips in for ever."""

    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    pool_seconds: float = 15.0
    total_seconds: float = 60.0
    connections: int = 64
    body_bytes: int = 16 * 2**20

    @property
    def timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            sock_connect=self.connect_seconds, sock_read=self.read_seconds, connect=self.pool_seconds
        )


class _Wire(AiohttpTransport):
    """Httpx's transport over aiohttp, with a short way beside the one of httpx, whose requests, responses and headers
    would cost as much again as the exchange itself."""

    def __init__(self, bounds: Limits, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._bounds = bounds

    def get_client(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=self._bounds.connections, keepalive_timeout=self.limits.keepalive_expiry, ssl=self.ssl_context
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), headers=HEADERS, timeout=self._bounds.timeout
        )

    async def exchanged(self, request: Request) -> Answer:
        """The answer, unpacked by aiohttp and whole. TooLongError, or an error of httpx where there is one for it."""
        if self.client is None:
            self.client = self.get_client()
        assert isinstance(self.client, aiohttp.ClientSession)
        try:
            answer = await self.client.request(
                request.method,
                request.address.target,
                headers=request.headers,
                data=request.body or None,
                allow_redirects=False,
                proxy=str(self.proxy.url) if self.proxy else None,
                proxy_headers=self.proxy.headers if self.proxy else None,
            )
            body = await self._whole(answer)
        except aiohttp.ClientError:
            with map_aiohttp_exceptions():
                raise
        return Answer(status=answer.status, headers=words_of(answer.raw_headers), body=body)

    async def _whole(self, answer: aiohttp.ClientResponse) -> bytes:
        """At the end of an answer its connection is free by itself; one that is not read to the end is closed."""
        body, content = bytearray(), answer.content
        try:
            while True:
                body += await content.readany()
                if len(body) > self._bounds.body_bytes:
                    raise TooLongError
                if content.at_eof():
                    return bytes(body)
        except BaseException:
            answer.close()
            raise


class _Client(HttpxAiohttpClient):
    """Over `_Wire`. Signs in at a proxy with a header: aiohttp has deprecated the other way."""

    def __init__(self, bounds: Limits, **options: Any) -> None:
        self._bounds = bounds
        super().__init__(**options)

    def _init_transport(self, *args: Any, **options: Any) -> httpx.AsyncBaseTransport:
        return _Wire(self._bounds, *args, **options)

    def _init_proxy_transport(self, proxy: httpx.Proxy, *args: Any, **options: Any) -> httpx.AsyncBaseTransport:
        if proxy.raw_auth is not None:
            token = base64.b64encode(b":".join(proxy.raw_auth)).decode()
            proxy = httpx.Proxy(proxy.url, headers={"Proxy-Authorization": f"Basic {token}"})
        return _Wire(self._bounds, *args, proxy=proxy, **options)


def build_client(limits: Limits, ca_files: Iterable[str] = (), *, is_for_orders: bool = False) -> httpx.AsyncClient:
    """A client over aiohttp that trusts the usual authorities and those in `ca_files`.

    Proxies come from the environment, never for this machine itself and its metadata service.

    Orders get a fresh connection each: on a kept one that the server has just closed, an order that never
    arrived would look as if it might have.
    """
    trusted = httpx.create_ssl_context()
    for ca_file in ca_files:
        trusted.load_verify_locations(cafile=ca_file)
    return _Client(
        limits,
        verify=trusted,
        limits=httpx.Limits(keepalive_expiry=0.0 if is_for_orders else 30.0),
        trust_env=True,
        mounts={f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]", METADATA_HOST)},
    )


async def _in_words_of_httpx(wire: httpx.AsyncBaseTransport, request: Request) -> Answer:
    headers = {**HEADERS, **request.headers}
    response = await wire.handle_async_request(
        httpx.Request(request.method, request.address, headers=headers, content=request.body or None)
    )
    return Answer(status=response.status_code, headers=words_of(response.headers.raw), body=await response.aread())


def exchanged(wire: httpx.AsyncBaseTransport, request: Request) -> Awaitable[Answer]:
    """What comes back over any transport."""
    return wire.exchanged(request) if isinstance(wire, _Wire) else _in_words_of_httpx(wire, request)
