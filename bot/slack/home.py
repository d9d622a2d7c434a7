"""The App Home: what a person has asked for, what waits for them, what runs now, and the button to ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.request import Request
from bot.slack.blocks import Block, View, actions, button, context, divider, header, modal, section
from bot.slack.cards.lines import verb
from bot.slack.escape import code, mention, mrkdwn, plain, when
from bot.slack.ids import COMMAND, ActionId, BlockId, CallbackId, encode_target
from bot.slack.words import STATE

SHOWN = 8  # per part: the view stays below Slack's 100 blocks


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePage:
    """What one person sees."""

    waiting: Sequence[Request] = ()
    mine: Sequence[Request] = ()
    running: Sequence[Request] = ()
    recent: Sequence[Request] = ()


def home(page: HomePage) -> View:
    start = button("Request a failover…", ActionId.START, says="Open the form to request a failover", style="primary")
    blocks = [
        header("Planned failovers"),
        *actions([start], block_id=BlockId.HOME),
        *_part("Waiting for your approval", page.waiting, "Nothing waits for you.", decides=True),
        *_part("Your open requests", page.mine, f"You have none. `{COMMAND}` opens the form as well."),
        *_part("Running now", page.running, "Nothing runs."),
        *_part("Recent", page.recent, "Nothing yet."),
    ]
    return {"type": "home", "callback_id": CallbackId.HOME.value, "blocks": blocks}


def status_view(requests: Sequence[Request]) -> View:
    """What is open and what ended last, for `status`."""
    rows = [_row(request) for request in requests[: 2 * SHOWN]]
    return modal(CallbackId.DETAILS, "Failovers", rows or [context("There is none yet.")])


def _part(title: str, requests: Sequence[Request], empty: str, *, decides: bool = False) -> list[Block]:
    shown = [
        block for request in requests[:SHOWN] for block in (_row(request), *(_deciding(request) if decides else ()))
    ]
    more = [context(f"… ({len(requests) - SHOWN} more)")] if len(requests) > SHOWN else []
    return [divider(), section(f"*{title}*"), *(shown or [context(empty)]), *more]


def _deciding(request: Request) -> list[Block]:
    """The same buttons as on the card, with the same value, and judged in the same way."""
    value, group = encode_target(request.id, request.revision), plain(request.group.name, 30)
    approve = button("Approve…", ActionId.APPROVE, value, says=f"Approve the switchover of {group}", style="primary")
    deny = button("Deny…", ActionId.DENY, value, says=f"Deny the switchover of {group}", style="danger")
    return actions([approve, deny])


def _row(request: Request) -> Block:
    zones = f"{mrkdwn(request.from_zone, 60)} → {mrkdwn(request.to_zone, 60)}"
    title = f"{mrkdwn(request.environment, 30)} · {verb(request.to)} “{mrkdwn(request.group.name, 80)}”"
    tail = f"{mention(request.requester)} · {when(request.created_at)} · plan {code(request.plan.code, 20)}"
    return section(f"*{STATE[request.state]}* · {title} · {zones}\n{tail}")
