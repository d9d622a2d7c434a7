"""What people do in the acceptance tests: ask, approve, read. They use the same hands and eyes as the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from bot.demo.reading import has_button, words_of
from bot.demo.stage import Stage
from bot.demo.workspace import Person

T = TypeVar("T")
Thing = dict[str, Any]
PATIENCE_SECONDS = 20.0


class Evening:
    """Rosa asks, Amir and Chen approve, Pat looks on."""

    def __init__(self, on: Stage) -> None:
        self.on = on
        person = on.cast.slack.person
        self.rosa, self.pat = person(on.cast.requester), person(on.cast.bystander)
        self.amir, self.chen = (person(approver) for approver in on.cast.approvers)

    async def see(self, look: Callable[[], T | bool | None], seconds: float = PATIENCE_SECONDS) -> T:
        try:
            return await self.on.cast.slack.wait_for(look, seconds)  # type: ignore[no-any-return]
        except TimeoutError:
            raise AssertionError(self.on.bot.last_words(40)) from None

    async def form(self, group: str) -> Thing:
        assert (await self.rosa.command("/failover", "", channel=self.on.cast.general.id))["ok"]
        form = await self.see(lambda: self.view_of(self.rosa, "Protection group"))
        await self.rosa.options(form, "group", group[3:])
        await self.rosa.click(form, "group", value=group)
        return await self.see(lambda: self.view_of(self.rosa, "→"))

    async def ask(self, group: str, *, reason: str = "The first zone is failing", **values: object) -> Thing:
        """The card in #dr-approvals."""
        form = await self.form(group)
        before = {message["ts"] for message in self.cards()}
        errors = await self.rosa.submit(form, {"group": group, "reason": reason, **values})
        assert errors is None, errors
        return await self.see(lambda: next((m for m in self.cards() if m["ts"] not in before), None))

    async def approve(self, card: Thing, who: Person | None = None) -> str:
        """What the approver is told in the end."""
        person = who or self.amir
        await person.click(card, "approve")
        view = await self.see(lambda: self.view_of(person, "You approve exactly") or self.view_of(person, "Nothing"))
        if "You approve exactly" in words_of(view):
            assert await person.submit(view, ticks(view)) is None
            view = await self.see(lambda: self.other_than(person, "You approve exactly"))
        told = words_of(view)
        await person.close(view)
        return told

    def cards(self) -> list[Thing]:
        return [m for m in self.amir.messages(self.on.cast.approvals.id) if m.get("blocks")]

    def card(self, card: Thing) -> Thing:
        """As it is drawn now."""
        return next(m for m in self.amir.messages(card["channel"]) if m["ts"] == card["ts"])

    def thread(self, card: Thing) -> list[str]:
        return [words_of(message) for message in self.amir.thread(card["channel"], card["ts"])[1:]]

    def end_of(self, card: Thing, word: str = "") -> Thing | None:
        """The end card: the last message of the thread that names the way it ended."""
        thread = self.amir.thread(card["channel"], card["ts"])[1:]
        words = (word,) if word else ("VERIFIED", "FAILED", "NEEDS A PERSON", "PARTLY", "CANCELLED")
        ended = (m for m in reversed(thread) if m.get("blocks") and any(w in words_of(m) for w in words))
        return next((m for m in ended if has_button(m, "details") or "Audit" in words_of(m) or word), None)

    def attempts(self) -> int:
        return sum(len(found.attempted) for found in self.on.cloud.reversals().values())

    @staticmethod
    def view_of(person: Person, word: str) -> Thing | None:
        view = person.view
        return view if view and word in words_of(view) else None

    @staticmethod
    def other_than(person: Person, word: str) -> Thing | None:
        view = person.view
        return view if view and word not in words_of(view) and view["callback_id"] != "loading" else None


def ticks(view: Mapping[str, Any]) -> dict[str, Any]:
    """Every warning acknowledged."""
    boxes = [block for block in view["blocks"] if block.get("element", {}).get("type") == "checkboxes"]
    return {block["block_id"]: [option["value"] for option in block["element"]["options"]] for block in boxes}
