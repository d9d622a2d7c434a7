"""How people, channels and messages look from outside: in the Web API's answers, in payloads, on the page."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .state import State
from .things import App, Channel, JsonObject, Message, User


def user_json(state: State, user: User, *, with_email: bool, with_locale: bool = False) -> JsonObject:
    """A user object: https://docs.slack.dev/reference/objects/user-object"""
    profile = {
        "title": user.title,
        "real_name": user.real_name,
        "real_name_normalized": user.real_name,
        "display_name": user.name,
        "display_name_normalized": user.name,
        "status_text": "",
        "status_emoji": "",
        "team": user.team_id,
    }
    shape: JsonObject = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "deleted": user.deleted,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": user.updated,
        "profile": profile | ({"email": user.email} if with_email and not user.is_bot else {}),
    }
    if not user.deleted:
        shape |= _living(user)
    if user.is_stranger:
        shape["is_stranger"] = True
    return shape | ({"locale": "en-GB"} if with_locale else {})


def _living(user: User) -> JsonObject:
    return {
        "color": user.color,
        "real_name": user.real_name,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": _tz_offset_seconds(user.tz),
        "is_admin": False,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted or user.is_ultra_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
    }


def _tz_offset_seconds(tz: str) -> int:
    try:
        offset = datetime.now(ZoneInfo(tz)).utcoffset()
    except ZoneInfoNotFoundError:  # a machine without time zone data
        return 0
    return int(offset.total_seconds()) if offset else 0


def channel_json(state: State, channel: Channel, app: App, *, with_count: bool = False) -> JsonObject:
    """A conversation object: https://docs.slack.dev/reference/objects/conversation-object"""
    shape: JsonObject = {"id": channel.id, "created": channel.created, "is_archived": channel.is_archived}
    shape |= {"is_im": channel.is_im, "is_org_shared": False, "context_team_id": state.team_id}
    if channel.is_im:
        return shape | {"user": channel.im_user}
    text = {"creator": "", "last_set": 0}
    shape |= {
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_group": channel.is_private,
        "is_private": channel.is_private,
        "is_mpim": False,
        "is_general": channel.name == "general",
        "is_shared": channel.is_ext_shared,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "is_member": app.bot_user_id in channel.members,
        "topic": {"value": channel.topic, **text},
        "purpose": {"value": "", **text},
    }
    return shape | ({"num_members": len(channel.members)} if with_count else {})


def message_json(state: State, message: Message, *, with_metadata: bool = False) -> JsonObject:
    """A message event as the Web API returns it; metadata only for those who asked for it."""
    shape: JsonObject = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
    if message.deleted:
        shape |= {"subtype": "tombstone", "user": "USLACKBOT", "hidden": True}
    if message.bot_id:
        shape |= {"bot_id": message.bot_id, "app_id": message.app_id, "team": state.team_id}
    optional = {
        "blocks": message.blocks,
        "attachments": message.attachments,
        "username": message.username,
        "metadata": message.metadata if with_metadata else None,
        "edited": message.edited_ts and {"user": message.user, "ts": message.edited_ts},
        "thread_ts": message.thread_ts,
        "reactions": [{"name": n, "users": u, "count": len(u)} for n, u in message.reactions.items()],
    }
    shape |= {name: value for name, value in optional.items() if value}
    return shape | _thread(state, message)


def _thread(state: State, message: Message) -> JsonObject:
    parent = state.channels[message.channel].messages.get(message.thread_ts or "")
    if parent is not None and parent is not message:
        return {"parent_user_id": parent.user}
    if not message.replies:
        return {}
    return {"reply_count": len(message.replies), "latest_reply": message.replies[-1]}


def page_message(message: Message) -> JsonObject:
    """A message as the page and the checkers get it."""
    return {
        "ts": message.ts,
        "channel": message.channel,
        "user": message.user,
        "username": message.username,
        "bot_id": message.bot_id,
        "text": message.text,
        "blocks": message.blocks,
        "thread_ts": message.thread_ts if message.thread_ts != message.ts else None,
        "reply_count": len(message.replies),
        "edited": {"ts": message.edited_ts} if message.edited_ts else None,
        "ephemeral": message.ephemeral_to is not None,
        "ephemeral_to": message.ephemeral_to,
        "metadata": message.metadata,
        "reactions": {name: list(users) for name, users in message.reactions.items()},
        "deleted": message.deleted,
    }


def page_user(user: User) -> JsonObject:
    """A person as the page lists them."""
    return {
        "id": user.id,
        "name": user.name,
        "real_name": user.real_name,
        "title": user.title,
        "avatar_color": f"#{user.color}",
        "is_bot": user.is_bot,
        "is_restricted": user.is_restricted or user.is_ultra_restricted,
        "deleted": user.deleted,
    }


def page_channel(channel: Channel) -> JsonObject:
    """A conversation as the page lists it."""
    return {
        "id": channel.id,
        "name": channel.name,
        "is_private": channel.is_private,
        "is_im": channel.is_im,
        "is_archived": channel.is_archived,
        "is_ext_shared": channel.is_ext_shared,
        "members": list(channel.members),
        "im_user": channel.im_user,
        "topic": channel.topic,
    }
