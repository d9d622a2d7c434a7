"""Channels of their own for groups, so that many stories play at once and no thread waits for another's messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.demo.workspace import Cast

RULE = """
[[rules]]
name = "{group}"
environment = "PRODUCTION"
groups = ["{group}"]
channels = {{ approvals = "{approvals}", incidents = "{incidents}" }}

[[rules.roles]]
name = "approver"
usergroups = ["{approvers}"]
"""


@dataclass(frozen=True, slots=True)
class Rooms:
    """Channel ids by the name of a group."""

    approvals: dict[str, str] = field(default_factory=dict)
    incidents: dict[str, str] = field(default_factory=dict)

    def furnish(self, cast: Cast, groups: Sequence[str]) -> str:
        """Make the channels; the rules that use them."""
        return "".join(self._rule(cast, group) for group in groups)

    def _rule(self, cast: Cast, group: str) -> str:
        people = (cast.requester, *cast.approvers, cast.bystander, cast.app.bot_user_id)
        self.approvals[group] = cast.slack.add_channel(f"dr-{group}", members=people).id
        self.incidents[group] = cast.slack.add_channel(f"ops-{group}", members=people).id
        return RULE.format(
            group=group,
            approvals=self.approvals[group],
            incidents=self.incidents[group],
            approvers=cast.approver_group.id,
        )


NO_ROOMS = Rooms()
