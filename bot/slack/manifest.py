"""The Slack app as this code needs it: commands, scopes and events, for `failover-bot manifest` and for the doctor."""

from __future__ import annotations

from typing import Any

from bot.slack.ids import COMMAND, CallbackId

# Scope -> what would not work without it.
SCOPES = {
    "commands": "the slash command and the shortcut",
    "chat:write": "cards, progress, lines and private answers",
    "im:write": "direct messages: login guidance and notes",
    "im:history": "looking for a direct message whose answer was lost, before it is sent again",
    "channels:read": "checking that the bot can write to its channels",
    "groups:read": "the same for private channels",
    "channels:history": "looking for a message whose answer was lost, before it is sent again",
    "groups:history": "the same in private channels",
    "users:read": "a live look at the person at each decision",
    "usergroups:read": "who is in the user groups that the policy names",
}
EVENTS = ("app_home_opened",)
USAGE = "[check GROUP | status | break-glass | help]"


def manifest(*, name: str = "failover-bot", request_url: str = "") -> dict[str, Any]:
    """Slack's app manifest, version 2. Without `request_url` the app uses Socket Mode.

    https://docs.slack.dev/reference/app-manifest
    """
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": name,
            "description": "Requests, approves and follows planned failovers of SDRS protection groups",
            "background_color": "#1d3557",
        },
        "features": _features(name, request_url),
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": _settings(request_url),
    }


def _features(name: str, request_url: str) -> dict[str, Any]:
    shortcut = {
        "name": "Request a failover",
        "type": "global",
        "callback_id": CallbackId.START.value,
        "description": "Ask for a planned failover of a protection group",
    }
    command = {
        "command": COMMAND,
        "description": "Request a planned failover",
        "usage_hint": USAGE,
        "should_escape": False,
    }
    return {
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": True},
        "bot_user": {"display_name": name, "always_online": True},
        "shortcuts": [shortcut],
        "slash_commands": [command | ({"url": request_url} if request_url else {})],
    }


def _settings(request_url: str) -> dict[str, Any]:
    request = {"request_url": request_url} if request_url else {}
    options = {"message_menu_options_url": request_url} if request_url else {}
    return {
        "event_subscriptions": {"bot_events": list(EVENTS), **request},
        "interactivity": {"is_enabled": True, **request, **options},
        "org_deploy_enabled": False,
        "socket_mode_enabled": not request_url,
        "token_rotation_enabled": False,
    }
