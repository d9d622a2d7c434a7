"""The story of the demo, played by itself: people type, click and read, and nothing counts that was not seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from bot.demo.reading import Thing, as_seen, has_button, words_of
from bot.demo.sdrs import Ends, Fault, JobFate, Pace
from bot.demo.stage import BotDied, Stage, stage
from bot.demo.workspace import Cast, Person

T = TypeVar("T")
PACE = Pace(reverse_seconds=4, sub_job_seconds=0.8, stop_seconds=0.8, start_seconds=1.5, other_seconds=1)
PATIENCE_SECONDS = 40.0
INDENT = " " * 10


class NotSeen(Exception):
    """Something that the story needs did not happen in time."""


@dataclass(slots=True)
class Teller:
    """Prints the transcript: seconds since the curtain rose, who did or saw what, and the words that were read."""

    names: Mapping[str, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def tell(self, text: str, *read: Thing | str) -> None:
        """`read`: messages and views, as they look; several are told apart by a dash."""
        print(f"{time.monotonic() - self.began:7.1f} s {text}", flush=True)
        first, rest = ("– ", "  ") if len(read) > 1 else ("", "")
        for thing in read:
            rows = (thing if isinstance(thing, str) else as_seen(thing, self.names)).splitlines()
            for number, row in enumerate(rows):
                print(f"{INDENT}│ {rest if number else first}{row}".rstrip())

    def chapter(self, title: str) -> None:
        print(f"\n{title}\n{'─' * len(title)}", flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """One evening with Rosa, Amir and Pat."""

    on: Stage
    teller: Teller

    @property
    def rosa(self) -> Person:
        return self.on.cast.slack.person(self.on.cast.requester)

    @property
    def amir(self) -> Person:
        return self.on.cast.slack.person(self.on.cast.approvers[0])

    @property
    def pat(self) -> Person:
        return self.on.cast.slack.person(self.on.cast.bystander)

    async def play(self) -> None:
        self.teller.chapter("1  A planned failover of pg-erp")
        card = await self.request("pg-erp", "Storage in the first zone is failing, INC-4711")
        await self.refused(self.rosa, card, "Rosa", "own request")
        await self.refused(self.pat, card, "Pat", "not an approver")
        await self.approved_and_done(card, "pg-erp")
        await self.login_guidance(card, "For the first 3 to 5 minutes", "erp-report", "erp-db", "erp-cache", "CoreOS")
        end = await self.service_confirmed(card)
        self.teller.chapter("2  The failback of the same group")
        card = await self.fail_back(end)
        await self.approved_and_done(card, "pg-erp")
        await self.login_guidance(card, "Log in to the production server with", "erp-report", "erp-db", "erp-cache")
        self.teller.chapter("3  A job that fails")
        await self.failing("pg-crm")

    # ------------------------------------------------------------------------------------------- scenes

    async def request(self, group: str, reason: str) -> Thing:
        self.teller.tell("Rosa types /failover in #general")
        answer = await self.rosa.command("/failover", "", channel=self.on.cast.general.id)
        self.sure(answer.get("ok"), f"/failover was not taken: {answer}")
        form = await self.see(lambda: self.form_of(self.rosa), "the request form")
        offered = await self.rosa.options(form, "group", group[3:])
        self.sure(offered.get("options"), "the search finds the group")
        await self.rosa.click(form, "group", value=group)
        form = await self.see(lambda: self.form_of(self.rosa, "→"), "the direction as zones")
        direction = next(block for block in form["blocks"] if "→" in words_of({"blocks": [block]}))
        self.teller.tell("Rosa reads in the form", {"blocks": [direction]})
        return await self.submit_form(form, {"group": group, "reason": reason})

    async def submit_form(self, form: Thing, values: Mapping[str, Any]) -> Thing:
        before = {message["ts"] for message in self.cards()}
        errors = await self.rosa.submit(dict(form), dict(values))
        self.sure(errors is None, f"the form was not taken: {errors}")
        self.teller.tell(f"Rosa submits: {values['reason']}")
        card = await self.see(
            lambda: next((m for m in self.cards() if m["ts"] not in before and has_button(m, "approve")), None),
            "the card in #dr-approvals",
        )
        self.teller.tell("Amir reads the card in #dr-approvals", card)
        return card

    async def refused(self, who: Person, card: Thing, name: str, why: str) -> None:
        await who.click(dict(card), "approve")
        view = await self.see(lambda: self.view_of(who, why), f"{name} is told why not")
        self.teller.tell(f"{name} presses Approve… and is told, in private", view)
        await who.close(dict(view))

    async def approved_and_done(self, card: Thing, group: str) -> None:
        before, said = self.submissions(), len(self.incidents())
        await self.approve(card)
        await self.see(lambda: self.submissions() > before, "the POST at the cloud")
        await self.see(lambda: self.reply(card, "VERIFIED"), "the end card")
        self.sure(self.submissions() == before + 1, f"{self.submissions() - before} POSTs were sent, not one")
        self.teller.tell("The cloud counted exactly one POST …/action for this request")
        await self.see(lambda: self.reply(card, "servers are running"), "the last line of the run")
        await self.see(lambda: self.reply(card, "Waiting until the service is confirmed"), "the progress at its end")
        lines = self.amir.thread(card["channel"], card["ts"])[1:]
        self.sure(len(lines) > 8, "job updates in the thread")
        self.teller.tell("The thread of the card", *lines)
        began = await self.see(lambda: self.incident("has started", group, after=said), "started in #incidents")
        ended = await self.see(lambda: self.incident("VERIFIED", group, after=said), "verified in #incidents")
        self.teller.tell("#incidents says", began, ended)

    async def approve(self, card: Thing) -> None:
        await self.amir.click(dict(card), "approve")
        view = await self.see(lambda: self.view_of(self.amir, "You approve exactly"), "the second step")
        self.teller.tell("Amir presses Approve… and reads what will happen", view)
        errors = await self.amir.submit(dict(view), self.ticks(view))
        self.sure(errors is None, f"the approval was not taken: {errors}")
        told = await self.see(lambda: self.view_of(self.amir, "Approved"), "the approval is counted")
        self.teller.tell("Amir is told, in private", told)
        await self.amir.close(dict(told))

    async def login_guidance(self, card: Thing, *words: str) -> None:
        guidance = await self.see(
            lambda: next((m for m in self.rosa.dm() if all(word in words_of(m) for word in words)), None),
            "the login guidance in Rosa's direct messages",
        )
        self.teller.tell("Rosa reads the login guidance in her direct messages", guidance)
        self.sure(not any(words_of(guidance) == words_of(m) for m in self.cards()), "nobody else reads it")
        pointer = await self.see(lambda: self.pointer(card), "the pointer in the thread that only Rosa sees")
        self.sure(pointer not in self.amir.thread(card["channel"], card["ts"]), "nobody else sees the pointer")
        self.teller.tell("Only Rosa sees in the thread", pointer)
        await self.rosa.click(dict(pointer), "show_login")
        again = await self.see(lambda: self.view_of(self.rosa, words[0]), "the login guidance once more")
        self.teller.tell("Rosa presses Login guidance and reads it again")
        await self.rosa.close(dict(again))

    def pointer(self, card: Thing) -> Thing | None:
        thread = self.rosa.thread(card["channel"], card["ts"])
        return next((m for m in thread if m["ephemeral"] and has_button(m, "show_login")), None)

    async def service_confirmed(self, card: Thing) -> Thing:
        end = await self.see(lambda: self.reply(card, "VERIFIED"), "the end card")
        await self.rosa.click(dict(end), "confirm")
        told = await self.see(lambda: self.reply(card, "confirmed that the service works"), "the service is confirmed")
        self.teller.tell("Rosa presses Confirm service, and the thread says", told)
        return await self.see(lambda: self.reply(card, "Service confirmed"), "the end card with the confirmation")

    async def fail_back(self, end: Thing) -> Thing:
        self.teller.tell("Rosa presses Fail back on the end card")
        await self.rosa.click(dict(end), "fail_back")
        form = await self.see(lambda: self.form_of(self.rosa, "→"), "the form, with the group chosen")
        return await self.submit_form(form, {"reason": "The first zone is healthy again"})

    async def failing(self, group: str) -> None:
        fate = JobFate(ends=Ends.FAIL, error_code="SDRS.1029", fail_reason="Failed to perform the planned failover")
        self.on.cloud.faults.add(Fault(match="POST .*/server-groups/.*/action", fate=fate, times=1))
        card = await self.request(group, "A drill with a job that fails")
        before, said = self.submissions(), len(self.incidents())
        await self.approve(card)
        end = await self.see(lambda: self.reply(card, "FAILED"), "the end card says FAILED")
        self.sure(self.submissions() == before + 1, "one POST, and no second try")
        self.teller.tell("The end card", end)
        told = await self.see(lambda: self.incident("FAILED", group, after=said), "failed in #incidents")
        self.teller.tell("#incidents says", told)

    # --------------------------------------------------------------------------------------------- eyes

    async def see(self, look: Callable[[], T | bool | None], what: str) -> T:
        try:
            return await self.on.cast.slack.wait_for(look, PATIENCE_SECONDS)  # type: ignore[no-any-return]
        except TimeoutError:
            raise NotSeen(f"Not seen within {PATIENCE_SECONDS:.0f} s: {what}") from None

    @staticmethod
    def sure(fact: object, what: str) -> None:
        if not fact:
            raise NotSeen(what)

    def cards(self) -> list[Thing]:
        return list(self.amir.messages(self.on.cast.approvals.id))

    def reply(self, card: Thing, word: str) -> Thing | None:
        thread = self.amir.thread(card["channel"], card["ts"])[1:]
        return next((m for m in reversed(thread) if m.get("blocks") and word in words_of(m)), None)

    def incidents(self) -> list[Thing]:
        return list(self.amir.messages(self.on.cast.incidents.id))

    def incident(self, word: str, group: str, *, after: int) -> Thing | None:
        """A message of #incidents beyond the first `after` that speaks of this group."""
        found = (m for m in self.incidents()[after:] if group in words_of(m))
        return next((m for m in found if word in words_of(m)), None)

    @staticmethod
    def form_of(person: Person, word: str = "") -> dict[str, Any] | None:
        view = person.view
        return view if view and view["callback_id"] == "request_form" and word in words_of(view) else None

    @staticmethod
    def view_of(person: Person, word: str) -> Thing | None:
        view = person.view
        return view if view and word in words_of(view) else None

    @staticmethod
    def ticks(view: Thing) -> dict[str, Any]:
        """Every warning of the second step, acknowledged."""
        boxes = [block for block in view["blocks"] if block.get("element", {}).get("type") == "checkboxes"]
        return {block["block_id"]: [o["value"] for o in block["element"]["options"]] for block in boxes}

    def submissions(self) -> int:
        return sum(
            1
            for call in self.on.cloud.calls
            if call.method == "POST" and call.path.endswith("/action") and "server-groups" in call.path
        )


def names_in(cast: Cast) -> dict[str, str]:
    """Everybody and everything that a message may mention."""
    people = (cast.requester, *cast.approvers, cast.bystander, cast.guest)
    channels = (cast.general, cast.approvals, cast.incidents)
    return {
        **{person.id: f"@{person.real_name}" for person in people},
        **{channel.id: f"#{channel.name}" for channel in channels},
        cast.approver_group.id: f"@{cast.approver_group.handle}",
    }


async def play(manifest: Mapping[str, Any]) -> int:
    """0 when every step was seen; 1 names the first that was not."""
    teller = Teller()
    try:
        async with stage(manifest=manifest, pace=PACE) as playing:
            teller.names = names_in(playing.cast)
            teller.tell(f"The bot is ready. The page is at {playing.address} while this plays.")
            try:
                await Tour(on=playing, teller=teller).play()
            except NotSeen as missing:
                teller.tell(f"✗ {missing}", playing.bot.last_words())
                return 1
            except BaseException:
                teller.tell("✗ The tour itself failed.", playing.bot.last_words())
                raise
    except BotDied as died:
        teller.tell("✗ The bot did not start.", str(died))
        return 1
    teller.tell("✓ Every step was seen.")
    return 0
