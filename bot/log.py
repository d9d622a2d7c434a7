"""Structured logs with request and run ids, and one filter that no secret passes."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable, MutableMapping
from typing import Any

import structlog

# What a token looks like, whoever logged it: Slack tokens, bearer and signature headers, userinfo in URLs.
SHAPES = (
    re.compile(r"x(?:ox[abeprs]|app)-[A-Za-z0-9-]{6,}"),
    re.compile(
        r"(?i)(x-auth-token|x-subject-token|x-security-token|authorization|signature)(['\"]?\s*[:=]\s*['\"]?)[^\s'\",}]+"
    ),
    re.compile(r"(?i)(password|passwd|secret|token)(['\"]?\s*[:=]\s*['\"]?)[^\s'\",}&]{4,}"),
    re.compile(r"(\w+://[^\s:/@]+):[^\s@/]+@"),
    re.compile(r"(?i)Bearer\s+[A-Za-z0-9._-]{8,}"),
)
HIDDEN = "[hidden]"
NOISY = ("httpx", "httpcore", "aiohttp.access", "slack_sdk", "slack_bolt", "alembic", "sqlalchemy", "dbos")


class Redaction:
    """Replaces known secrets and everything that looks like one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets = tuple(sorted({secret for secret in secrets if len(secret) >= 6}, key=len, reverse=True))

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        text = SHAPES[0].sub(HIDDEN, text)
        for shape in SHAPES[1:3]:
            text = shape.sub(rf"\1\2{HIDDEN}", text)
        text = SHAPES[3].sub(rf"\1:{HIDDEN}@", text)
        return SHAPES[4].sub(f"Bearer {HIDDEN}", text)

    def __call__(self, logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """As a structlog processor: every value, however it came in."""
        return {key: self._cleaned(value) for key, value in event.items()}

    def _cleaned(self, value: object) -> object:
        if isinstance(value, str):
            return self.clean(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {key: self._cleaned(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._cleaned(item) for item in value]
        return self.clean(str(value))


def configure_logging(*, level: str, as_json: bool, secrets: Iterable[str] = ()) -> None:
    """One handler on stderr for structlog and the standard library alike. Debug of HTTP libraries stays off."""
    redaction = Redaction(secrets)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redaction,
    ]
    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
    # The engine gives its logger a handler of its own unless it has one: it would pass by our redaction.
    logging.getLogger("dbos").handlers = [logging.NullHandler()]
    logging.getLogger("dbos").propagate = True
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
