"""Connections that fail, over real sockets on this machine: what is known, and what a person reads."""

import asyncio
import gzip
import ssl
import subprocess
from contextlib import asynccontextmanager

import httpx
import pytest
from pydantic import BaseModel

from bot.cloud.addresses import join
from bot.cloud.client import Limits
from bot.cloud.errors import Attempted
from bot.cloud.redaction import Redactor
from bot.cloud.transport import Call, Retries, Transport
from bot.ports import Accepted, Rejected, Unclear
from tests.cloud.support import TestClock

QUICK = Limits(connect_seconds=0.5, read_seconds=0.3, pool_seconds=0.5, total_seconds=1.0)
READ = Attempted(purpose="Reading the job")
ORDER = Attempted(purpose="Submitting the planned failover", is_order=True)
NO_RETRIES = Retries(attempts=1)


class Anything(BaseModel):
    pass


class Server:
    """A TCP server that does what it is told with each connection, and remembers the requests it got."""

    def __init__(self, behave):
        self._behave = behave
        self.requests = []

    async def __call__(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (int(x.split(b":")[1]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-len")), 0
            )
            self.requests.append(head + await reader.readexactly(length))
            await self._behave(writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(behave, *, tls=None):
    server = Server(behave)
    listener = await asyncio.start_server(server, "127.0.0.1", 0, ssl=tls)
    server.url = httpx.URL(f"http{'s' if tls else ''}://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    try:
        yield server
    finally:
        listener.close()


def says(answer, *, then_seconds=0.0):
    async def behave(writer):
        writer.write(answer)
        await writer.drain()
        await asyncio.sleep(then_seconds)

    return behave


async def says_nothing(writer):
    await asyncio.sleep(5)


async def hangs_up(writer):
    writer.close()


async def resets(writer):
    writer.transport.abort()


async def drips(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.05)


OK = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"job_id":"1"}'


@asynccontextmanager
async def sending(limits=QUICK, retries=NO_RETRIES, **changes):
    transport = Transport(clock=TestClock(), redactor=Redactor(), limits=limits, retries=retries, **changes)
    try:
        yield transport
    finally:
        await transport.aclose()


async def order(transport, url):
    return await transport.order(Call(tried=ORDER, method="POST", url=url, body={"a": 1}))


async def test_an_accepted_order_over_a_real_socket():
    async with serving(says(OK)) as server, sending() as transport:
        assert isinstance(await order(transport, server.url), Accepted)
        assert server.requests[0].endswith(b'{"a":1}')


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        (says_nothing, "did not answer in time"),
        (hangs_up, "broke off"),
        (resets, "broke off"),
        (drips, "did not answer in time"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf"), "broke off"),
        (says(b"this is not HTTP\r\n\r\n"), "broke off"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"), "broke off"),
    ],
    ids=["silence", "hang-up", "reset", "drip", "half an answer", "no HTTP", "no gzip"],
)
async def test_an_order_that_was_sent_and_not_answered_has_an_unknown_outcome_and_is_sent_once(behave, words):
    async with serving(behave) as server, sending() as transport:
        outcome = await order(transport, server.url)
        assert isinstance(outcome, Unclear)
        assert words in outcome.problem.what
        assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"<html/>", b"{}"])
async def test_success_with_a_useless_body_is_an_unknown_outcome(body):
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
    async with serving(says(answer)) as server, sending() as transport:
        assert isinstance(await order(transport, server.url), Unclear)


async def test_an_order_to_a_closed_port_did_not_happen():
    async with serving(says(OK)) as server:
        url = server.url
    async with sending() as transport:
        outcome = await order(transport, url)
    assert isinstance(outcome, Rejected)
    assert "No connection to 127.0.0.1" in outcome.problem.what
    assert outcome.problem.is_retryable


async def test_a_name_that_does_not_resolve_did_not_happen():
    async with sending(Limits(connect_seconds=5, pool_seconds=5)) as transport:
        outcome = await order(transport, httpx.URL("https://sdrs.invalid/v1"))
    assert isinstance(outcome, Rejected)
    assert "sdrs.invalid could not be resolved" in outcome.problem.what


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A key and a certificate for 127.0.0.1 that nobody but itself vouches for."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(command, check=True, capture_output=True)
    return key, cert


async def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(certificate):
    key, cert = certificate
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    async with serving(says(OK), tls=tls) as server:
        async with sending() as transport:
            outcome = await order(transport, server.url)
        async with sending(ca_files=[str(cert)]) as transport:
            trusted = await order(transport, server.url)
    assert isinstance(outcome, Rejected)
    assert "certificate of 127.0.0.1 is not trusted" in outcome.problem.what
    assert isinstance(trusted, Accepted)
    assert len(server.requests) == 1


async def test_speaking_tls_to_a_plain_port_is_its_own_sentence():
    async def plain(reader, writer):
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 The plain HTTP request was sent to HTTPS port\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as listener, sending() as transport:
        url = httpx.URL(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
        outcome = await order(transport, url)
    assert isinstance(outcome, Rejected)
    assert "No secure connection" in outcome.problem.what


async def test_a_proxy_that_asks_for_a_password_is_its_own_sentence(monkeypatch):
    refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    async with serving(says(refusal)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:canary@127.0.0.1:{proxy.url.port}")
        async with sending() as transport:
            outcome = await order(transport, httpx.URL("https://sdrs.example.com/v1"))
    assert isinstance(outcome, Rejected)
    assert "The proxy asks for a sign-in" in outcome.problem.what
    assert "canary" not in repr(outcome)
    assert proxy.requests[0].startswith(b"CONNECT sdrs.example.com:443")


async def test_a_proxy_is_never_used_for_this_machine_itself(monkeypatch):
    async with serving(says(OK)) as proxy, serving(says(OK)) as server:
        monkeypatch.setenv("HTTP_PROXY", str(proxy.url))
        async with sending() as transport:
            await order(transport, server.url)
    assert proxy.requests == []
    assert len(server.requests) == 1


async def test_a_server_that_closes_idle_connections_does_not_make_orders_unclear():
    async with serving(says(OK)) as server, sending() as transport:
        for _ in range(20):
            assert isinstance(await order(transport, server.url), Accepted)


async def test_a_body_without_end_is_cut_off():
    body = b"x" * 5000
    async with (
        serving(says(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + body)) as server,
        sending(Limits(body_bytes=1000)) as transport,
    ):
        outcome = await order(transport, server.url)
    assert isinstance(outcome, Unclear)
    assert "longer than" in outcome.problem.what


async def test_cookies_of_one_answer_are_not_sent_with_the_next_call():
    answer = OK.replace(b"\r\nContent", b"\r\nSet-Cookie: HWWAFSESID=1; path=/\r\nContent", 1)
    async with serving(says(answer)) as server, sending() as transport:
        for _ in range(2):
            assert isinstance(await order(transport, server.url), Accepted)
        assert b"cookie:" not in server.requests[1].lower()


async def test_a_packed_answer_is_read_and_bounded_by_what_is_in_it():
    def packed(body):
        body = gzip.compress(body)
        head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
        return says(head + body)

    async with serving(packed(b'{"job_id":"1"}')) as server, sending() as transport:
        assert isinstance(await order(transport, server.url), Accepted)
    async with serving(packed(b"x" * 5000)) as server, sending(Limits(body_bytes=1000)) as transport:
        assert "longer than 1000 bytes" in (await order(transport, server.url)).problem.what


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 204 No Content\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"]
)
async def test_an_answer_without_a_body_is_empty(answer):
    async with serving(says(answer)) as server, sending() as transport:
        outcome = await order(transport, server.url)
    assert "it is no JSON" in outcome.problem.what


async def test_a_call_says_who_asks_and_what_it_reads():
    async with serving(says(OK)) as server, sending() as transport:
        await transport.read(
            Anything, Call(tried=READ, method="GET", url=join(str(server.url), params=(("name", "pg erp"),)))
        )
    head, *lines = server.requests[0].decode().rstrip().split("\r\n")
    assert head == "GET /?name=pg+erp HTTP/1.1"
    assert {line.partition(":")[0].lower() for line in lines} == {"host", "accept", "accept-encoding", "user-agent"}
    assert "User-Agent: failover-bot" in lines
