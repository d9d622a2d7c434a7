"""Builds the HTTP clients: aiohttp underneath, limits on everything, proxies and certificates as configured."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from bot.cloud.access import METADATA_HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one call; `total` also ends an answer that drips in for ever."""

    connect_seconds: float = 5.0
    read_seconds: float = 30.0
    write_seconds: float = 10.0
    pool_seconds: float = 15.0
    total_seconds: float = 60.0
    connections: int = 64
    body_bytes: int = 16 * 2**20

    @property
    def timeout(self) -> httpx.Timeout:
        return httpx.Timeout(
            connect=self.connect_seconds,
            read=self.read_seconds,
            write=self.write_seconds,
            pool=self.pool_seconds,
        )


class _NoCookies(httpx.Cookies):
    """The cloud's API has none, and what a proxy sets is not for the next call. Looking for them costs as much as
    building a request."""

    def extract_cookies(self, response: httpx.Response) -> None:
        return None


class _Client(HttpxAiohttpClient):
    """Signs in at a proxy with a header: aiohttp has deprecated the other way, which httpx-aiohttp still goes."""

    @property  # type: ignore[misc]  # httpx lets it be set too; nobody does
    def cookies(self) -> httpx.Cookies:
        return _NO_COOKIES

    def _init_proxy_transport(self, proxy: httpx.Proxy, *args: Any, **options: Any) -> httpx.AsyncBaseTransport:
        if proxy.raw_auth is not None:
            token = base64.b64encode(b":".join(proxy.raw_auth)).decode()
            proxy = httpx.Proxy(proxy.url, headers={"Proxy-Authorization": f"Basic {token}"})
        return super()._init_proxy_transport(proxy, *args, **options)


_NO_COOKIES = _NoCookies()


def build_client(limits: Limits, ca_files: Iterable[str] = (), *, is_for_orders: bool = False) -> httpx.AsyncClient:
    """A client over aiohttp that trusts the usual authorities and those in `ca_files`.

    Proxies come from the environment, never for this machine itself and its metadata service.

    Orders get a fresh connection each: on a kept one that the server has just closed, an order that never
    arrived would look as if it might have.
    """
    trusted = httpx.create_ssl_context()
    for ca_file in ca_files:
        trusted.load_verify_locations(cafile=ca_file)
    keep_seconds = 0.0 if is_for_orders else 30.0
    return _Client(
        verify=trusted,
        timeout=limits.timeout,
        limits=httpx.Limits(max_connections=limits.connections, keepalive_expiry=keep_seconds),
        follow_redirects=False,
        trust_env=True,
        mounts={f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]", METADATA_HOST)},
    )
