"""Every sentence that answers a click, a command or a form: private, one meaning each, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from bot.domain.errors import Problem
from bot.domain.facts import Group
from bot.domain.people import Account
from bot.domain.policy import Refusal
from bot.domain.preflight import Finding
from bot.domain.request import Request, State
from bot.slack.escape import code, link, mention, mrkdwn, sentences, when
from bot.slack.ids import COMMAND
from bot.slack.words import STATE, count

REFUSED: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.OWN_REQUEST: "This is your own request. Nobody approves their own: another approver has to decide.",
        Refusal.NOT_APPROVER: "You are not an approver of this group. Nothing was counted. The card names who is.",
        Refusal.NOT_REQUESTER: "Only the person who made this request can do that. Nothing was changed.",
        Refusal.MAY_NOT_REQUEST: "You may not ask for a failover of this group. Nothing was requested. "
        "Ask the owner of the bot's policy file to add you.",
        Refusal.MAY_NOT_BREAK_GLASS: "You are not on the break-glass list of this group. Nothing was started. "
        "Make a normal request instead.",
        Refusal.REVIEW_OWED: "You still owe the review of your last break-glass. Nothing was started. "
        "Write it with the button on that request's end card, then try again.",
        Refusal.DEACTIVATED: "This account is deactivated. Nothing was counted.",
        Refusal.GUEST: "Guests can't ask for or decide a failover. Nothing was counted. Ask a full member of the team.",
        Refusal.BOT: "Apps and bots can't ask for or decide a failover. Nothing was counted.",
        Refusal.STRANGER: "You belong to another organisation. Nothing was counted. Ask a member of this workspace.",
        Refusal.FOREIGN: "Your account belongs to another workspace. Nothing was counted. Use one of this workspace.",
        Refusal.NOBODY_KNOWS: "Slack could not say who you are, so the answer is no. Nothing was changed. "
        "Try again in a minute; if Slack stays away, an operator can use the command line.",
        Refusal.NO_RULE: "No rule of the policy covers this group, so nobody may fail it over. Nothing was changed. "
        "Ask the owner of the bot's policy file to add it.",
        Refusal.OUTSIDE_WINDOW: "The change windows of this group are closed then. Nothing was counted. "
        "Approve while one is open, or ask for a start time inside one.",
        Refusal.STEP_UP_NEEDED: "This needs your second factor. Nothing was counted. If no link comes with this "
        "answer, the bot has no page for it yet: ask its operator to set PUBLIC_URL and STEP_UP_KEY.",
        Refusal.TOO_MANY: "There were too many requests in a short time, by you or for this group. "
        "Nothing was requested. Wait a minute.",
        Refusal.NO_REASON: "A reason is required: say in a sentence why. Nothing was changed.",
    }
)


def refused(reason: Refusal) -> str:
    return REFUSED[reason]


# ------------------------------------------------------------------------------------------ decisions


def approved(given: int, needed: int, plan_code: str) -> str:
    """After the click was counted; the last one starts the run."""
    then = "That was the last one: the run is queued." if given >= needed else "Nothing starts before all are there."
    return f"Approved ({given} of {needed}) for plan {code(plan_code, 20)}. {then}"


def approved_before(given: int, needed: int) -> str:
    return f"You have approved this already ({given} of {needed}). It counts once."


def already_decided(state: State, by: Account | None, at: datetime | None) -> str:
    """For every state in which the click comes too late. Expiry has its own sentence."""
    who = f" by {mention(by)}" if by else ""
    moment = f" at {when(at)}" if at else ""
    return f"Already decided: *{STATE[state]}*{who}{moment}. Your click changed nothing."


def expired(at: datetime) -> str:
    return f"This request expired at {when(at)}. Your click changed nothing. Make a new request with `{COMMAND}`."


def plan_changed(seen: int, now: int) -> str:
    return (
        f"The plan has changed: you looked at revision {seen} and now it is {now}. Nothing was counted. "
        "Look at the newest card and decide there."
    )


def blocked(blockers: Sequence[Finding]) -> str:
    reasons = " ".join(f"{mrkdwn(f.sentence, 300)} {mrkdwn(f.cure, 300)}" for f in blockers[:3])
    more = f" … ({len(blockers) - 3} more)" if len(blockers) > 3 else ""
    return f"Blocked, because: {reasons}{more} Nothing was counted."


def warnings_left(findings: Sequence[Finding]) -> str:
    left = sentences([finding.sentence for finding in findings], 900)
    return f"Nothing was counted yet: tick each warning that you accept. Left is: {left}"


def denied() -> str:
    return "Denied. The request is closed and the requester reads your reason."


def withdrawn() -> str:
    return "Withdrawn. Nothing was started, and nobody can approve it any more."


def retracted() -> str:
    return "Your approval is taken back. Nothing was started."


def nothing_to_retract() -> str:
    return "You have no approval to take back on this request. Nothing was changed."


def checked(request: Request) -> str:
    blockers = [f for f in request.findings if f.level.value == "blocker"]
    if blockers:
        return blocked(blockers)
    return f"Checked again: {count(len(request.findings), 'warning')}. The card is up to date."


# ------------------------------------------------------------------------------------------------ run


def cancel_asked() -> str:
    return "Cancelling. The servers that were stopped are started again; nothing is reversed."


def too_late_to_cancel() -> str:
    return (
        "Too late to cancel: the reversal was already submitted. It goes on to its end. "
        "The way back is a failback once it is finished."
    )


def answered() -> str:
    return "Your answer is noted; the run goes on with it."


def no_question() -> str:
    return "This question is no longer open. Your answer changed nothing; the thread says how it went on."


def confirmed() -> str:
    return "Service confirmed. Thank you: this ends the outage clock."


def nothing_to_confirm() -> str:
    return "There is nothing to confirm: the failover is not over yet, or somebody confirmed the service before you."


def closed() -> str:
    return "Closed as unknown. The group is free for a new request; nothing was sent or undone."


def reviewed() -> str:
    return "Your review is recorded with the request."


def no_login_yet() -> str:
    return "There is no login guidance yet: it is sent once the servers run at the other site."


# ------------------------------------------------------------------------------------------- requests


def requested(channel: str, request: Request) -> str:
    where = f" The card is on its way to <#{channel}>." if channel.isalnum() else ""
    plan = f"plan {code(request.plan.code, 20)}"
    if request.break_glass:
        return (
            f"Break-glass: the run of {plan} is queued, under your name alone.{where} Everybody who could have "
            "approved is told, and you owe a written review."
        )
    return f"Requested: {plan}. Nothing starts before it is approved.{where}"


def step_up() -> str:
    return (
        "This needs your second factor. Nothing was counted yet. Open the page and confirm there: it is counted at "
        "once. The link is for you alone and for this plan, works once, and ends in ten minutes."
    )


def open_elsewhere(url: str = "") -> str:
    """Another request of the same group is open: it is linked instead of making a second one."""
    where = link(url, "Open its card") if url else "Its card is in the approvals channel"
    return f"There is already an open request for this group. No second one was made. {where}."


def unknown_request() -> str:
    return (
        f"I don't know this request. Nothing was changed. `{COMMAND} status` lists those that I know; "
        "a card may be from another installation of the bot."
    )


def bad_answer() -> str:
    return "I can't read this answer. Nothing was changed. Open the newest message and try again."


# -------------------------------------------------------------------------------------------- trouble


def busy() -> str:
    return "Busy: many people are deciding at this moment. Nothing was counted. Try again."


def database_away(reference: str) -> str:
    return f"The database does not answer. Nothing was changed. Try again in a minute. Reference {code(reference, 40)}."


def read_only() -> str:
    return (
        "My database was restored from a backup, so what it says may be out of date. Nothing was changed. "
        "An operator has to look at what really happened and run `failover-bot confirm-restored`."
    )


def unexpected(reference: str) -> str:
    return (
        "Something went wrong on our side. Look at the card before you try again: it shows what is true. "
        f"Reference {code(reference, 40)}."
    )


def problem(trouble: Problem) -> str:
    """A cloud call that failed, as a person reads it."""
    return mrkdwn(trouble.sentence, 1500)


# ----------------------------------------------------------------------------------------------- form
# Errors of inputs are plain text: Slack shows them as they are under the field.


def not_one_group(words: str, groups: Sequence[Group], troubles: Sequence[str]) -> str:
    """A check of a group that is not clear. `troubles` are of lists that were never read."""
    if groups:
        listed = ", ".join(f"{group.name} in {group.project} ({group.id})" for group in groups[:10])
        return f"Nothing was checked: “{words}” may be {listed}. Name the one that is meant by its id."
    return " ".join((f"Nothing was checked: no protection group is called “{words}”.", *troubles))


def group_missing() -> str:
    return "Choose a protection group."


def reason_missing() -> str:
    return "Say in a sentence why."


def time_missing() -> str:
    return "Choose the time at which it is to start, or start as soon as it is approved."


def boxes_left(findings: Sequence[Finding]) -> str:
    left = ", ".join(finding.check.replace("_", " ") for finding in findings)
    return f"Nothing was counted yet. Tick each warning that you accept; left: {left}."[:500]


def blocker_in_form(finding: Finding) -> str:
    return f"{finding.sentence} {finding.cure}"[:500]


# ----------------------------------------------------------------------------------------------- help


def usage() -> str:
    return (
        f"`{COMMAND}` opens the request form · `{COMMAND} status` lists what is open and running · "
        f"`{COMMAND} check GROUP` looks without asking · `{COMMAND} approve ID` and `{COMMAND} deny ID` decide · "
        f"`{COMMAND} break-glass` starts alone in an emergency, if the policy lets you · `{COMMAND} help` is this."
    )


# ------------------------------------------------------------------------------------------- messages

MOVED = {
    "not_in_channel": "I am not in it. Invite me there with `/invite`",
    "is_archived": "it is archived. Name another channel in the policy file",
    "is_inactive": "it is archived. Name another channel in the policy file",
    "channel_is_external": "people of other organisations can read it. Name an internal channel in the policy file",
    "no_channel_configured": "the policy file names none. Name one there",
}


def moved(channel: str, error: str) -> str:
    """Why the requester gets in private what belongs into a channel."""
    why = MOVED.get(error, f"Slack says {code(error, 60)}. Look at the channel and at my permissions")
    where = f"<#{channel}>" if channel.isalnum() and channel.isascii() else "the approvals channel"
    return f"This belongs into {where}, but I can't post there: {why}. Until then you read it here, and only you."
