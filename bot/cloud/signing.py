"""Signs a request with an access key (SDK-HMAC-SHA256): pure, so that published vectors can be checked against it.

Source: https://support.huaweicloud.com/intl/en-us/devg-apisign/api-sign-algorithm.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Region and service of the older, scoped signature that some Open Telekom Cloud clients use."""

    region: str
    service: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What there is to send (`authorization`) and what helps to find a difference (`canonical_request`)."""

    authorization: str
    signature: str
    canonical_request: str


def sign(
    *,
    access_key: str,
    secret_key: str,
    method: str,
    path: str,
    query: str = "",
    headers: Mapping[str, str],
    body: bytes = b"",
    scope: Scope | None = None,
) -> Signed:
    """Signs all `headers` given, which must hold `X-Sdk-Date`; `path` and `query` as they are sent.

    KeyError without the date. Headers with an underscore are left out: proxies drop them.
    """
    by_name = {name.lower(): value.strip() for name, value in headers.items() if "_" not in name}
    names = ";".join(sorted(by_name))
    canonical = canonical_request(method, path, query, by_name, body)
    date = by_name["x-sdk-date"]
    key, credential = _key(access_key, secret_key, date, scope)
    to_sign = "\n".join((ALGORITHM, *_scope_line(date, scope), _sha256(canonical.encode())))
    signature = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
    authorization = f"{ALGORITHM} {credential}, SignedHeaders={names}, Signature={signature}"
    return Signed(authorization=authorization, signature=signature, canonical_request=canonical)


def sdk_date(now: datetime) -> str:
    return now.astimezone(UTC).strftime(DATE_FORMAT)


def canonical_request(method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> str:
    """`headers` with lower-case names. The path always ends in a slash here, although the real one does not."""
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    return "\n".join(
        (
            method.upper(),
            _canonical_path(path),
            canonical_query(parse_qsl(query, keep_blank_values=True)),
            lines,
            ";".join(sorted(headers)),
            _sha256(body),
        )
    )


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{_encode(key)}={_encode(value)}" for key, value in sorted(pairs))


def _canonical_path(path: str) -> str:
    encoded = "/".join(_encode(unquote(segment)) for segment in path.split("/"))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def _encode(text: str) -> str:
    return quote(text, safe="~")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _scope_line(date: str, scope: Scope | None) -> tuple[str, ...]:
    return (date,) if scope is None else (date, _scope_path(date, scope))


def _scope_path(date: str, scope: Scope) -> str:
    return f"{date[:8]}/{scope.region}/{scope.service}/sdk_request"


def _key(access_key: str, secret_key: str, date: str, scope: Scope | None) -> tuple[bytes, str]:
    """The signing key and the first part of the header."""
    if scope is None:
        return secret_key.encode(), f"Access={access_key}"
    key = f"SDK{secret_key}".encode()
    for part in (date[:8], scope.region, scope.service, "sdk_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key, f"Credential={access_key}/{_scope_path(date, scope)}"
