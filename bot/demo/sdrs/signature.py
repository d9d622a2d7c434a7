"""Checks SDK-HMAC-SHA256 signatures: the canonical request and the signature, from the published algorithm.

Source: Huawei Cloud "API Request Signing Guide". The older scoped form of some clients
(`Credential=key/date/region/service/sdk_request`, a key derived in four steps) is understood too.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus

ALGORITHM = "SDK-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} (?P<how>Access|Credential)=(?P<who>[^,\s]+),\s*SignedHeaders=(?P<headers>[^,\s]+),"
    r"\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """The parts of an Authorization header. `scope` is empty in the short form."""

    access: str
    scope: str
    headers: tuple[str, ...]
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A request as it arrived: the raw path and query, headers by lower-case name."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def read_authorization(header: str) -> Signed | None:
    found = _AUTHORIZATION.fullmatch(header.strip())
    if found is None:
        return None
    access, _, scope = found["who"].partition("/")
    if bool(scope) != (found["how"] == "Credential"):
        return None
    headers = tuple(found["headers"].split(";"))
    return Signed(access=access, scope=scope, headers=headers, signature=found["signature"])


def canonical_path(path: str) -> str:
    """Each segment percent-encoded, always with a slash at the end."""
    encoded = "/".join(quote(segment, safe="~") for segment in unquote(path).split("/"))
    return encoded if encoded.endswith("/") else encoded + "/"


def canonical_query(query: str) -> str:
    pairs = (part.partition("=") for part in query.split("&") if part)
    decoded = sorted((unquote_plus(name), unquote_plus(value)) for name, _, value in pairs)
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in decoded)


def canonical_request(sent: Sent, signed_headers: Sequence[str]) -> str:
    headers = "".join(f"{name}:{sent.headers.get(name, '').strip()}\n" for name in signed_headers)
    payload = sent.headers.get("x-sdk-content-sha256") or hashlib.sha256(sent.body).hexdigest()
    lines = (sent.method.upper(), canonical_path(sent.path), canonical_query(sent.query), headers)
    return "\n".join((*lines, ";".join(signed_headers), payload))


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signature_of(canonical: str, *, secret: str, date: str, scope: str = "") -> str:
    """The signature that the owner of `secret` gives to a canonical request at `date` (20200608T023900Z)."""
    key = secret.encode()
    if scope:
        key = b"SDK" + key
        for part in scope.split("/"):
            key = _hmac(key, part)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    lines = (ALGORITHM, date, scope, digest) if scope else (ALGORITHM, date, digest)
    return _hmac(key, "\n".join(lines)).hex()


def is_genuine(sent: Sent, signed: Signed, secret: str) -> bool:
    canonical = canonical_request(sent, signed.headers)
    date = sent.headers.get("x-sdk-date", "")
    expected = signature_of(canonical, secret=secret, date=date, scope=signed.scope)
    return hmac.compare_digest(expected, signed.signature)
