"""The small messages: lines of the thread, notes to one person, reminders, and the pointer to the login guidance."""

from __future__ import annotations

from bot.domain.lines import Line
from bot.domain.request import State
from bot.slack import thread
from bot.slack.blocks import Block, actions, button, section
from bot.slack.cards import lines
from bot.slack.cards.decision import deciders
from bot.slack.cards.scene import Message, Scene
from bot.slack.escape import cut, link, mention_group, mention_user, mrkdwn, plain, when
from bot.slack.ids import ActionId, BlockId

PINGED = 40  # mentions in one reminder


def line_message(scene: Scene) -> Message:
    said = _said(scene)
    return Message(text=said, blocks=[section(said)])


def _said(scene: Scene) -> str:
    """A kind that this release doesn't know was written by a newer one: better a dull line than none."""
    try:
        return cut(thread.sentence(Line.from_data(scene.data)), 2900)
    except ValueError:
        return "Something changed; the card above shows what is true now."


def note_message(scene: Scene) -> Message:
    """A direct message: without its thread it must say what it is about."""
    about = f"*{lines.headline(scene.request)}*"
    where = f"\n{link(scene.card_url, 'Open the card')}" if scene.card_url else ""
    said = _said(scene)
    text = f"{plain(scene.request.group.name, 80)}: {said}"
    return Message(text=text, blocks=[section(f"{about}\n{said}{where}")])


def reminder_message(scene: Scene) -> Message:
    """Only to those who can still act: `users` and `usergroups` of the data, else whoever the rule asks."""
    request, quorum = scene.request, scene.quorum
    whom = _pinged(scene)
    told = (
        f"{whom}: *{mrkdwn(request.group.name, 80)}* still needs {quorum.needed - quorum.given} of {quorum.needed} "
        f"approvals. It expires {when(request.expires_at)}. The card at the top of this thread has the buttons."
    )
    if request.state is not State.PENDING:
        told = f"Reminder: settled. *{mrkdwn(request.group.name, 80)}* needs no decision any more."
    return Message(text=f"{plain(request.group.name, 80)} still waits for approvals.", blocks=[section(told)])


def _pinged(scene: Scene) -> str:
    users, groups = scene.data.get("users"), scene.data.get("usergroups")
    shown = [mention_user(str(user)) for user in users] if isinstance(users, list) else []
    shown += [mention_group(str(group)) for group in groups] if isinstance(groups, list) else []
    if shown:
        return ", ".join(shown[:PINGED])
    return deciders(scene)


def pointer_message(scene: Scene) -> Message:
    """Ephemeral, so never the only copy: it points to the direct message, where the guidance stays."""
    told = f"Login guidance for *{mrkdwn(scene.request.group.name, 80)}* is in your direct messages with me."
    return Message(text=told, blocks=[section(told), *show_login(scene)])


def show_login(scene: Scene) -> list[Block]:
    says = f"Show how to log in to {plain(scene.request.group.name, 30)}"
    made = button("Login guidance", ActionId.SHOW_LOGIN, scene.target, says=says)
    return actions([made], block_id=BlockId.DECIDE)
