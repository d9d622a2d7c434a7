"""The buttons of the card, of the run and of its end: each acknowledges, asks the service, and answers in private."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot.domain.policy import Action, Quorum, count, rule_for
from bot.domain.request import RequestId
from bot.domain.run import HardStopAnswer, Run
from bot.ports import RequestView
from bot.service import approving, considering, deciding, reading, steering
from bot.service.clicks import Click
from bot.service.desk import Desk
from bot.service.outcomes import Acting, Approving, Done, Refused, Unacknowledged
from bot.slack import modals, texts
from bot.slack.cards.login import login_view
from bot.slack.cards.scene import Scene
from bot.slack.ids import ActionId, BlockId, CallbackId, Target, decode_target
from handlers import words
from handlers.boundary import Boundary
from handlers.counter import Counter, View
from handlers.payload import (
    FormState,
    Origin,
    Raw,
    action_id_of,
    block_ids_of,
    callback_id_of,
    clicked_value,
)

TITLE = "Planned failover"
UseCase = Callable[[Desk, Click], Awaitable[Acting]]
Draw = Callable[[RequestView], View]


@dataclass(frozen=True, slots=True, kw_only=True)
class Simple:
    """A button that needs no second step: what it asks, and the words when it is done, too late, or not asked."""

    ask: UseCase
    done: str
    late: str = ""
    nothing: str = ""


SIMPLE = {
    ActionId.WITHDRAW: Simple(ask=deciding.withdraw, done=texts.withdrawn()),
    ActionId.RETRACT: Simple(ask=deciding.retract, done=texts.retracted(), late=texts.nothing_to_retract()),
    ActionId.CANCEL: Simple(ask=steering.cancel, done=texts.cancel_asked(), late=texts.too_late_to_cancel()),
    ActionId.LOOK_AGAIN: Simple(ask=steering.look_again, done=texts.answered()),
    ActionId.CONFIRM: Simple(ask=steering.confirm_service, done=texts.confirmed(), nothing=texts.nothing_to_confirm()),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of a form: `view` takes its place, or it stays and `errors` stand beside its blocks."""

    view: View
    errors: Mapping[str, str] = field(default_factory=dict)

    def as_response(self) -> dict[str, Any]:
        if self.errors:
            return {"response_action": "errors", "errors": dict(self.errors)}
        return {"response_action": "update", "view": self.view}


@dataclass(frozen=True, slots=True)
class SecondStep:
    """What the first click is judged as, and the view that it opens."""

    action: Action
    draw: Draw


SECOND_STEPS = {
    ActionId.DENY: SecondStep(Action.DENY, lambda view: modals.deny_view(view.request)),
    ActionId.DETAILS: SecondStep(Action.SEE_DETAILS, lambda view: modals.details_view(view.request)),
    ActionId.CLOSE: SecondStep(Action.ANSWER, lambda view: modals.close_view(view.request)),
    ActionId.REVIEW: SecondStep(Action.REVIEW, lambda view: modals.review_view(view.request)),
    ActionId.HARD_STOP: SecondStep(
        Action.ANSWER,
        lambda view: modals.hard_stop_view(
            view.request, view.run or Run(request_id=view.request.id, revision=view.request.revision)
        ),
    ),
}

WITH_REASON = {
    CallbackId.DENY: Simple(ask=deciding.deny, done=texts.denied()),
    CallbackId.CLOSE: Simple(ask=steering.close, done=texts.closed()),
    CallbackId.REVIEW: Simple(ask=steering.review, done=texts.reviewed()),
}


@dataclass(frozen=True, slots=True)
class Decisions:
    counter: Counter

    def listen(self, boundary: Boundary) -> None:
        boundary.action(ActionId.APPROVE.value, self.on_approve)
        boundary.action(ActionId.CHECK_AGAIN.value, self.on_check_again)
        boundary.action(ActionId.SHOW_LOGIN.value, self.on_show_login)
        boundary.action(ActionId.STEP_UP.value, self.on_link)
        for action in SIMPLE:
            boundary.action(action.value, self.on_simple)
        for action in SECOND_STEPS:
            boundary.action(action.value, self.on_second_step)
        boundary.view(CallbackId.APPROVE.value, self.on_approve_submit)
        boundary.view(CallbackId.HARD_STOP.value, self.on_hard_stop_submit)
        for callback in WITH_REASON:
            boundary.view(callback.value, self.on_reason_submit)

    async def on_link(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        """Slack also reports buttons that only open an address."""
        await ack()

    async def on_approve(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        """The second step repeats what will happen, after everything was checked again."""
        await ack()
        target = _target(clicked_value(body))
        self.open_approval(origin, target, origin.surface)

    def open_approval(self, origin: Origin, target: Target, surface: str, *, shows_revision: bool = True) -> None:
        async def considered() -> View:
            click = _click(target, origin, surface, shows_revision=shows_revision)
            outcome = await approving.consider(self.counter.desk, click)
            if not isinstance(outcome, Done):
                return _answer_view(outcome, title="Not approved")
            view = await reading.view(self.counter.desk, outcome.request.id)
            return modals.approve_view(_scene(self.counter.desk, view)) if view else _unknown()

        loading = modals.loading_view(text="Checking again: group, pairs, servers…")
        self._in_modal(origin, loading, considered)

    async def on_show_login(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        """The guidance again, in a view of this person's own: whatever became of the direct message."""
        await ack()
        target = _target(clicked_value(body))

        async def draw() -> View:
            outcome = await reading.show_login(self.counter.desk, _click(target, origin, origin.surface))
            if not isinstance(outcome, Done):
                return modals.problem_view(words.of_acting(outcome, "", nothing=texts.no_login_yet()))
            view = await reading.view(self.counter.desk, target.request_id)
            return login_view(view.request, view.history) if view else _unknown()

        self._in_modal(origin, modals.loading_view(title="Login guidance", text="One moment…"), draw)

    async def on_approve_submit(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        target = _target(origin.private_metadata)
        ticked = FormState.of(body).ticked(ActionId.ACKNOWLEDGE)
        click = _click(target, origin, "modal", acknowledged=ticked)

        boxes = sorted(block for block in block_ids_of(body) if block.startswith(BlockId.ACKNOWLEDGE))

        async def approve() -> Answer:
            outcome = await approving.approve(self.counter.desk, click)
            view = _answer_view(outcome, title=TITLE)
            if isinstance(outcome, Unacknowledged) and boxes:
                return Answer(view, {boxes[0]: texts.boxes_left(outcome.findings)})
            return Answer(view)

        await self._answer_in_view(ack, origin, approve, "Counting your approval…")

    async def on_hard_stop_submit(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        target, choice = _target(origin.private_metadata), FormState.of(body).choice(ActionId.ANSWER)
        if choice not in tuple(HardStopAnswer):
            await ack(response_action="update", view=modals.problem_view(texts.bad_answer()))
            return
        click = _click(target, origin, "modal")

        async def answer() -> Answer:
            outcome = await steering.answer_hard_stop(self.counter.desk, click, HardStopAnswer(choice))
            return Answer(modals.problem_view(words.of_acting(outcome, texts.answered()), title=TITLE))

        await self._answer_in_view(ack, origin, answer, "Noting your answer…")

    async def on_reason_submit(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        target = _target(origin.private_metadata)
        simple = WITH_REASON[CallbackId(callback_id_of(body))]
        reason = FormState.of(body).text(ActionId.REASON).strip()
        if not reason:  # Slack takes a blank for an answer
            await ack(response_action="errors", errors={BlockId.REASON.value: texts.reason_missing()})
            return
        click = _click(target, origin, "modal", reason=reason)

        async def act() -> Answer:
            outcome = await simple.ask(self.counter.desk, click)
            return Answer(modals.problem_view(_sentence(outcome, simple), title=TITLE))

        await self._answer_in_view(ack, origin, act, "Noting it…")

    async def on_check_again(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        await ack()
        target = _target(clicked_value(body))

        async def check() -> str:
            outcome = await approving.check_again(self.counter.desk, _click(target, origin, origin.surface))
            return texts.checked(outcome.request) if isinstance(outcome, Done) else words.of_approving(outcome)

        self._whispered(origin, check)

    async def on_simple(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        await ack()
        target = _target(clicked_value(body))
        simple = SIMPLE[ActionId(action_id_of(body))]

        async def act() -> str:
            return _sentence(await simple.ask(self.counter.desk, _click(target, origin, origin.surface)), simple)

        self._whispered(origin, act)

    async def on_second_step(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        await ack()
        click = _click(_target(clicked_value(body)), origin, origin.surface)
        self.open_second_step(origin, ActionId(action_id_of(body)), click)

    def open_denial(self, origin: Origin, target: Target, surface: str) -> None:
        self.open_second_step(origin, ActionId.DENY, _click(target, origin, surface, shows_revision=False))

    def open_second_step(self, origin: Origin, action: ActionId, click: Click) -> None:
        step = SECOND_STEPS[action]

        async def draw() -> View:
            outcome = await considering.consider(self.counter.desk, click, step.action)
            if not isinstance(outcome, Done):
                return modals.problem_view(words.of_acting(outcome, ""))
            view = await reading.view(self.counter.desk, click.request_id)
            return step.draw(view) if view else _unknown()

        self._in_modal(origin, modals.loading_view(text="One moment…"), draw)

    def _in_modal(self, origin: Origin, loading: View, make: Callable[[], Awaitable[View]]) -> None:
        work = self.counter.in_modal(origin, loading, make)
        self.counter.start(origin, lambda text: self.counter.whisper(origin, text), work)

    def _whispered(self, origin: Origin, make: Callable[[], Awaitable[str]]) -> None:
        async def whisper() -> None:
            await self.counter.whisper(origin, await make())

        self.counter.start(origin, lambda text: self.counter.whisper(origin, text), whisper())

    async def _answer_in_view(
        self, ack: AsyncAck, origin: Origin, make: Callable[[], Awaitable[Answer]], meanwhile: str
    ) -> None:
        """The outcome takes the place of the form: at once if it is known in time, else after a loading view."""

        async def safely() -> Answer:
            try:
                return await make()
            except Exception as error:
                return Answer(modals.problem_view(self.counter.apology(origin, error)))

        work = self.counter.background.start(safely())
        answer = await self.counter.quickly(work)
        if answer is not None:
            await ack(**answer.as_response())
            return
        name = secrets.token_hex(16)
        await ack(response_action="update", view=modals.loading_view(text=meanwhile) | {"external_id": name})

        async def later() -> None:
            view = (await work).view
            if not await self.counter.update_named(name, view):
                await self.counter.write_to(origin, modals.sentence_of(view))

        self.counter.start(origin, lambda text: self.counter.write_to(origin, text), later())


def _answer_view(outcome: Approving, *, title: str) -> View:
    if isinstance(outcome, Refused) and outcome.link:
        return modals.step_up_view(texts.step_up(), outcome.link)
    return modals.problem_view(words.of_approving(outcome), title=title)


def _scene(desk: Desk, view: RequestView) -> Scene:
    rule = rule_for(desk.policy, view.request.group)
    quorum = count(desk.policy, rule, view.request, view.approvals) if rule else Quorum(roles=())
    return Scene(view=view, quorum=quorum, now=desk.clock.now(), rule=rule)


def _target(value: str) -> Target:
    """A value that we did not make speaks of no request, and is answered and recorded like one that is unknown."""
    return decode_target(value) or Target(RequestId(""), 1)


def _unknown() -> View:
    return modals.problem_view(texts.unknown_request())


def _click(
    target: Target,
    origin: Origin,
    surface: str,
    *,
    reason: str = "",
    acknowledged: frozenset[str] = frozenset(),
    shows_revision: bool = True,
) -> Click:
    return Click(
        request_id=target.request_id,
        revision=target.revision if shows_revision else None,
        actor=origin.actor,
        surface=surface,
        reason=reason,
        acknowledged=acknowledged,
    )


def _sentence(outcome: Acting, simple: Simple) -> str:
    return words.of_acting(outcome, simple.done, late=simple.late, nothing=simple.nothing)
