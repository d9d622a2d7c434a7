"""What Slack tells an app: the payloads of commands and interactions.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

from .shapes import message_json
from .state import State
from .things import App, Channel, JsonObject, Message, User, View
from .views import state_values, view_json


def channel_name(channel: Channel) -> str:
    """The name payloads carry: private conversations keep theirs to themselves."""
    if channel.is_im:
        return "directmessage"
    return "privategroup" if channel.is_private else channel.name


def command_payload(
    state: State, app: App, user: User, channel: Channel, command: str, text: str, trigger_id: str
) -> JsonObject:
    """A slash command; `response_url` is added by whoever can hand one out."""
    return {
        "token": app.verification_token,
        "team_id": state.team_id,
        "team_domain": state.team_domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": app.app_id,
        "is_enterprise_install": "false",
        "trigger_id": trigger_id,
    }


def interaction(state: State, app: App, user: User, kind: str) -> JsonObject:
    """What all interactions have in common. `user.team_id` is the clicker's own team, also for strangers."""
    return {
        "type": kind,
        "team": {"id": state.team_id, "domain": state.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
        "api_app_id": app.app_id,
        "token": app.verification_token,
    }


def in_message(state: State, channel: Channel, message: Message) -> JsonObject:
    """The part of an interaction that says which message it was in."""
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": message.ephemeral_to is not None,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    shape: JsonObject = {
        "container": container,
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "state": {"values": state_values(message.blocks, message.values)},
    }
    if message.ephemeral_to is None:  # Slack does not repeat an ephemeral message
        shape["message"] = message_json(state, message, with_metadata=True)
    return shape


def in_view(state: State, view: View) -> JsonObject:
    """The part of an interaction that says which view it was in."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view_json(state, view)}


def home_opened(state: State, app: App, user: User, channel: Channel) -> JsonObject:
    """The event of somebody who opens the App Home tab."""
    event: JsonObject = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": channel.id,
        "tab": "home",
        "event_ts": state.new_ts(),
    }
    if home := state.homes.get((app.app_id, user.id)):
        event["view"] = view_json(state, home)
    return event
