"""`/failover` and its words, and the shortcut: acknowledged at once, answered in a modal or a private line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from slack_bolt.async_app import AsyncAck

from bot.domain.facts import GroupId
from bot.domain.request import RequestId
from bot.service import opening, reading
from bot.service.outcomes import Checked, CloudAway, Invalid, Refused
from bot.slack import modals, texts
from bot.slack.home import status_view
from bot.slack.ids import COMMAND, ActionId, CallbackId, FormTarget, Target, decode_target
from handlers.boundary import Boundary
from handlers.counter import Counter, View
from handlers.decisions import Decisions
from handlers.forms import Forms
from handlers.payload import Origin, Raw, clicked_value, typed

VERBS = frozenset({"help", "status", "check", "approve", "deny", "break-glass"})


@dataclass(frozen=True, slots=True)
class Commands:
    counter: Counter
    forms: Forms
    decisions: Decisions

    def listen(self, boundary: Boundary) -> None:
        boundary.command(COMMAND, self.on_command)
        boundary.shortcut(CallbackId.START.value, self.on_shortcut)
        boundary.action(ActionId.START.value, self.on_shortcut)
        boundary.action(ActionId.BREAK_GLASS.value, self.on_break_glass)
        boundary.action(ActionId.FAIL_BACK.value, self.on_fail_back)

    async def on_command(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        match _words(typed(body)):
            case ["help" | "-h" | "--help"]:
                await ack(text=texts.usage(), response_type="ephemeral")
            case ["status"]:
                await ack()
                self._in_modal(origin, lambda: self._status(origin))
            case ["check", first, *words]:
                await ack()
                self._in_modal(origin, lambda: self._check(origin, " ".join((first, *words))))
            case ["approve", request_id]:
                await ack()
                target = Target(RequestId(request_id.upper()), 1)
                self.decisions.open_approval(origin, target, "command", shows_revision=False)
            case ["deny", request_id]:
                await ack()
                self.decisions.open_denial(origin, Target(RequestId(request_id.upper()), 1), "command")
            case ["check" | "approve" | "deny", *_]:
                await ack(text=texts.usage(), response_type="ephemeral")
            case ["break-glass", *words]:
                await ack()
                self.forms.open(origin, break_glass=True, group=" ".join(words))
            case words:
                await ack()
                self.forms.open(origin, group=" ".join(words))

    async def on_shortcut(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        await ack()
        self.forms.open(origin)

    async def on_break_glass(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        await ack()
        self.forms.open(origin, break_glass=True)

    async def on_fail_back(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        """A second switchover, with the same group chosen already."""
        await ack()
        target = decode_target(clicked_value(body))

        async def show() -> None:
            view_id = await self.counter.open(origin, modals.loading_view())
            view = await reading.view(self.counter.desk, target.request_id) if target else None
            if view is None:
                await self.counter.update(view_id, modals.problem_view(texts.unknown_request()))
                return
            chosen = FormTarget(view.request.project, view.request.group.id)
            await self.forms.fill(origin, view_id, self.forms.fresh(chosen))

        self.counter.start(origin, lambda text: self.counter.whisper(origin, text), show())

    async def _status(self, origin: Origin) -> View:
        found = await reading.recent(self.counter.desk, origin.actor)
        return modals.problem_view(texts.refused(found.reason)) if isinstance(found, Refused) else status_view(found)

    async def _check(self, origin: Origin, words: str) -> View:
        """By name or id, in every project at once; with several such groups nothing is guessed."""
        desk = self.counter.desk
        found = await asyncio.gather(*(reading.search(desk, one, words, limit=10) for one in desk.cloud.projects))
        groups = [group for catalogue in found for group in catalogue.groups]
        exact = [group for group in groups if words in (group.name, group.id)] or groups
        if len(exact) == 1:
            return await self._checked(origin, FormTarget(exact[0].project, exact[0].id))
        troubles = {catalogue.stale_reason for catalogue in found if catalogue.read_at is None}
        return modals.notice_view(texts.not_one_group(words, exact, sorted(troubles)))

    async def _checked(self, origin: Origin, target: FormTarget) -> View:
        group_id = target.group_id or GroupId("")
        outcome = await opening.check(self.counter.desk, target.project, group_id, origin.actor)
        match outcome:
            case Checked():
                return modals.check_view(outcome.snapshot, outcome.plan, outcome.findings)
            case Refused():
                return modals.problem_view(texts.refused(outcome.reason))
            case CloudAway():
                return modals.problem_view(texts.problem(outcome.problem))
            case Invalid():
                return modals.problem_view(" ".join(outcome.errors.values()))

    def _in_modal(self, origin: Origin, make: Callable[[], Awaitable[View]]) -> None:
        work = self.counter.in_modal(origin, modals.loading_view(), make)
        self.counter.start(origin, lambda text: self.counter.whisper(origin, text), work)


def _words(text: str) -> list[str]:
    """The first word in small letters if it is one of ours: phones write the first letter of a line large."""
    first, *others = text.split() or [""]
    small = first.lower()
    return [small if small in VERBS else first, *others] if first else []
