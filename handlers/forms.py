"""The request form: opened at once, filled in as facts arrive, checked before anybody is pinged."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from slack_bolt.async_app import AsyncAck

from bot.domain.errors import CloudError
from bot.domain.facts import Catalogue, GroupId, Known, ProjectAlias
from bot.domain.plan import Occasion, Options
from bot.domain.policy import rule_for
from bot.domain.preflight import Level
from bot.domain.request import Draft
from bot.service import opening, reading
from bot.service.outcomes import AlreadyOpen, Blocked, Checked, Field, Invalid, Opened, Opening
from bot.slack import modals, texts
from bot.slack.ids import ActionId, BlockId, CallbackId, Choice, FormTarget, Wish, decode_form, decode_wish
from handlers import words
from handlers.boundary import Boundary
from handlers.counter import Counter, View
from handlers.payload import FormState, Origin, Raw, block_ids_of, callback_id_of, clicked_value, searched

Word = TypeVar("Word", bound=StrEnum)
SHOWN_AT = {
    Field.GROUP: BlockId.GROUP,
    Field.DIRECTION: BlockId.GROUP,
    Field.REASON: BlockId.REASON,
    Field.TICKET: BlockId.TICKET,
    Field.START: BlockId.START_AT,
    Field.TYPED_NAME: BlockId.TYPED_NAME,
}


@dataclass(frozen=True, slots=True)
class Forms:
    counter: Counter

    def listen(self, boundary: Boundary) -> None:
        boundary.view(CallbackId.PROJECT.value, self.on_project)
        boundary.view(CallbackId.REQUEST.value, self.on_submit)
        boundary.view(CallbackId.BREAK_GLASS.value, self.on_submit)
        boundary.action(ActionId.GROUP.value, self.on_group)
        boundary.action(ActionId.GROUP_ID.value, self.on_group)
        boundary.options(ActionId.GROUP.value, self.on_search)

    def open(self, origin: Origin, *, break_glass: bool = False, group: str = "") -> None:
        wish = Wish(group, break_glass)

        async def show() -> None:
            projects = self.counter.desk.cloud.projects
            view_id = await self.counter.open(origin, modals.loading_view())
            if len(projects) > 1:
                await self.counter.update(view_id, modals.choose_project(projects, wish))
            else:
                await self.fill(origin, view_id, self._wished(FormTarget(projects[0]), wish))

        self.counter.start(origin, lambda text: self.counter.whisper(origin, text), show())

    async def on_project(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        """With several projects the form asks which one first. The list of one may be slow, or its cloud away."""
        project = ProjectAlias(FormState.of(body).choice(ActionId.PROJECT))
        if project not in self.counter.desk.cloud.projects:
            await ack(response_action="errors", errors={BlockId.PROJECT.value: "Choose one of the listed projects."})
            return
        work = self.counter.background.start(self._drawn(FormTarget(project), decode_wish(origin.private_metadata)))
        view = await self.counter.quickly(work)
        if view is not None:
            await ack(response_action="update", view=view)
            return
        await ack(response_action="update", view=modals.loading_view())

        async def late() -> View:
            return await work

        self.counter.start(
            origin, lambda text: self.counter.write_to(origin, text), self.counter.fill(origin, origin.view_id, late)
        )

    async def _drawn(self, target: FormTarget, wish: Wish) -> View:
        return modals.request_form(await self._wished(target, wish))

    async def _wished(self, target: FormTarget, wish: Wish) -> modals.Form:
        return await self.fresh(target, break_glass=wish.break_glass, wanted=wish.group)

    async def fill(self, origin: Origin, view_id: str, wished: Awaitable[modals.Form]) -> None:
        """The form as soon as its facts are there; the plan's code follows, for it takes every check."""
        try:
            form = await wished
        except Exception as error:
            await self.counter.update(view_id, modals.problem_view(self.counter.apology(origin, error)))
            return
        shown = await self.counter.update(view_id, modals.request_form(form))
        await self._complete(origin, view_id, form, shown)

    async def _complete(self, origin: Origin, view_id: str, form: modals.Form, shown: str) -> None:
        """`shown`: the form's hash. One that was sent or changed meanwhile is not drawn over."""
        if not shown or not form.group:
            return
        seen = await opening.check(self.counter.desk, form.project, form.group.id, origin.actor)
        if isinstance(seen, Checked):
            complete = modals.request_form(replace(form, plan_code=seen.plan.code))
            await self.counter.update(view_id, complete, only_if=shown)

    async def on_search(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        """A list of any length is searched, never sent whole: Slack shows a hundred hits."""
        target = decode_form(origin.private_metadata)
        if target is None:
            await ack(options=[])
            return
        found = await reading.search(self.counter.desk, target.project, searched(body))
        await ack(options=[modals.group_option(group) for group in found.groups[:100]])

    async def on_group(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        """Once the group is known the form shows the direction as zones, and what its rule asks for."""
        await ack()
        target = decode_form(origin.private_metadata)
        group_id = clicked_value(body)
        if target is None or not group_id:
            return
        chosen = FormTarget(target.project, GroupId(group_id))
        break_glass = _is_break_glass(body)

        async def show() -> None:
            form = await self.fresh(chosen, break_glass=break_glass)
            shown = await self.counter.update(origin.view_id, modals.request_form(form))
            await self._complete(origin, origin.view_id, form, shown)

        self.counter.start(origin, lambda text: self.counter.write_to(origin, text), show())

    async def on_submit(self, ack: AsyncAck, origin: Origin, body: Raw) -> None:
        """Answers in the form if it can be known in time, else in a second view over it; nothing typed is lost."""
        draft = _draft(origin, body)
        if lacking := _lacking(draft, body):
            await ack(response_action="errors", errors=_field_errors(lacking, body))
            return
        work = self.counter.background.start(self._submitted(origin, draft))
        answer = await self.counter.quickly(work)
        if answer is not None:
            await ack(**_in_form(answer, body))
            return
        name = secrets.token_hex(16)
        loading = modals.loading_view(text="Checking the group, its pairs and its servers…") | {"external_id": name}
        await ack(response_action="push", view=loading)
        self.counter.start(origin, lambda text: self.counter.write_to(origin, text), self._late(origin, name, work))

    async def _submitted(self, origin: Origin, draft: Draft) -> Opening | str:
        """The outcome, or the sentence for what nobody expected."""
        try:
            outcome = await opening.open_request(self.counter.desk, draft, origin.actor, "modal")
            if isinstance(outcome, AlreadyOpen):
                return replace(outcome, card_url=await self.counter.card_url(outcome.request.id))
            return outcome
        except Exception as error:
            return self.counter.apology(origin, error)

    async def _late(self, origin: Origin, name: str, work: asyncio.Task[Opening | str]) -> None:
        """In the view over the form; by direct message if the person has closed it meanwhile."""
        view = _answer_view(await work)
        if not await self.counter.update_named(name, view):
            await self.counter.write_to(origin, modals.sentence_of(view))

    async def fresh(self, target: FormTarget, *, break_glass: bool = False, wanted: str = "") -> modals.Form:
        desk = self.counter.desk
        catalogue = await reading.search(desk, target.project, wanted)
        group_id = target.group_id or _meant(catalogue, wanted)
        sought = "" if group_id else wanted
        form = modals.Form(
            project=target.project,
            must_type_id=catalogue.read_at is None,
            list_read_at=catalogue.read_at,
            list_trouble=catalogue.stale_reason,
            break_glass=break_glass,
            sought=sought,
            sought_count=catalogue.total if sought else 0,
        )
        if group_id is None:
            return form
        try:
            group = await desk.cloud.group(target.project, group_id)
        except CloudError as error:
            return replace(form, list_trouble=error.problem.sentence)
        return replace(form, group=group, rule=rule_for(desk.policy, group))


def _meant(catalogue: Catalogue, wanted: str) -> GroupId | None:
    """The group that the command named: by its whole name or id, else the only one that fits."""
    exact = [group for group in catalogue.groups if wanted in (group.name, group.id)]
    fitting = exact or (catalogue.groups if catalogue.total == 1 else ())
    return fitting[0].id if wanted and len(fitting) == 1 else None


def _in_form(outcome: Opening | str, body: Raw) -> dict[str, Any]:
    """The answer to Slack: errors beside their fields, or a view with what came of it."""
    match outcome:
        case Invalid():
            return {"response_action": "errors", "errors": _field_errors(outcome.errors, body)}
        case Blocked():
            blockers = " ".join(f"{f.sentence} {f.cure}" for f in outcome.findings if f.level is Level.BLOCKER)
            return {"response_action": "errors", "errors": _field_errors({Field.GROUP: blockers[:1000]}, body)}
        case Opened() | AlreadyOpen():
            return {"response_action": "update", "view": _answer_view(outcome)}
        case _:
            return {"response_action": "push", "view": _answer_view(outcome)}


def _answer_view(outcome: Opening | str) -> View:
    if isinstance(outcome, Opened) and outcome.link:
        return modals.step_up_view(texts.step_up(), outcome.link)
    text = outcome if isinstance(outcome, str) else words.of_opening(outcome)
    return modals.problem_view(text, title="Planned failover")


def _lacking(draft: Draft, body: Raw) -> dict[Field, str]:
    """What Slack itself can't require: it is known here, before anything is asked of the cloud."""
    lacking: dict[Field, str] = {}
    if not draft.group_id:
        lacking[Field.GROUP] = texts.group_missing()
    if FormState.of(body).choice(ActionId.START_WHEN) == Choice.LATER and draft.options.start_at is None:
        lacking[Field.START] = texts.time_missing()
    return lacking


def _field_errors(errors: Mapping[Field, str], body: Raw) -> dict[str, str]:
    """A field that this form does not show has its error at the group."""
    blocks = block_ids_of(body)
    home = BlockId.GROUP if BlockId.GROUP.value in blocks else BlockId.GROUP_ID
    shown: dict[str, str] = {}
    for field, sentence in errors.items():
        block = SHOWN_AT[field].value if SHOWN_AT[field].value in blocks else home.value
        shown[block] = f"{shown[block]} {sentence}" if block in shown else sentence
    return shown


def _draft(origin: Origin, body: Raw) -> Draft:
    form = FormState.of(body)
    target = decode_form(origin.private_metadata)
    return Draft(
        project=target.project if target else ProjectAlias(""),
        group_id=GroupId(_chosen_group(form, target)),
        reason=form.text(ActionId.REASON),
        ticket=form.text(ActionId.TICKET),
        options=_options(form),
        typed_name=form.text(ActionId.TYPED_NAME),
        break_glass=_is_break_glass(body),
    )


def _chosen_group(form: FormState, target: FormTarget | None) -> str:
    """Typed because the list was away, or picked, or given before the form opened."""
    if form.has(ActionId.GROUP_ID):
        return form.text(ActionId.GROUP_ID).strip()
    return form.choice(ActionId.GROUP) or (target.group_id if target else None) or ""


def _options(form: FormState) -> Options:
    is_later = form.choice(ActionId.START_WHEN) == Choice.LATER
    return Options(
        stop_servers=form.choice(ActionId.STOP_SERVERS) != Choice.STOPPED_ALREADY,
        start_servers=form.choice(ActionId.START_SERVERS) != Choice.LEAVE_OFF,
        passwords_changed=_known(Known, form.choice(ActionId.PASSWORDS_CHANGED), Known.UNKNOWN),
        occasion=_known(Occasion, form.choice(ActionId.OCCASION), Occasion.UNKNOWN),
        start_at=form.moment(ActionId.START_AT) if is_later else None,
    )


def _known(words: type[Word], chosen: str, otherwise: Word) -> Word:
    """A word that the form does not offer is no choice."""
    return words(chosen) if chosen in tuple(words) else otherwise


def _is_break_glass(body: Raw) -> bool:
    return callback_id_of(body) == CallbackId.BREAK_GLASS
