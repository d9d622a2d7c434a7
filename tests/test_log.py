"""No secret passes the log, whatever carried it there."""

import io
import logging
import sys

import pytest
import structlog

from bot.log import HIDDEN, Redaction, configure_logging

CANARY = "canary-7f3a91c2"


@pytest.mark.parametrize(
    "text",
    [
        "xoxb-12-34-abcdef",
        "xapp-1-A0-1-abcdef",
        "https://drbot:canary-7f3a91c2@iam.example/v3",
        "X-Auth-Token: canary-7f3a91c2",
        "{'X-Subject-Token': 'canary-7f3a91c2'}",
        '{"password": "canary-7f3a91c2"}',
        "GET /?token=canary-7f3a91c2&x=1",
        "Authorization: Bearer canary-7f3a91c2",
        "a sentence around canary-7f3a91c2 as known secret",
    ],
)
def test_whatever_looks_like_a_secret_is_hidden(text: str) -> None:
    cleaned = Redaction([CANARY]).clean(text)
    assert HIDDEN in cleaned
    assert not any(part in cleaned for part in (CANARY, "abcdef"))


def test_ordinary_words_stay() -> None:
    text = "Request FR-7K2M9QXA: the password of the production server stays valid."
    assert Redaction([CANARY]).clean(text) == text


@pytest.mark.parametrize("as_json", [True, False])
def test_arguments_exceptions_and_foreign_loggers_are_cleaned(as_json: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logging(level="DEBUG", as_json=as_json, secrets=[CANARY])
    try:
        structlog.get_logger("bot").info("called", url=f"https://x/{CANARY}", nested={"list": [CANARY]})
        logging.getLogger("foreign").warning("token %s", CANARY)
        logging.getLogger("dbos").warning("the engine says %s", CANARY)
        logging.getLogger("httpx").info("GET https://x/?token=%s", CANARY)
        try:
            raise ValueError(f"broken by {CANARY}")
        except ValueError:
            logging.getLogger("foreign").exception("failed")
            structlog.get_logger("bot").exception("failed too")
    finally:
        logging.basicConfig(handlers=[logging.NullHandler()], force=True)
        structlog.reset_defaults()
    assert CANARY not in stream.getvalue()
    assert stream.getvalue().count(HIDDEN) >= 6
