"""HTTP delivery to the app's request URL, signed as Slack signs it.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

from .records import Delivery
from .sockets import Answer
from .things import App, JsonObject

FORM = "application/x-www-form-urlencoded"


def signature(signing_secret: str, timestamp: int, body: str) -> str:
    """`v0=` and the HMAC-SHA256 of `v0:{timestamp}:{body}`."""
    base = f"v0:{timestamp}:{body}".encode()
    return "v0=" + hmac.new(signing_secret.encode(), base, hashlib.sha256).hexdigest()


def signed_headers(signing_secret: str, body: str, timestamp: int | None = None) -> dict[str, str]:
    """The two headers of a request that was signed at `timestamp` (default: now, by the real clock)."""
    at = int(time.time()) if timestamp is None else timestamp
    return {
        "X-Slack-Request-Timestamp": str(at),
        "X-Slack-Signature": signature(signing_secret, at, body),
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
    }


def http_body(delivery: Delivery) -> tuple[str, str]:
    """(body, content type): events as JSON, commands as a form, interactivity as a form with `payload=`."""
    match delivery.kind:
        case "events_api":
            return json.dumps(delivery.payload), "application/json"
        case "slash_commands":
            return urlencode(delivery.payload), FORM
        case "interactive":
            return urlencode({"payload": json.dumps(delivery.payload)}), FORM


def signed_request(app: App, delivery: Delivery, timestamp: int | None = None) -> tuple[str, dict[str, str]]:
    """(body, headers) of a delivery, for whoever wants to send, change or replay it by hand."""
    body, content_type = http_body(delivery)
    headers = signed_headers(app.signing_secret, body, timestamp) | {"Content-Type": content_type}
    if delivery.retry_attempt:
        headers["X-Slack-Retry-Num"] = str(delivery.retry_attempt)
        headers["X-Slack-Retry-Reason"] = delivery.retry_reason
    return body, headers


class SignedHttp:
    """Posts deliveries to request URLs; the session lives as long as the workspace runs."""

    def __init__(self, *, ack_seconds: float) -> None:
        self._timeout = aiohttp.ClientTimeout(total=ack_seconds)
        self._session: aiohttp.ClientSession | None = None

    async def deliver(self, app: App, delivery: Delivery) -> Answer:
        """Post one delivery and read the acknowledgement from the response."""
        if app.request_url is None:
            return Answer(error="dispatch_failed", retry_reason="connection_failed")
        body, headers = signed_request(app, delivery)
        try:
            async with self._open().post(app.request_url, data=body, headers=headers) as response:
                text = await response.text()
        except TimeoutError:
            return Answer(error="operation_timeout", retry_reason="http_timeout")
        except aiohttp.ClientError:
            return Answer(error="dispatch_failed", retry_reason="connection_failed")
        return _answer(response.status, text, response.headers.get("X-Slack-No-Retry") == "1")

    async def challenge(self, app: App, challenge: str) -> bool:
        """Whether the request URL echoes a signed `url_verification`."""
        body = json.dumps({"type": "url_verification", "token": app.verification_token, "challenge": challenge})
        headers = signed_headers(app.signing_secret, body) | {"Content-Type": "application/json"}
        try:
            async with self._open().post(str(app.request_url), data=body, headers=headers) as response:
                return response.ok and challenge in await response.text()
        except (TimeoutError, aiohttp.ClientError):
            return False

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0)  # Slack does not wait for its own connections
            self._session = aiohttp.ClientSession(timeout=self._timeout, connector=connector)
        return self._session

    async def close(self) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _answer(status: int, text: str, wants_no_retry: bool) -> Answer:
    if not 200 <= status < 300:
        return Answer(error="dispatch_failed", retry_reason="http_error", wants_no_retry=wants_no_retry)
    return Answer(payload=_payload(text))


def _payload(text: str) -> JsonObject | None:
    if not text.strip():
        return None
    try:
        parsed: Any = json.loads(text)
    except ValueError:
        return {"text": text}
    return parsed if isinstance(parsed, dict) else {"text": text}
