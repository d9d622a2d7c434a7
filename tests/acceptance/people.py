"""What people do in the acceptance tests: ask, approve, read. They use the same hands and eyes as the page."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from itertools import count
from time import monotonic
from typing import Any, TypeVar

from bot.demo.reading import has_button, words_of
from bot.demo.sdrs import Call, Group, Project
from bot.demo.stage import Stage
from bot.demo.workspace import Person
from tests.acceptance.rooms import NO_ROOMS, Rooms

T = TypeVar("T")
Thing = dict[str, Any]
PATIENCE_SECONDS = 60.0
LOOK_SECONDS = 0.1
ENDS = ("VERIFIED", "FAILED", "PARTLY", "CANCELLED", "FINISHED, NOT VERIFIED")


class Evening:
    """Rosa asks, Amir and Chen approve, Pat looks on. `rooms`: groups that have channels of their own."""

    def __init__(self, on: Stage, rooms: Rooms = NO_ROOMS) -> None:
        self.on, self.rooms = on, rooms
        person = on.cast.slack.person
        self.rosa, self.pat = person(on.cast.requester), person(on.cast.bystander)
        self.amir, self.chen = (person(approver) for approver in on.cast.approvers)
        self._numbers = count(1)

    # ------------------------------------------------------------------------------------------ hands

    def newcomer(self) -> Person:
        """One more colleague who may ask: nobody may ask more than a few times a minute."""
        number = next(self._numbers)
        user = self.on.cast.slack.add_user(f"asker{number}", real_name=f"Asker {number}")
        self.on.cast.slack.invite(self.on.cast.general, user)
        return self.on.cast.slack.person(user)

    async def command(self, who: Person, text: str = "") -> None:
        answer = await who.command("/failover", text, channel=self.on.cast.general.id)
        assert answer["ok"], (answer, self.on.bot.last_words(40))

    async def blank_form(self, who: Person | None = None) -> Thing:
        person = who or self.rosa
        await self.command(person)
        return await self.see(lambda: self.view_of(person, "Why now"))

    async def form(self, group: str, who: Person | None = None) -> Thing:
        """The request form with a group chosen, as soon as it shows the direction."""
        person = who or self.rosa
        form = await self.blank_form(person)
        await person.options(form, "group", group)
        await person.click(form, "group", value=self.group(group).id)
        return await self.see(lambda: self.view_of(person, "→"))

    async def submit(self, group: str, who: Person | None = None, **values: object) -> str:
        """What the form says to it: errors beside the fields, or the view that takes its place."""
        person = who or self.newcomer()
        form = await self.form(group, person)
        errors = await person.submit(form, {"reason": "The first zone is failing", **values})
        if errors is not None:
            await person.close(form)
            return " ".join(errors.values())
        view = await self.see(lambda: self.other_than(person, "Why now"))
        await person.close(view)
        return words_of(view)

    async def ask(
        self, group: str, *, who: Person | None = None, reason: str = "The first zone is failing", **values: object
    ) -> Thing:
        """The card in the approvals channel of this group."""
        person = who or self.newcomer()
        form = await self.form(group, person)
        room = self.room_of(group)
        before = {message["ts"] for message in self.cards(room)}
        errors = await person.submit(form, {"reason": reason, **values})
        assert errors is None, errors
        return await self.see(lambda: next((m for m in self.cards(room) if m["ts"] not in before), None))

    async def approve(self, card: Thing, who: Person | None = None) -> str:
        """What the approver is told in the end."""
        person = who or self.amir
        view = await self.consider(card, person)
        if "You approve exactly" in words_of(view):
            assert await person.submit(view, ticks(view)) is None
            view = await self.see(lambda: self.other_than(person, "You approve exactly"))
        await person.close(view)
        return words_of(view)

    async def consider(self, card: Thing, who: Person) -> Thing:
        """The second step, or the view that says why there is none."""
        before = who.view
        await who.click(card, "approve")
        return await self.see(lambda: self.settled(who) if self.settled(who) != before else None)

    async def run(self, group: str, **values: object) -> Thing:
        """Asked for and approved; the card."""
        card = await self.ask(group, **values)  # type: ignore[arg-type]
        told = await self.approve(card)
        assert "Approved (1 of 1)" in told, told
        return card

    async def whispered(self, who: Person, card: Thing, action: str, **click: Any) -> str:
        """Press a button that is answered by a private line."""
        before = {line["ts"] for line in who.ephemerals(card["channel"])}
        await who.click(card, action, **click)
        lines = await self.see(lambda: [m for m in who.ephemerals(card["channel"]) if m["ts"] not in before])
        return words_of(lines[0])

    # ------------------------------------------------------------------------------------------- eyes

    async def see(self, look: Callable[[], T | bool | None], seconds: float = PATIENCE_SECONDS) -> T:
        """Looks after every change in the workspace, and now and then for what changes elsewhere."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            with suppress(TimeoutError):
                return await self.on.cast.slack.wait_for(look, LOOK_SECONDS)  # type: ignore[no-any-return]
        raise AssertionError(self.on.bot.last_words(40))

    def room_of(self, group: str) -> str:
        return self.rooms.approvals.get(group, self.on.cast.approvals.id)

    def cards(self, room: str = "") -> list[Thing]:
        place = room or self.on.cast.approvals.id
        return [m for m in self.amir.messages(place) if m.get("blocks") and not m.get("ephemeral")]

    def card(self, card: Thing) -> Thing:
        """As it is drawn now."""
        return next(m for m in self.amir.messages(card["channel"]) if m["ts"] == card["ts"])

    def replies(self, card: Thing) -> list[Thing]:
        return self.amir.thread(card["channel"], card["ts"])[1:]

    def thread(self, card: Thing) -> list[str]:
        return [words_of(message) for message in self.replies(card)]

    def said(self, card: Thing, words: str) -> str | None:
        """The newest line or message of the thread with these words."""
        return next((text for text in reversed(self.thread(card)) if words in text), None)

    def end_of(self, card: Thing) -> Thing | None:
        """The end card: it alone bears the reference to the audit."""
        return next((m for m in reversed(self.replies(card)) if "Audit reference" in words_of(m)), None)

    async def ended(self, card: Thing, seconds: float = PATIENCE_SECONDS) -> str:
        """The words of the end card."""
        return words_of(await self.see(lambda: self.end_of(card), seconds))

    async def line(self, card: Thing, words: str, seconds: float = PATIENCE_SECONDS) -> str:
        try:
            return await self.on.cast.slack.wait_for(lambda: self.said(card, words), seconds)  # type: ignore[no-any-return]
        except TimeoutError:
            raise AssertionError("\n".join([f"{words!r} is not in", *self.thread(card)])) from None

    def settled(self, who: Person) -> Thing | None:
        view = who.view
        return view if view and view["callback_id"] != "loading" else None

    @staticmethod
    def view_of(person: Person, word: str) -> Thing | None:
        view = person.view
        return view if view and word in words_of(view) else None

    @staticmethod
    def other_than(person: Person, word: str) -> Thing | None:
        view = person.view
        return view if view and word not in words_of(view) and view["callback_id"] != "loading" else None

    # -------------------------------------------------------------------------------------- the truth

    @property
    def project(self) -> Project:
        return next(iter(self.on.cloud.world.projects.values()))

    def group(self, name: str) -> Group:
        return self.project.group(name)

    def attempts(self, group: str) -> int:
        """How often anybody ordered the reversal of this group, accepted or not."""
        found = self.on.cloud.reversals().get(self.group(group).id)
        return len(found.attempted) if found else 0

    def orders(self, group: str) -> list[Call]:
        """Every stop and start of the group's servers, in order."""
        ids = {machine.id for i in self.group(group).instances for machine in (i.source, i.target)}
        calls = (call for call in self.on.cloud.calls if call.method == "POST" and call.service == "ecs")
        return [call for call in calls if ids & {one["id"] for one in servers_of(call)}]

    def state(self, group: str) -> str:
        """Of the newest request for this group, read from the database itself."""
        newest = "select state from request where group_id = ? order by created_at desc limit 1"
        rows = self.query(newest, self.group(group).id)
        return str(rows[0][0]) if rows else "no request"

    async def state_is(self, group: str, state: str, seconds: float = PATIENCE_SECONDS) -> None:
        await self.see(lambda: self.state(group) == state, seconds)

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        file = self.on.bot.environment["DATABASE_URL"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            return database.execute(sql, parameters).fetchall()

    def audited(self, group: str) -> list[tuple[str, str]]:
        """(action, outcome) of everything that is recorded about requests for this group."""
        rows = self.query(
            "select a.action, a.outcome from audit a join request r on r.id = a.request_id where r.group_id = ? "
            "order by a.number",
            self.group(group).id,
        )
        return [(str(action), str(outcome)) for action, outcome in rows]


def servers_of(call: Call) -> list[dict[str, str]]:
    body = call.body if isinstance(call.body, dict) else {}
    order = body.get("os-stop") or body.get("os-start") or {}
    return list(order.get("servers", []))


def ticks(view: Mapping[str, Any]) -> dict[str, Any]:
    """Every warning acknowledged."""
    boxes = [block for block in view["blocks"] if block.get("element", {}).get("type") == "checkboxes"]
    return {block["block_id"]: [option["value"] for option in block["element"]["options"]] for block in boxes}


def is_open_for_decision(card: Thing) -> bool:
    return has_button(card, "approve")
