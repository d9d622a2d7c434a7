"""Everything the workspace knows, in memory, with the ids and timestamps Slack would hand out."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Callable

from .things import App, Channel, Message, User, Usergroup, View

ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
COLORS = ("9f69e7", "4bbe2e", "e7392d", "3c989f", "674b1b", "e96699", "e0a729", "684b6c", "2b6836", "50a0cf")


def ts_key(ts: str) -> str:
    """A timestamp that sorts as text: Slack accepts `0` and `1700000000` where it means `1700000000.000000`."""
    seconds, _, micros = ts.partition(".")
    return f"{seconds.zfill(10)}.{micros.ljust(6, '0')}"


class State:
    """The tables of the workspace and the lookups that keep calls free of scans."""

    def __init__(self, *, team_name: str, seed: int, clock: Callable[[], float]) -> None:
        self.random = random.Random(seed)
        self.clock = clock
        self.team_id = self.new_id("T")
        self.team_name = team_name
        self.team_domain = team_name.lower().replace(" ", "-")
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.usergroups: dict[str, Usergroup] = {}
        self.apps: dict[str, App] = {}
        self.tokens: dict[str, App] = {}
        self.homes: dict[tuple[str, str], View] = {}  # (app, user)
        self.direct_messages: dict[tuple[str, str], Channel] = {}  # (app, user)
        self.notices: dict[str, list[str]] = {}  # what Slack itself told each person
        self.edit_window_seconds: float | None = None
        self.messages_tab_disabled = False
        self.home_tab_disabled = False
        self.has_user_groups = True  # they need a paid plan
        self.new_blocks_available = True
        self._last_micros = 0

    def now(self) -> float:
        """Seconds since the epoch by the workspace's clock."""
        return self.clock()

    def new_id(self, prefix: str) -> str:
        """An id as Slack writes them: a letter and ten characters."""
        return prefix + "0" + "".join(self.random.choices(ALPHABET, k=9))

    def new_secret(self, length: int = 24) -> str:
        """A random lower-case string for tokens, tickets and hashes."""
        return "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz0123456789", k=length))

    def new_ts(self) -> str:
        """A message timestamp that is later than every one before it."""
        self._last_micros = max(int(self.now() * 1_000_000), self._last_micros + 1)
        return f"{self._last_micros // 1_000_000:010d}.{self._last_micros % 1_000_000:06d}"

    def new_color(self) -> str:
        """The next colour of a person's avatar."""
        return COLORS[len(self.users) % len(COLORS)]

    def direct_message(self, app: App, user_id: str) -> Channel:
        """The direct messages between an app and a person, opened when they are first needed."""
        key = (app.app_id, user_id)
        if key not in self.direct_messages:
            channel = Channel(
                id=self.new_id("D"),
                name="directmessage",
                created=int(self.now()),
                is_im=True,
                im_user=user_id,
                im_app=app.app_id,
                members={user_id: None, app.bot_user_id: None},
            )
            self.direct_messages[key] = self.channels[channel.id] = channel
        return self.direct_messages[key]

    def store(self, channel: Channel, message: Message) -> None:
        """Put a message in its place; a reply whose parent is gone becomes top-level, as in the real Slack."""
        parent = channel.messages.get(message.thread_ts) if message.thread_ts else None
        if parent is None or parent.deleted:
            message.thread_ts = None
            channel.timeline.append(message.ts)
        else:
            parent.thread_ts = parent.ts
            parent.replies.append(message.ts)
        channel.messages[message.ts] = message

    def remove(self, channel: Channel, message: Message) -> None:
        """Delete a message; the parent of a living thread stays behind as a tombstone."""
        if message.replies:
            message.deleted = True
            message.text, message.blocks, message.metadata = "This message was deleted.", [], None
            return
        del channel.messages[message.ts]
        parent = channel.messages.get(message.thread_ts) if message.thread_ts else None
        siblings = channel.timeline if parent is None or parent is message else parent.replies
        siblings.pop(bisect_left(siblings, message.ts))

    def is_visible(self, channel: Channel, user_id: str) -> bool:
        """Whether a person may read a channel: members, and everybody in a public one."""
        return user_id in channel.members or not (channel.is_private or channel.is_im)
