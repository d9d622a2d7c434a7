"""The switches for misbehaviour: what admins, the network and attackers do to an app, on demand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .deliveries import Deliveries
from .messages import Messages
from .records import Delivery
from .shapes import user_json
from .signed_http import signed_headers, signed_request
from .sockets import Answer
from .state import State
from .things import App, Channel


class Trouble:
    """Each method is something that happens to real workspaces; the events Slack would send go out too."""

    def __init__(self, state: State, messages: Messages, deliveries: Deliveries) -> None:
        self._state, self._messages, self._deliveries = state, messages, deliveries

    def archive_channel(self, channel: str, archived: bool = True) -> None:
        """An admin archives a channel, or brings it back."""
        place = self._state.channels[channel]
        place.is_archived = archived
        family = "group" if place.is_private else "channel"
        name = f"{family}_archive" if archived else f"{family}_unarchive"
        self._deliveries.emit(name, self._event(name, place, user="USLACKBOT"), place)
        self._messages.channels_changed()

    def remove_member(self, channel: str, user: str) -> None:
        """Somebody, or the bot, is taken out of a channel."""
        place = self._state.channels[channel]
        place.members.pop(user, None)
        event = self._event("member_left_channel", place, user=user, team=self._state.team_id)
        self._deliveries.emit("member_left_channel", event, place)
        self._messages.channels_changed()

    def remove_bot(self, channel: str) -> None:
        """The first app's bot is taken out of a channel."""
        self.remove_member(channel, next(iter(self._state.apps.values())).bot_user_id)

    def delete_message(self, channel: str, ts: str) -> None:
        """An admin deletes a message, whoever wrote it."""
        place = self._state.channels[channel]
        self._messages.delete(place, place.messages[ts])

    def deactivate(self, user: str, deleted: bool = True) -> None:
        """A person leaves the company, or comes back. Their open session may still send clicks."""
        self._state.users[user].deleted = deleted
        self._state.users[user].updated = int(self._state.now())
        shape = user_json(self._state, self._state.users[user], with_email=False)
        self._deliveries.emit("user_change", {"type": "user_change", "user": shape})
        self._messages.channels_changed()

    def send_away(self, user: str, away: bool = True) -> None:
        """A person is offline: ephemeral messages to them are accepted and never seen."""
        self._state.users[user].is_away = away

    def remove_from_usergroup(self, usergroup: str, user: str) -> None:
        """A person loses a role."""
        self._state.usergroups[usergroup].members.pop(user, None)
        self._tell_membership(usergroup, added=[], removed=[user])

    def add_to_usergroup(self, usergroup: str, user: str) -> None:
        """A person gains a role."""
        self._state.usergroups[usergroup].members[user] = None
        self._tell_membership(usergroup, added=[user], removed=[])

    def downgrade_plan(self, downgraded: bool = True) -> None:
        """The workspace stops paying: user groups answer `plan_upgrade_required`."""
        self._state.has_user_groups = not downgraded

    def share_externally(self, channel: str, shared: bool = True) -> None:
        """A channel is shared with another company."""
        self._state.channels[channel].is_ext_shared = shared
        self._messages.channels_changed()

    def close_edit_window(self, after_seconds: float | None = 0.0) -> None:
        """Messages can't be edited once they are this old; None opens the window for good."""
        self._state.edit_window_seconds = after_seconds

    def withhold_new_blocks(self, withheld: bool = True) -> None:
        """The workspace does not have the newer blocks yet, as in a phased rollout."""
        self._state.new_blocks_available = not withheld

    def disable_home_tab(self, disabled: bool = True) -> None:
        """The app's Home tab is switched off."""
        self._state.home_tab_disabled = disabled

    def disable_messages_tab(self, disabled: bool = True) -> None:
        """People can't be written to directly by the app."""
        self._state.messages_tab_disabled = disabled

    def uninstall(self, app: App | None = None) -> None:
        """The app is removed from the workspace: its bot token is dead, and it is told so."""
        gone = app or next(iter(self._state.apps.values()))
        gone.is_installed = False
        self._deliveries.emit("tokens_revoked", {"type": "tokens_revoked", "tokens": {"bot": [gone.bot_user_id]}})
        self._deliveries.emit("app_uninstalled", {"type": "app_uninstalled"})

    async def redeliver(self, delivery: Delivery) -> Answer:
        """Send the very same envelope once more, as Slack sometimes does."""
        return await self._deliveries.send(self._state.apps[delivery.app_id], delivery)

    def forged_request(
        self,
        delivery: Delivery,
        *,
        signing_secret: str | None = None,
        timestamp: int | None = None,
        **changes: Any,
    ) -> tuple[str, dict[str, str]]:
        """(body, headers) of a captured delivery with another secret, another time, or changed payload fields."""
        app = self._state.apps[delivery.app_id]
        forged = replace(delivery, payload={**delivery.payload, **changes})
        body, headers = signed_request(app, forged, timestamp)
        if signing_secret is not None:
            headers |= signed_headers(signing_secret, body, timestamp)
        return body, headers

    async def disconnect_sockets(self, reason: str = "refresh_requested") -> None:
        """Announce `warning`, `refresh_requested` or `link_disabled` on every Socket Mode connection."""
        await self._deliveries.sockets.announce(reason)

    def drop_sockets(self) -> None:
        """Cut every Socket Mode connection without a word."""
        self._deliveries.sockets.drop()

    def _tell_membership(self, usergroup: str, *, added: list[str], removed: list[str]) -> None:
        who = {"added_users": added, "removed_users": removed}
        event = {"type": "subteam_members_changed", "subteam_id": usergroup, "team_id": self._state.team_id}
        self._deliveries.emit("subteam_members_changed", {**event, **who})

    def _event(self, kind: str, channel: Channel, **more: str) -> dict[str, Any]:
        place = {"channel": channel.id, "channel_type": channel.id[0]}
        return {"type": kind, **place, "event_ts": self._state.new_ts(), **more}
