"""Decides who a request comes from, by its token or its signature, as the API gateway does."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.demo.sdrs.identity import Caller, Key, Registry
from bot.demo.sdrs.signature import Sent, Signed, canonical_request, is_genuine, read_authorization
from bot.demo.sdrs.wire import Answer, gateway, incorrect_authentication

CLOCK_SKEW = timedelta(minutes=15)
MUST_BE_SIGNED = {"host", "x-sdk-date"}


def identify(registry: Registry, sent: Sent, now: datetime) -> Caller | Answer:
    """The caller, or the gateway's 401."""
    if "authorization" in sent.headers:
        return _by_signature(registry, sent, now)
    if token_id := sent.headers.get("x-auth-token"):
        return _by_token(registry, token_id, now)
    return incorrect_authentication("x-auth-token not found")


def _by_token(registry: Registry, token_id: str, now: datetime) -> Caller | Answer:
    token = registry.tokens.get(token_id)
    if token is None:
        return incorrect_authentication("decrypt token fail")
    if now >= token.expires_at:
        return gateway(401, "APIGW.0307", "The token must be updated.")
    return token.caller


def _by_signature(registry: Registry, sent: Sent, now: datetime) -> Caller | Answer:
    signed = read_authorization(sent.headers["authorization"])
    if signed is None:
        return incorrect_authentication("Authorization format Incorrect")
    key = registry.keys.get(signed.access)
    if key is None:
        return incorrect_authentication(f"Get secretKey failed,ak:{signed.access},err:ak not exist")
    if key.is_locked(now):
        return incorrect_authentication("AK access failed to reach the limit,forbidden.")
    return _by_key(key, sent, signed, now)


def _by_key(key: Key, sent: Sent, signed: Signed, now: datetime) -> Caller | Answer:
    complete = MUST_BE_SIGNED.issubset(signed.headers) and is_timely(sent.headers, now)
    if not complete or not is_genuine(sent, signed, key.secret):
        key.note_failure(now)
        canonical = canonical_request(sent, signed.headers).replace("\n", "|")
        return incorrect_authentication(f"verify aksk signature fail, canonicalRequest:{canonical}")
    key.failures = 0
    if refusal := _check_security_token(key, sent, signed, now):
        return refusal
    project_id = sent.headers.get("x-project-id") or key.caller.project_id
    return replace(key.caller, project_id=project_id, signed=True)


def _check_security_token(key: Key, sent: Sent, signed: Signed, now: datetime) -> Answer | None:
    """A temporary key counts only together with its security token, signed and in time."""
    if key.security_token is None or key.expires_at is None:
        return None
    is_signed = "x-security-token" in signed.headers
    if not is_signed or sent.headers.get("x-security-token") != key.security_token:
        return incorrect_authentication("verify security token fail")
    if now >= key.expires_at:
        return incorrect_authentication("security token expired")
    return None


def is_timely(headers: Mapping[str, str], now: datetime) -> bool:
    """X-Sdk-Date may differ by a quarter of an hour."""
    try:
        said = datetime.strptime(headers.get("x-sdk-date", ""), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(said - now) <= CLOCK_SKEW
