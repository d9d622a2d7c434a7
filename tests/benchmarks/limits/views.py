"""The bytes of the two calls, the same as the bot's: drawn once by its renderer, then only filled in."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from bot.domain.facts import ProjectAlias
from bot.slack import modals
from tests.benchmarks.outside.slack import TOKEN

LOADING: dict[str, Any] = modals.loading_view()
FORM: dict[str, Any] = modals.request_form(
    modals.Form(project=ProjectAlias("eu-de"), list_read_at=datetime(2026, 1, 1, tzinfo=UTC))
)
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json;charset=utf-8"}
_OPEN, _UPDATE = json.dumps(LOADING), json.dumps(FORM)


def open_body(trigger: str) -> bytes:
    return f'{{"trigger_id": "{trigger}", "view": {_OPEN}}}'.encode()


def update_body(view_id: str) -> bytes:
    return f'{{"view_id": "{view_id}", "view": {_UPDATE}}}'.encode()
