"""The second steps: what will happen is repeated before it is approved, denied, answered, closed or reviewed."""

from __future__ import annotations

from functools import lru_cache

from bot.domain.preflight import Finding, Level
from bot.domain.request import Request
from bot.domain.run import HardStopAnswer, Run
from bot.slack.blocks import (
    Block,
    Drawn,
    View,
    actions,
    button,
    checkboxes,
    context,
    field,
    literal,
    modal,
    option,
    paragraphs,
    radio,
    section,
    text_input,
)
from bot.slack.cards import lines
from bot.slack.cards.scene import Scene
from bot.slack.escape import mrkdwn, names, plain
from bot.slack.ids import ActionId, BlockId, CallbackId, encode_target

BOXES = 10  # Slack's limit for one group of checkboxes


def approve_view(scene: Scene) -> View:
    """Lines 1, 2, 6 and 7 of the card, the plan's code, and each warning as a box that must be ticked."""
    request = scene.request
    warnings = unique_warnings(request)
    told = (
        f"*{lines.headline(request)}*",
        lines.direction(request),
        lines.servers(request),
        lines.outage(scene.view.history),
        f"You approve exactly {lines.plan_code(request)}, revision {request.revision}.",
    )
    return modal(
        CallbackId.APPROVE,
        "Approve",
        [section("\n".join(told)), *_warnings(warnings)],
        submit="Approve",
        close="Back",
        metadata=scene.target,
    )


def unique_warnings(request: Request) -> tuple[Finding, ...]:
    """One per check: it is acknowledged by the name of its check."""
    first: dict[str, Finding] = {}
    for finding in lines.findings(request, Level.WARNING):
        first.setdefault(finding.check, finding)
    return tuple(first.values())


def _warnings(warnings: tuple[Finding, ...]) -> list[Block]:
    told = [f"• *{title(f)}:* {mrkdwn(f.sentence, 600)} {mrkdwn(f.cure, 400)}{_subjects(f)}" for f in warnings]
    groups = [warnings[start : start + BOXES] for start in range(0, len(warnings), BOXES)]
    return [*paragraphs(told), *(_boxes(group, number) for number, group in enumerate(groups))]


def title(finding: Finding) -> str:
    """The name by which a warning is ticked."""
    words = finding.check.replace("_", " ")
    return mrkdwn(f"DR{words[2:]}" if words.startswith("dr ") else words.capitalize(), 60)


def _subjects(finding: Finding) -> str:
    return f" ({names(finding.subjects, 300)})" if finding.subjects else ""


def _boxes(warnings: tuple[Finding, ...], number: int) -> Block:
    options = [option(title(f), f.check) for f in warnings]
    block_id = f"{BlockId.ACKNOWLEDGE}_{number}" if number else BlockId.ACKNOWLEDGE.value
    return field(block_id, "I have read and accept each of these", checkboxes(ActionId.ACKNOWLEDGE, options))


def deny_view(request: Request) -> View:
    return _reason_view(
        request,
        CallbackId.DENY,
        title="Deny",
        submit="Deny",
        label="Why not",
        told="This closes the request for good. The requester and the channel read your reason.",
    )


def close_view(request: Request) -> View:
    return _reason_view(
        request,
        CallbackId.CLOSE,
        title="Close as unknown",
        submit="Close as unknown",
        label="What you found in the console",
        told="Nobody knows whether production moved. This ends the request as *unknown*; nothing is sent or undone.",
    )


def review_view(request: Request) -> View:
    return _reason_view(
        request,
        CallbackId.REVIEW,
        title="Break-glass review",
        submit="Record",
        label="What happened, why alone, what changes now",
        told="Your review is recorded with the request for good. You may break glass again only after it.",
    )


def _reason_view(request: Request, callback: CallbackId, *, title: str, submit: str, label: str, told: str) -> View:
    blocks = [
        section(f"*{lines.headline(request)}*\n{lines.direction(request)}"),
        section(told),
        field(BlockId.REASON, label, text_input(ActionId.REASON, is_long=True)),
    ]
    metadata = encode_target(request.id, request.revision)
    return modal(callback, title, blocks, submit=submit, close="Back", metadata=metadata)


def hard_stop_view(request: Request, run: Run) -> View:
    """Force is never preselected: it costs what the servers hold in memory."""
    choices = [
        option("Wait on", HardStopAnswer.WAIT, "Give them more time to stop by themselves"),
        option("Force them off", HardStopAnswer.FORCE, "Data that is only in memory is lost"),
        option("Cancel the run", HardStopAnswer.CANCEL, "Start the stopped servers again, reverse nothing"),
    ]
    blocks = [
        section(f"*{lines.headline(request)}*"),
        section(f"These servers do not stop: {names(run.question_subjects, 2000) or 'unknown'}."),
        context("Nothing was reversed yet."),
        field(BlockId.ANSWER, "How should the run go on?", radio(ActionId.ANSWER, choices)),
    ]
    metadata = encode_target(request.id, request.revision)
    return modal(CallbackId.HARD_STOP, "Servers do not stop", blocks, submit="Answer", close="Back", metadata=metadata)


@lru_cache(16)
def loading_view(title: str = "Planned failover", text: str = "Asking the cloud…") -> View:
    """Opened at once, while the trigger is valid; what is asked for replaces it."""
    return Drawn(modal(CallbackId.LOADING, plain(title, 24), [section(mrkdwn(text, 500))]))


def problem_view(sentence: str, *, title: str = "That did not work") -> View:
    """`sentence` is one of `bot.slack.texts`: escaped, with what was not done and what to do."""
    return modal(CallbackId.PROBLEM, plain(title, 24), [section(sentence or "Something went wrong.")])


def step_up_view(sentence: str, url: str) -> View:
    """The way to the second factor: a page of our own, outside of Slack."""
    says = "Open the page that asks for your second factor"
    link = button("Open the page", ActionId.STEP_UP, says=says, url=url, style="primary")
    return modal(CallbackId.PROBLEM, "Second factor", [section(sentence), *actions([link])])


def sentence_of(view: View) -> str:
    """What a view of one sentence says, for when it must be told elsewhere; its links follow as they are."""
    said = [block["text"]["text"] for block in view["blocks"] if block["type"] == "section"]
    urls = [one["url"] for block in view["blocks"] for one in block.get("elements", ()) if "url" in one]
    return " ".join([*said, *urls])


def notice_view(text: str, *, title: str = "Planned failover") -> View:
    """For a person's plain words, shown literally."""
    return modal(CallbackId.PROBLEM, plain(title, 24), [literal(plain(text, 2900) or "-")])
