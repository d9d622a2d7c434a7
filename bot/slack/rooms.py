"""Whether the bot can write to a channel, asked before a request is made: implements ports.Rooms."""

from __future__ import annotations

from dataclasses import dataclass

from bot.slack.client import Done, Wire


@dataclass(frozen=True, slots=True)
class SlackRooms:
    wire: Wire

    async def cure_for(self, channel: str) -> str:
        """An answer that Slack does not give is no reason to stop: the card is shown as soon as it can be."""
        answer = await self.wire.call("conversations.info", channel=channel)
        if not isinstance(answer, Done):
            return _missing(channel) if getattr(answer, "error", "") == "channel_not_found" else ""
        found = answer.body.get("channel") or {}
        if found.get("is_archived"):
            return _told(channel, "is archived", "Unarchive it, or name another one in the policy.")
        if found.get("is_ext_shared"):
            return _told(channel, "is shared with another organisation", "Name one in the policy that is not.")
        if not found.get("is_member"):
            return _told(channel, "does not have me as a member", "Invite me there with /invite, then try again.")
        return ""


def _told(channel: str, what: str, cure: str) -> str:
    return f"The approvals channel <#{channel}> {what}. Nothing was requested. {cure}"


def _missing(channel: str) -> str:
    cure = "Invite me there, or correct it in the policy."
    return f"I can't see the approvals channel {channel}. Nothing was requested. {cure}"
