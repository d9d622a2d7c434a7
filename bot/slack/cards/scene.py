"""What a message is made from and what it is: the facts go in as one value, the text and the blocks come out as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.policy import Quorum, Rule
from bot.domain.request import Request
from bot.domain.run import Run
from bot.ports import RequestView
from bot.slack.blocks import Block
from bot.slack.ids import encode_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`text` is what screen readers and notifications say; `blocks` is what is seen."""

    text: str
    blocks: list[Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One request at one moment. `key` and `data` are those of the surface that is drawn."""

    view: RequestView
    quorum: Quorum
    now: datetime
    rule: Rule | None = None
    on_call: Mapping[str, frozenset[str]] = field(default_factory=dict)  # the policy's lists, by name
    key: str = ""
    data: Mapping[str, object] = field(default_factory=dict)
    is_undelivered: bool = False  # the direct message that a pointer points to could not be sent
    card_url: str = ""  # permalink of the current card, when it is known

    @property
    def request(self) -> Request:
        return self.view.request

    @property
    def run(self) -> Run | None:
        return self.view.run

    @property
    def target(self) -> str:
        """The value of every button of this request."""
        return encode_target(self.request.id, self.request.revision)
