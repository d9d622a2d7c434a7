"""Takes secrets out of any text that came from or went to the cloud, before a person or a log sees it."""

from __future__ import annotations

import logging
import re

HIDDEN = "[hidden]"
MIN_SECRET_LENGTH = 4  # hiding shorter words would only garble the text

_NAMED = re.compile(
    r"(?i)\b((?:x-(?:auth|subject|security)-token|authorization|credential|password|passwd|passcode|secret"
    r"|secret_?key|access_?key|access|token|signature|sig|ak|sk)[\"']?\s*[:=]\s*[\"']?)[^\s\"'&,;}]+"
)
_USERINFO = re.compile(r"(://)[^/\s@]+@")
_OPAQUE = re.compile(r"[A-Za-z0-9+/_=-]{65,}")  # tokens are long; ids and request ids are not
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")


class Redactor:
    """Hides the secrets that it was told, and whatever looks like one."""

    def __init__(self, *secrets: str) -> None:
        self._secrets: list[str] = []
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """From now on these are hidden too. The newest hundred are kept: tokens are renewed for ever."""
        fresh = [s for s in secrets if len(s) >= MIN_SECRET_LENGTH and s not in self._secrets]
        self._secrets = (self._secrets + fresh)[-100:]

    def hide_known(self, text: str) -> str:
        """Only the secrets that were told, so that JSON stays JSON."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return text

    def __call__(self, text: str) -> str:
        return redact(self.hide_known(text))


def redact(text: str) -> str:
    """Hides what looks like a secret: named values, user and password of a URL, long opaque words."""
    text = _USERINFO.sub(rf"\1{HIDDEN}@", text)
    text = _NAMED.sub(rf"\1{HIDDEN}", text)
    return _OPAQUE.sub(HIDDEN, text)


def one_line(text: str, *, limit: int) -> str:
    """Printable, on one line, cut with an ellipsis."""
    text = " ".join(_UNPRINTABLE.sub(" ", text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


class _RedactingFilter(logging.Filter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = self._redactor(record.getMessage()), ()
        return True


def quieten_http_loggers(redactor: Redactor) -> None:
    """httpx logs each URL at INFO (github.com/encode/httpx/discussions/2760): silent below WARNING, and redacted."""
    for name in ("httpx", "httpcore", "aiohttp.client"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
        logger.filters = [f for f in logger.filters if not isinstance(f, _RedactingFilter)]
        logger.addFilter(_RedactingFilter(redactor))
