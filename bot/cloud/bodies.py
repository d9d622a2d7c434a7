"""Reads whatever stands in the body of a refusal: the shapes of a dozen services, gateways and load balancers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from html import unescape

from bot.domain.text import whole

MAX_DEPTH = 8
_FIELD_PAIRS = (("error_code", "error_msg"), ("errorCode", "errorMsg"), ("code", "message"))
_CODE = re.compile(r"\b[A-Za-z]{2,12}\.\d{4}\b")
_REQUEST_ID_FIELDS = ("request_id", "requestId", "x-request-id")
_HTML = re.compile(r"<(?:!doctype|html|head|body|h1|title)\b", re.IGNORECASE)
_INVISIBLE = re.compile(r"<(script|style)\b.*?</\1>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """What a body says. Empty fields where it says nothing."""

    code: str = ""
    message: str = ""
    request_id: str = ""
    is_json: bool = False


def parse_body(body: bytes) -> ErrorBody:
    """Never raises: HTML, broken JSON and nothing at all are bodies too."""
    text = body.decode("utf-8", errors="replace").strip()
    if not text:
        return ErrorBody()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return _whole(_from_text(text))
    return replace(_whole(_from_document(document)), is_json=True)


def parse_reason(text: str) -> ErrorBody:
    """Reads a job's `fail_reason`: free text that may carry a code and JSON behind `error : `."""
    return _whole(_unpacked(ErrorBody(message=text.strip())))


def without_halves(body: bytes) -> bytes:
    """The same JSON without half a surrogate pair, for which a strict reader refuses the whole answer."""
    if b"\\ud" not in body.lower():
        return body
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return body
    return whole(json.dumps(document, ensure_ascii=False)).encode()


def _whole(body: ErrorBody) -> ErrorBody:
    return replace(body, code=whole(body.code), message=whole(body.message), request_id=whole(body.request_id))


def _from_text(text: str) -> ErrorBody:
    if _HTML.search(text):
        text = "web page: " + unescape(_TAG.sub(" ", _INVISIBLE.sub(" ", text)))
    return _unpacked(ErrorBody(message=text))


def _from_document(document: object) -> ErrorBody:
    if not isinstance(document, dict):
        return ErrorBody(message=str(document))
    found = _search(document, MAX_DEPTH) or ErrorBody()
    request_id = next((str(document[f]) for f in _REQUEST_ID_FIELDS if isinstance(document.get(f), str)), "")
    return replace(_unpacked(found), request_id=request_id)


def _search(node: dict[str, object], depth: int) -> ErrorBody | None:
    """The first complete pair of code and message, outside in; half a pair only when nothing is complete."""
    return _complete(node, depth) or _partial(node, depth)


def _complete(node: dict[str, object], depth: int) -> ErrorBody | None:
    for code, message in _FIELD_PAIRS:
        if _is_scalar(node.get(code)) and _is_scalar(node.get(message)):
            return ErrorBody(code=str(node[code]), message=str(node[message]))
    if depth == 0:
        return None
    return next((hit for child in _children(node) if (hit := _complete(child, depth - 1))), None)


def _partial(node: dict[str, object], depth: int) -> ErrorBody | None:
    code = _first(node, [pair[0] for pair in _FIELD_PAIRS])
    message = _first(node, [pair[1] for pair in _FIELD_PAIRS] + ["error", "error_description", "msg", "detail"])
    if code or message:
        return ErrorBody(code=code, message=message)
    if depth == 0:
        return None
    return next((hit for child in _children(node) if (hit := _partial(child, depth - 1))), None)


def _first(node: dict[str, object], fields: list[str]) -> str:
    return next((str(node[field]) for field in fields if _is_scalar(node.get(field))), "")


def _children(node: dict[str, object]) -> list[dict[str, object]]:
    lists = [item for value in node.values() if isinstance(value, list) for item in value]
    return [child for child in [*node.values(), *lists] if isinstance(child, dict)]


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _unpacked(body: ErrorBody) -> ErrorBody:
    """Services wrap each other's answers: takes the code out of the text and the message out of JSON in it."""
    inner = _embedded(body.message)
    code = body.code if _CODE.fullmatch(body.code) else _code_in(body.message) or (inner.code if inner else "")
    message = inner.message if inner and inner.message else body.message
    return replace(body, code=code or body.code, message=message)


def _code_in(text: str) -> str:
    match = _CODE.search(text)
    return match.group() if match else ""


def _embedded(text: str) -> ErrorBody | None:
    start = text.find("{")
    if start < 0:
        return None
    try:
        document, _ = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return _search(document, MAX_DEPTH) if isinstance(document, dict) else None
