"""The record's words for somebody who has never seen the bot: what was tried, what came of it, where it was done."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.domain.policy import Action, Refusal
from bot.domain.request import Event
from bot.domain.surface import PlaceKind

ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        Action.REQUEST: "Ask for the switchover",
        Action.APPROVE: "Approve this plan",  # Event.APPROVE is the same word: the last approval
        Action.DENY: "Deny the request",
        Action.WITHDRAW: "Withdraw the own request",
        Action.RETRACT: "Take the own approval back",
        Action.CHECK: "Check the group again",
        Action.SEE_DETAILS: "Look at servers, pairs and checks",
        Action.SEE_LOGIN: "Read the login guidance",
        Action.CANCEL: "Cancel the run before the reversal",
        Action.ANSWER: "Answer a question of the run",
        Action.CONFIRM: "Confirm that the service is back",
        Action.BREAK_GLASS: "Start alone, without approvals (break-glass)",
        Action.REVIEW: "Write the review that a break-glass owes",
        Event.EXPIRE: "The request expired",
        Event.SUPERSEDE: "The request was superseded",
        Event.DRIFT: "The plan was found changed: a new revision, and earlier approvals are void",
        Event.START: "The run began",
        Event.LOSE_SIGHT: "Nobody can tell what happened: a person must look",
        Event.LOOK_AGAIN: "Look at the group again",
        Event.CLOSE: "Close the request as unknown",
        Event.VERIFY: "Production was seen at the other site",
        Event.FINISH: "The job succeeded, but production was not seen at the other site",
        Event.FINISH_PARTLY: "The move is done, but not everything runs",
        Event.FAIL: "The run failed",
        "step_up": "Confirm with the second factor",
        "payload": "A message from elsewhere was dropped",
        "message_moved": "A message went to another place",
        "message_gone": "A message was deleted in Slack",
        "message_given_up": "A message could not be shown",
        "enrol_second_factor": "Enrol a second factor",
        "remove_second_factor": "Remove a second factor",
        "confirm_restored": "Let the bot work again with a restored database",
        "restore_confirmed": "The restored database is confirmed: the bot works again",
        "fenced_after_restore": "A run of the lost time was fenced: it is never submitted again",
    }
)

OUTCOMES: Mapping[str, str] = MappingProxyType(
    {
        "done": "done",
        "considered": "the second step was opened, nothing is decided by that",
        "already_approved": "counted before, it counts once",
        "already_decided": "too late, it was decided before",
        "already_open": "not made, another request of this group is open",
        "expired": "too late, it had expired",
        "plan_changed": "not counted, the plan had changed",
        "too_late": "too late for that",
        "nothing_to_answer": "not asked (any more)",
        "unacknowledged": "not counted, warnings were not accepted",
        "blocked": "not counted, something blocks the plan",
        "invalid": "not made, the form was incomplete",
        "busy": "not counted, somebody else was faster",
        "cloud_away": "not counted, the cloud did not answer",
        "room_away": "not made, the channel cannot be written to",
        "missing": "no such request",
        "wrong_code": "refused, a wrong code",
        "too_many_codes": "refused, too many wrong codes",
        "not_enrolled": "refused, no second factor is enrolled",
        "link_over": "refused, the link was used, expired or of an earlier revision",
        Refusal.OWN_REQUEST: "refused, it is the person's own request",
        Refusal.NOT_APPROVER: "refused, not an approver of this group",
        Refusal.NOT_REQUESTER: "refused, not the person who asked",
        Refusal.MAY_NOT_REQUEST: "refused, may not ask for this group",
        Refusal.MAY_NOT_BREAK_GLASS: "refused, not on the break-glass list",
        Refusal.REVIEW_OWED: "refused, the review of the last break-glass is owed",
        Refusal.DEACTIVATED: "refused, the account is deactivated",
        Refusal.GUEST: "refused, a guest",
        Refusal.BOT: "refused, a bot",
        Refusal.STRANGER: "refused, of another organisation",
        Refusal.FOREIGN: "refused, of another workspace",
        Refusal.NOBODY_KNOWS: "refused, Slack did not say who this is",
        Refusal.NO_RULE: "refused, no rule of the policy covers the group",
        Refusal.OUTSIDE_WINDOW: "refused, outside of the change windows",
        Refusal.STEP_UP_NEEDED: "not counted yet, the second factor is asked for",
        Refusal.TOO_MANY: "refused, too many requests in a short time",
        Refusal.NO_REASON: "refused, without a reason",
    }
)

SURFACES: Mapping[str, str] = MappingProxyType(
    {
        "button": "with a button in Slack",
        "modal": "in a form in Slack",
        "command": "with the slash command",
        "home": "in the bot's App Home",
        "step-up page": "on the page for the second factor",
        "bot": "by the bot itself",
        "slack": "while showing it in Slack",
        "restore": "after the database was restored",
    }
)

PLACES: Mapping[PlaceKind, str] = MappingProxyType(
    {
        PlaceKind.CARD: "The card that approvers decide on",
        PlaceKind.PROGRESS: "The progress of the run, edited while it goes on",
        PlaceKind.LINE: "A line in the request's thread",
        PlaceKind.QUESTION: "A question of the run",
        PlaceKind.END: "The end card",
        PlaceKind.INCIDENT: "The word to the incident channel",
        PlaceKind.LOGIN: "The login guidance, to one person",
        PlaceKind.POINTER: "A hint that one person sees for a while (Slack keeps no link to it)",
        PlaceKind.REMINDER: "A reminder to those who can still act",
        PlaceKind.NOTE: "A word to one person",
    }
)


def action(word: str, *, alone: bool = False) -> str:
    """`alone`: what looks like an approval of the own request was a break-glass."""
    if alone:
        return ACTIONS[Action.BREAK_GLASS]
    return ACTIONS.get(word) or word.replace("_", " ").capitalize()


def outcome(word: str) -> str:
    return OUTCOMES.get(word) or word.replace("_", " ")


def surface(word: str) -> str:
    kind, _, host = word.partition("@")
    if kind == "cli" and host:
        return f"on the command line of {host}"
    return SURFACES.get(word) or (f"from {word}" if word else "from an unnamed place")
