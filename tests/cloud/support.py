"""A clock to push, and sessions over transports that behave as a test describes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
from pydantic import SecretStr

from bot.cloud.access import CloudAccess, Domain, PasswordLogin, Service
from bot.cloud.redaction import Redactor
from bot.cloud.session import Session
from bot.cloud.transport import Retries, Transport
from bot.domain.facts import ProjectAlias

PROJECT_ID = "0123456789abcdef0123456789abcdef"
PASSWORD = "canary-password-7c1f"
TOKEN = "canary-token-" + "x" * 40
IAM = "https://iam.eu-de.otc.t-systems.com"

Handler = Callable[[httpx.Request], httpx.Response]


class TestClock:
    """Stands still until it is pushed. `wrong_by` makes the wall clock lie, as a machine's may."""

    __test__ = False

    def __init__(self, *, wrong_by: timedelta = timedelta()) -> None:
        self._now = datetime(2026, 8, 1, 12, tzinfo=UTC)
        self._monotonic = 1000.0
        self.wrong_by = wrong_by
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now + self.wrong_by

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self._monotonic += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


def access(**changes: object) -> CloudAccess:
    values: dict[str, object] = {
        "alias": ProjectAlias("eu-de"),
        "login": PasswordLogin(password=SecretStr(PASSWORD), user_name="drbot", domain=Domain(name="OTC1")),
        "iam_root": IAM,
        "region": "eu-de",
        "project_id": PROJECT_ID,
        "endpoints": {service: f"https://{service}.eu-de.otc.t-systems.com" for service in Service},
    }
    return CloudAccess(**(values | changes))  # type: ignore[arg-type]  # tests give what they mean


def token_response(
    token: str = TOKEN, *, lifetime: timedelta = timedelta(hours=24), **fields: object
) -> httpx.Response:
    issued = datetime(2026, 8, 1, 12, tzinfo=UTC)
    body: dict[str, object] = {
        "issued_at": issued.isoformat(),
        "expires_at": (issued + lifetime).isoformat(),
        "project": {"id": PROJECT_ID, "name": "eu-de"},
        "user": {"name": "drbot"},
    }
    return httpx.Response(201, headers={"X-Subject-Token": token}, json={"token": body | fields})


def _client(mock: httpx.MockTransport) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=mock, verify=False, trust_env=False)  # no certificates to load: no network


def transport_over(handler: Handler, clock: TestClock, **changes: object) -> Transport:
    mock = httpx.MockTransport(handler)
    return Transport(
        clock=clock,
        redactor=changes.pop("redactor", Redactor()),  # type: ignore[arg-type]  # a Redactor
        clients=(_client(mock), _client(mock)),
        retries=Retries(jitter=lambda: 1.0),
        sleep=clock.sleep,
        **changes,  # type: ignore[arg-type]  # named by the test
    )


def signed_in(handler: Handler) -> Handler:
    """Gives a token to whoever asks, and everything else to `handler`."""

    def both(request: httpx.Request) -> httpx.Response:
        return token_response() if request.url.path == "/v3/auth/tokens" else handler(request)

    return both


def session_over(
    handler: Handler, *, clock: TestClock | None = None, of: CloudAccess | None = None, **changes: object
) -> Session:
    clock, redactor = clock or TestClock(), Redactor()
    transport = transport_over(handler, clock, redactor=redactor, **changes)
    return Session(of or access(), transport, clock=clock, redactor=redactor)
