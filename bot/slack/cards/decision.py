"""The card that approvers decide on: twelve lines, then buttons; afterwards the same card says what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from bot.domain.policy import Audience
from bot.domain.preflight import Level
from bot.domain.request import Approval, Request, State
from bot.slack.blocks import Block, actions, button, context, header, literal, section
from bot.slack.cards import lines
from bot.slack.cards.scene import Message, Scene
from bot.slack.escape import link, mention, mention_group, mention_user, mrkdwn, plain, sentences, when
from bot.slack.ids import ActionId, BlockId
from bot.slack.words import STATE


def decision_card(scene: Scene) -> Message:
    if scene.key not in ("", str(scene.request.revision)):
        return _replaced(scene)
    request = scene.request
    state = STATE[request.state]
    text = f"{lines.headline(request)}: {plain(request.from_zone, 60)} → {plain(request.to_zone, 60)}. {state}."
    return Message(text=text, blocks=[*_facts(scene), section(approval_state(scene)), *_buttons(scene)])


def _facts(scene: Scene) -> list[Block]:
    request = scene.request
    return [
        header(lines.headline(request)),
        section("\n".join((lines.direction(request), lines.kind(request), lines.verdict(request)))),
        section("\n".join((lines.replication(request), lines.servers(request), lines.outage(scene.view.history)))),
        context(lines.STAYS),
        section(lines.login_warning(request, scene.view.history)),
        context(lines.WAY_BACK),
        section(lines.origin(request)),
        literal(lines.reason(request)),
    ]


def _replaced(scene: Scene) -> Message:
    """An older revision's card: it can't be decided any more, and says by what it was replaced."""
    request = scene.request
    what = sentences(request.plan_change, 900) or "see the newer card"
    newer = link(scene.card_url, f"Revision {request.revision}") if scene.card_url else f"Revision {request.revision}"
    told = (
        f"*Superseded.* The plan changed, so approvals of this revision are void. {newer} replaces it.\nChanged: {what}"
    )
    blocks = [header(lines.headline(request)), section(told)]
    return Message(text=f"{lines.headline(request)}: superseded by revision {request.revision}.", blocks=blocks)


# ------------------------------------------------------------------------------------------- line 12


def approval_state(scene: Scene) -> str:
    """Line 12: how far the decision is, or what it was, by whom and why. The row and nothing else."""
    request = scene.request
    match request.state:
        case State.PENDING:
            return _pending(scene)
        case State.APPROVED:
            return _approved(scene)
        case State.DENIED | State.WITHDRAWN | State.EXPIRED | State.SUPERSEDED:
            return _ended_undone(scene)
        case State.RUNNING | State.NEEDS_PERSON:
            return f"*{STATE[request.state]}* · {_by(scene)} · {lines.plan_code(request)} · see this thread"
        case State.VERIFIED | State.UNVERIFIED | State.PARTLY | State.FAILED | State.CANCELLED | State.UNKNOWN:
            ended = when(request.updated_at)
            return f"*{STATE[request.state]}* {ended} · {_by(scene)} · {lines.plan_code(request)} · see this thread"
        case _:
            assert_never(request.state)


def _pending(scene: Scene) -> str:
    request, quorum = scene.request, scene.quorum
    head = f"*{quorum.given} of {quorum.needed}* · expires {when(request.expires_at)} · {lines.plan_code(request)}"
    told = [head]
    if request.revision > 1 and request.plan_change:
        told.append(f"Revision {request.revision}. Changed: {sentences(request.plan_change, 500)}")
    if len(quorum.roles) > 1:
        told.append(" · ".join(f"{mrkdwn(name, 60)} {given} of {need}" for name, given, need in quorum.roles[:8]))
    if scene.view.approvals:
        told.append(f"Approved by {_approvers(scene.view.approvals)}")
    if scene.rule and not lines.findings(request, Level.BLOCKER):
        told.append(f"Can decide: {deciders(scene)}")
    return "\n".join(told)


def _approved(scene: Scene) -> str:
    request, quorum = scene.request, scene.quorum
    start = f"starts {when(request.options.start_at)}" if request.options.start_at else "the run is queued"
    expiry = f"the approval expires {when(request.expires_at)}"
    head = f"*{STATE[State.APPROVED]}* {quorum.given} of {quorum.needed} · {start} · {expiry}"
    return f"{head} · {lines.plan_code(request)}\n{_by(scene)}"


def _ended_undone(scene: Scene) -> str:
    request = scene.request
    if request.state is State.EXPIRED:
        return f"*{STATE[State.EXPIRED]}* {when(request.expires_at)}. Nothing was started."
    who = f" by {mention(request.decided_by)}" if request.decided_by else ""
    moment = f" {when(request.decided_at)}" if request.decided_at else ""
    why = f"\nReason: {mrkdwn(request.decision_reason, 600)}" if request.decision_reason else ""
    return f"*{STATE[request.state]}*{who}{moment}. Nothing was started.{why}"


def _by(scene: Scene) -> str:
    if scene.request.break_glass:
        return f"*break-glass* by {mention(scene.request.requester)}, alone"
    return f"approved by {_approvers(scene.view.approvals)}" if scene.view.approvals else "no approvals on record"


def _approvers(approvals: tuple[Approval, ...]) -> str:
    shown = [f"{mention(a.account)}{' (second factor)' if a.is_step_up else ''}" for a in approvals[:10]]
    return ", ".join(shown) + (f" … ({len(approvals) - 10} more)" if len(approvals) > 10 else "")


def deciders(scene: Scene) -> str:
    """Those who are pinged; backups may decide too and are left in peace."""
    roles = scene.rule.roles[:6] if scene.rule else ()
    return " and ".join(f"{role.need} of {_audience(role.who, scene.on_call)}" for role in roles) or "nobody"


def _audience(who: Audience, on_call: Mapping[str, frozenset[str]]) -> str:
    listed = (on_call.get(name, frozenset()) for name in who.on_call)
    groups = [mention_group(group) for group in sorted(who.usergroups)]
    people = [mention_user(user) for user in sorted(who.users.union(*listed))]
    shown = groups + people
    return ", ".join(shown[:12]) + (f" … ({len(shown) - 12} more)" if len(shown) > 12 else "")


# ------------------------------------------------------------------------------------------ buttons


def _buttons(scene: Scene) -> list[Block]:
    first, second = _deciding(scene), _looking(scene.request, scene.target)
    return [*actions(first, block_id=BlockId.DECIDE), *actions(second, block_id=BlockId.MORE)]


def _deciding(scene: Scene) -> list[Block]:
    """Approve is missing when something blocks: there is nothing to think about then."""
    request, value, group = scene.request, scene.target, plain(scene.request.group.name, 30)
    if request.state not in (State.PENDING, State.APPROVED):
        return []
    made = []
    if request.state is State.PENDING and not lines.findings(request, Level.BLOCKER):
        says = f"Approve the switchover of {group}"
        made.append(button("Approve…", ActionId.APPROVE, value, says=says, style="primary"))
    made.append(button("Deny…", ActionId.DENY, value, says=f"Deny the switchover of {group}", style="danger"))
    if scene.view.approvals:
        made.append(button("Take back", ActionId.RETRACT, value, says=f"Take back my approval of {group}"))
    return made


def _looking(request: Request, value: str) -> list[Block]:
    group = plain(request.group.name, 30)
    made = [button("Details", ActionId.DETAILS, value, says=f"Servers, pairs and checks of {group}")]
    if request.state is State.PENDING:
        made.append(button("Check again", ActionId.CHECK_AGAIN, value, says=f"Check {group} again"))
    if request.state in (State.PENDING, State.APPROVED):
        made.append(button("Withdraw", ActionId.WITHDRAW, value, says=f"Withdraw my request for {group}"))
    return made
