"""The manifest fits Slack's own schema, and asks for exactly what the code uses."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from bot.slack.manifest import EVENTS, SCOPES, manifest

SCHEMA = json.loads((Path(__file__).parent / "schema" / "manifest.schema.2.0.0.json").read_text())
METHODS = Path(__file__).parents[2] / "bot" / "demo" / "workspace" / "methods"
CALLED = {
    "chat.postMessage",
    "chat.update",
    "chat.postEphemeral",
    "chat.getPermalink",
    "conversations.open",
    "conversations.info",
    "conversations.history",
    "conversations.replies",
    "users.info",
    "usergroups.users.list",
    "views.open",
    "views.update",
    "views.publish",
    "auth.test",
}


@pytest.mark.parametrize("request_url", ["", "https://bot.example.com/slack/events"])
def test_the_manifest_validates_against_slacks_schema(request_url: str) -> None:
    errors = [error.message for error in Draft7Validator(SCHEMA).iter_errors(manifest(request_url=request_url))]
    assert errors == []


def test_socket_mode_is_on_exactly_when_there_is_no_request_url() -> None:
    assert manifest()["settings"]["socket_mode_enabled"] is True
    assert manifest(request_url="https://bot.example.com/slack/events")["settings"]["socket_mode_enabled"] is False


def test_every_method_that_is_called_has_its_scope() -> None:
    for method in CALLED:
        needed = json.loads((METHODS / f"{method}.json").read_text()).get("scope", {}).get("bot", [])
        assert not needed or set(needed) & set(SCOPES), f"{method} needs one of {needed}"


def test_a31_no_scope_beyond_the_list_is_asked_for() -> None:
    assert set(SCOPES) == {
        "commands",
        "chat:write",
        "im:write",
        "im:history",
        "channels:read",
        "groups:read",
        "channels:history",
        "groups:history",
        "users:read",
        "usergroups:read",
    }
    assert EVENTS == ("app_home_opened",)
