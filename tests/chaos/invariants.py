"""The nine sentences that must be true after any run of chaos. Each function says where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from bot.domain.audit import Recorded
from tests.chaos.seen import FINAL, Ask, Seen

# The words of the states, written down here once more: the checker must not believe the bot's own table.
WORDS = {
    "pending": "Waiting for approval",
    "approved": "Approved",
    "running": "Running",
    "needs_person": "Needs a person",
    "verified": "Verified",
    "unverified": "Finished, not verified",
    "partly": "Partly done",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "denied": "Denied",
    "expired": "Expired",
    "withdrawn": "Withdrawn",
    "superseded": "Superseded",
    "unknown": "Unknown",
}
ENDS = FINAL | {"needs_person"}
SAME_MOMENT = timedelta(milliseconds=50)  # the cloud's clock is this machine's, the database's too


def i1_one_submission(seen: Seen) -> Iterator[str]:
    """A request is submitted at most once."""
    for ask in seen.asks:
        if len(posts := seen.reversals(ask)) > 1:
            yield f"{ask.id} was submitted {len(posts)} times, at {', '.join(str(post.at) for post in posts)}"


def i2_only_what_was_approved(seen: Seen) -> Iterator[str]:
    """What is submitted was approved before, and is what was approved."""
    known = {ask.group_id for ask in seen.asks}
    for order in seen.orders:
        if order.what == "reverse" and not order.of <= known:
            yield f"{set(order.of)} was reversed and nobody asked for it"
    for ask in seen.asks:
        for post in seen.reversals(ask):
            approvals = [row for row in _approvals(seen, ask) if row.at <= post.at + SAME_MOMENT]
            if not any(row.entry.digest == ask.digest for row in approvals):
                yield f"{ask.id} was submitted without an approval of its plan before"
            if ask.plan_digest != ask.digest:
                yield f"{ask.id}: the plan of the row is not the one of the digest"
            if post.to != ask.to:
                yield f"{ask.id} was submitted towards {post.to} and approved towards {ask.to}"


def i3_everything_ends(seen: Seen) -> Iterator[str]:
    """Each request comes to an end, or to a person."""
    for ask in seen.asks:
        if ask.state not in ENDS:
            yield f"{ask.id} is still {ask.state}"


def i4_other_people_approve(seen: Seen) -> Iterator[str]:
    """Nobody approves an own request, and only approvers approve."""
    for ask in seen.asks:
        for row in _approvals(seen, ask):
            actor = str(row.entry.actor)
            if actor == ask.requester or actor not in seen.approvers:
                yield f"{ask.id} was approved by {actor}"


def i5_every_change_is_on_record(seen: Seen) -> Iterator[str]:
    """Each change of state has one audit row, and the chain is intact."""
    if not seen.chain.is_intact:
        yield seen.chain.sentence
    for ask in seen.asks:
        state = "pending"
        for row in seen.moves(ask):
            if row.entry.detail["before"] != state:
                yield f"{ask.id}: audit row {row.number} begins at {row.entry.detail['before']} and not at {state}"
            state = str(row.entry.detail["after"])
        if state != ask.state:
            yield f"{ask.id} is {ask.state}, and the audit rows end at {state}"


def i6_no_secret_is_written(seen: Seen) -> Iterator[str]:
    """No secret stands in a log, a message, the journal or a table."""
    for what, secret in seen.secrets.items():
        for where, text in seen.written.items():
            if secret in text:
                yield f"{what} stands in {where}"


def i7_logins_are_private(seen: Seen) -> Iterator[str]:
    """Login guidance goes to the requester's direct messages and nowhere else."""
    requesters = {ask.id: ask.requester for ask in seen.asks}
    for message in seen.messages:
        reader = seen.direct.get(message.channel, "")
        if message.kind == "login" and (not reader or not requesters[message.request_id].endswith(f"/{reader}")):
            yield f"{message.request_id}: login guidance was posted to {message.channel}"


def i8_the_card_is_the_row(seen: Seen) -> Iterator[str]:
    """The card shows what the row says, and there is one."""
    for ask in seen.asks:
        cards = [one for one in seen.messages if one.request_id == ask.id and one.place == f"card:{ask.revision}"]
        if len(cards) != 1:
            yield f"{ask.id} has {len(cards)} cards of revision {ask.revision}"
        for card in cards:
            code = f"{ask.digest[:4]}-{ask.digest[4:6]}".upper()
            for said in (f"{WORDS[ask.state]}.", ask.group_name, *ask.zones, code):
                if said not in card.shown:
                    yield f"{ask.id} is {ask.state} and its card does not say {said!r}: {card.text}"


def i9_nothing_after_the_end(seen: Seen) -> Iterator[str]:
    """After its end nothing happens to a request, and no order belongs to none."""
    for ask in seen.asks:
        states = [row.entry.detail["after"] for row in seen.moves(ask)]
        ended = next((number for number, state in enumerate(states, 1) if state in FINAL), len(states))
        if states[ended:]:
            yield f"{ask.id} went on to {states[ended:]} after its end"
    lives = [(ask, *seen.life(ask)) for ask in seen.asks]
    for order in seen.orders:
        mine = [
            ask
            for ask, began, ended in lives
            if order.of & ({ask.group_id} | ask.servers)
            and began <= order.at
            and (ended is None or order.at <= ended + SAME_MOMENT)
        ]
        if not mine:
            yield f"{order.what} of {set(order.of)} at {order.at} belongs to no living request"


INVARIANTS: Mapping[str, Callable[[Seen], Iterator[str]]] = {
    f"I{number}": check
    for number, check in enumerate(
        (
            i1_one_submission,
            i2_only_what_was_approved,
            i3_everything_ends,
            i4_other_people_approve,
            i5_every_change_is_on_record,
            i6_no_secret_is_written,
            i7_logins_are_private,
            i8_the_card_is_the_row,
            i9_nothing_after_the_end,
        ),
        1,
    )
}


def violations(seen: Seen) -> list[str]:
    return [f"{name}: {found}" for name, check in INVARIANTS.items() for found in check(seen)]


def _approvals(seen: Seen, ask: Ask) -> list[Recorded]:
    """Rows of approvals that counted."""
    return [row for row in seen.of(ask) if row.entry.action == "approve" and row.entry.outcome == "done"]
