"""The words of the thread: one sentence for each kind of line that the rest of the bot may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from bot.domain.lines import Fact, Line, LineKind
from bot.domain.people import Account
from bot.slack.escape import code, mention, mention_group, mention_user, mrkdwn, names, sentences, when
from bot.slack.words import count

PINGED = 50  # one line stays below 3,000 characters

# `{name}` is the fact of that name, escaped; a fact that is missing reads "–".
TEMPLATES: Mapping[LineKind, str] = MappingProxyType(
    {
        LineKind.APPROVED: "{account} approved plan {plan}: {given} of {needed}.",
        LineKind.RETRACTED: "{account} took back their approval.",
        LineKind.QUORUM: "All approvals are there. The run starts {start_at}.",
        LineKind.DENIED: "*Denied* by {account}: {reason}",
        LineKind.WITHDRAWN: "*Withdrawn* by {account}. Nothing was started. {reason}",
        LineKind.EXPIRED: "*Expired*: its time ran out before it could start. Nothing was started.",
        LineKind.SUPERSEDED: "*Superseded*: {reason}",
        LineKind.DRIFTED: "The plan changed, earlier approvals are void. Revision {revision} is posted with the "
        "difference: {changes}",
        LineKind.STARTED: "The run of plan {plan} starts. Nothing was touched yet; first everything is checked again.",
        LineKind.CHECKED: "Checked again: the plan still holds. {warnings}",
        LineKind.STOPPING: "Stopping the production servers, {total} in all, the last wave first.",
        LineKind.STOPPED: "Stopped: {done} of {total} production servers are off.",
        LineKind.SLOW_STOP: "These servers do not stop: {servers}. I asked how to go on and wait for an answer.",
        LineKind.FORCED: "{account} decided to force these servers off: {servers}.",
        LineKind.DR_STOPPED: "These servers at the DR site were running and had to be stopped first: {servers}.",
        LineKind.SUBMITTED: "The cloud accepted the reversal to {zone}: job {job_id}. This is the point of no return.",
        LineKind.REJECTED: "The cloud refused the reversal; it did not happen. {what} {cure}",
        LineKind.VANISHED: "*Failed*: the group is not there any more, so nothing was reversed. {what} {cure}",
        LineKind.UNCLEAR: "Sent, but the answer was lost. I am reading the group's status and will not send it again. "
        "{what}",
        LineKind.RECONCILED: "Found out without sending again: {what}",
        LineKind.PROGRESS: "Reversing: {done} of {total} sub-jobs are done.",
        LineKind.STALE: "No answer about the job for {seconds} s: {what} The job goes on in the cloud; I keep asking.",
        LineKind.JOB_DONE: "The cloud says that the reversal is done. I now verify that production really moved.",
        LineKind.JOB_FAILED: "The job *failed* ({code}). {what} {cure}",
        LineKind.VERIFIED: "*Verified*: production is at {zone} now, for the group, its servers and its pairs.",
        LineKind.UNVERIFIED: "The job is done, but this is *not verified*: {missing} No server was started.",
        LineKind.STARTING: "Starting wave {wave} of {total}: {servers}.",
        LineKind.RUNNING: "{done} of {total} servers are running.",
        LineKind.NOT_RUNNING: "These servers did not come up: {servers}. Start them by hand in the console.",
        LineKind.CANCEL_ASKED: "{account} asked to cancel. Nothing will be reversed.",
        LineKind.RESTARTED: "Started again where they ran before: {done} of {total} servers that this run had stopped.",
        LineKind.CANCELLED: "*Cancelled* before the reversal. Production stays where it was.",
        LineKind.NEEDS_PERSON: "*A person must look*: {what} Nothing is sent again by itself.",
        LineKind.LOOKED_AGAIN: "{account} asked to look again. Nothing is sent; I read the group's status.",
        LineKind.CLOSED: "*Closed as unknown* by {account}: {reason}",
        LineKind.CONFIRMED: "{account} confirmed that the service works. The outage clock stops here.",
        LineKind.BREAK_GLASS: "*Break-glass* by {account}, alone and without approvals: {reason} {users} {groups}",
        LineKind.REVIEWED: "{account} wrote the break-glass review.",
    }
)


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "–"


def sentence(line: Line) -> str:
    """mrkdwn, every fact escaped and cut; below 3,000 characters."""
    shown = _Facts({name: _show(name, fact) for name, fact in line.facts.items()})
    return TEMPLATES[line.kind].format_map(shown).strip()


def _show(name: str, fact: Fact) -> str:
    match name, fact:
        case "account", str(text):
            return _account(text)
        case "users", list(items):
            return " ".join(mention_user(user) for user in items[:PINGED])
        case "groups", list(items):
            return " ".join(mention_group(group) for group in items[:PINGED])
        case "start_at", str(text):
            return _moment(text)
        case (("job_id" | "code" | "zone" | "plan"), str(text)):
            return code(text, 80)
        case "warnings", list(items):
            return f"{count(len(items), 'warning')}: {sentences(items, 900)}" if items else "No warnings."
        case (("changes" | "missing"), list(items)):
            return sentences(items, 900)
        case _, list(items):
            return names(items, 600) or "none"
        case _:
            return mrkdwn(str(fact), 600)


def _account(text: str) -> str:
    try:
        return mention(Account.parse(text))
    except ValueError:
        return mention(None)


def _moment(text: str) -> str:
    try:
        return when(datetime.fromisoformat(text))
    except ValueError:
        return mrkdwn(text, 40)
