"""Says what a failed connection means: why there is no answer, and whether the request can have left at all."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import aiohttp
import httpx

from bot.cloud.errors import Explanation

_NEVER_SENT_AIOHTTP = (
    aiohttp.ClientConnectorError,  # refused, unreachable, DNS, TLS, proxy: all before the first byte
    aiohttp.ClientSSLError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
_NEVER_SENT_HTTPX = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


def was_never_sent(error: BaseException) -> bool:
    """True only if the request certainly did not leave.

    httpx-aiohttp turns a lost connection (`ServerDisconnectedError`, a reset) into `httpx.ConnectTimeout`, so
    aiohttp's own exception, when there is one, decides.
    """
    cause = next((e for e in _chain(error) if isinstance(e, aiohttp.ClientError)), None)
    if cause is not None:
        return isinstance(cause, _NEVER_SENT_AIOHTTP)
    return isinstance(error, _NEVER_SENT_HTTPX)


def explain_exception(error: BaseException, host: str) -> Explanation:
    """The sentence for a call that got no answer from `host`."""
    chain = list(_chain(error))
    if _any(chain, ssl.SSLCertVerificationError, aiohttp.ClientConnectorCertificateError):
        return _certificate(chain, host)
    if _any(chain, aiohttp.ClientHttpProxyError, aiohttp.ClientProxyConnectionError, httpx.ProxyError):
        return _proxy(chain)
    if _any(chain, ssl.SSLError, aiohttp.ClientSSLError):
        return Explanation(
            cause=f"No secure connection to {host} could be made: the two sides agree on no TLS.",
            cure="Check that the endpoint's address and port are right and that nothing on the way breaks TLS.",
        )
    if _any(chain, socket.gaierror, aiohttp.ClientConnectorDNSError):
        return Explanation(
            cause=f"The name {host} could not be resolved.",
            cure="Check the endpoint and the region in the bot's settings, and this machine's DNS.",
            is_retryable=True,
        )
    return _no_connection(host) if was_never_sent(error) else _broken_off(chain, host)


def _certificate(chain: list[BaseException], host: str) -> Explanation:
    """aiohttp wraps the error of `ssl`, which alone knows what is wrong with the certificate."""
    inner = [getattr(error, "certificate_error", error) for error in chain]
    reason = next((text for error in inner if (text := getattr(error, "verify_message", ""))), "not verified")
    return Explanation(
        cause=f"The certificate of {host} is not trusted: {reason}.",
        cure="Check the endpoint and this machine's clock; for a company's own authority name its file in OS_CACERT.",
    )


def _proxy(chain: list[BaseException]) -> Explanation:
    refusal = next((e for e in chain if isinstance(e, aiohttp.ClientHttpProxyError)), None)
    if (refusal is not None and refusal.status == 407) or (chain and "407" in str(chain[0])):
        return Explanation(
            cause="The proxy asks for a sign-in (HTTP status 407).",
            cure="Correct user and password in HTTPS_PROXY, or add the cloud's hosts to NO_PROXY.",
        )
    status = f" (HTTP status {refusal.status})" if refusal is not None else ""
    return Explanation(
        cause=f"The proxy did not connect the bot to the cloud{status}.",
        cure="Check HTTPS_PROXY and NO_PROXY, and that the proxy runs.",
        is_retryable=True,
    )


def _no_connection(host: str) -> Explanation:
    return Explanation(
        cause=f"No connection to {host} could be made.",
        cure="Check the network, the firewall and the proxy between this machine and the cloud, then try again.",
        is_retryable=True,
    )


def _broken_off(chain: list[BaseException], host: str) -> Explanation:
    if _any(chain, TimeoutError, httpx.TimeoutException) and not _any(chain, aiohttp.ServerDisconnectedError):
        cause = f"{host} did not answer in time."
    else:
        cause = f"The connection to {host} broke off before the answer was complete."
    return Explanation(cause=cause, cure="Wait a minute, then try again.", is_retryable=True)


def _any(chain: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(error, kinds) for error in chain)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
