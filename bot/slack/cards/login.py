"""The login guidance in words for one person: by rule, each server by name, never a password or a key."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.login import GuideGroup, guide, notes
from bot.domain.request import Request
from bot.ports import History
from bot.slack.blocks import Block, View, context, fit, header, modal, paragraphs, section
from bot.slack.cards import lines
from bot.slack.cards.notes import show_login
from bot.slack.cards.scene import Message, Scene
from bot.slack.escape import cut, link, mrkdwn, names, ours
from bot.slack.ids import CallbackId, encode_target

MESSAGE_LIMIT = 9000  # characters; a message of blocks ends near 13,000
VIEW_LIMIT = 60_000


def login_message(scene: Scene) -> Message:
    """The copy that stays: a direct message. What does not fit is behind its button."""
    request = scene.request
    told = fit(_guidance(request, scene.view.history, 600), MESSAGE_LIMIT)
    where = f" · {link(scene.card_url, 'the request')}" if scene.card_url else ""
    blocks = [
        header(_title(request)),
        context(f"{lines.direction(request)}{where}"),
        *paragraphs(told),
        *show_login(scene),
    ]
    return Message(text=f"{_title(request)}.", blocks=blocks)


def login_whisper(scene: Scene) -> Message:
    """In the place of the pointer, for somebody whom no direct message reaches: once, and only for their eyes."""
    message = login_message(scene)
    told = "I could not send you a direct message. Here is the login guidance instead; it is gone after a reload."
    return replace(message, blocks=[section(told), *message.blocks])


def login_view(request: Request, history: History) -> View:
    told = fit(_guidance(request, history, 2500), VIEW_LIMIT)
    blocks: list[Block] = [context(lines.direction(request)), *paragraphs(told)]
    metadata = encode_target(request.id, request.revision)
    return modal(CallbackId.LOGIN, "Login guidance", blocks, metadata=metadata)


def _title(request: Request) -> str:
    return f"How to log in to “{mrkdwn(request.group.name, 80)}”"


def _guidance(request: Request, history: History, names_limit: int) -> list[str]:
    """From the facts that were read before the run: afterwards every server looks as if it had run before."""
    instances, options = request.snapshot.instances, request.options
    groups = guide(
        instances,
        request.to,
        options.occasion,
        options.passwords_changed,
        earlier_failovers=history.earlier_failovers,
    )
    told = [text for group in groups for text in _group(group, names_limit)]
    return [*told, "*Beside that*", *(f"• {ours(note, 600)}" for note in notes(instances))]


def _group(group: GuideGroup, names_limit: int) -> list[str]:
    """The last line ends with an empty one, so that the eye finds the next server."""
    who = f"*{names(group.servers, names_limit)}* · {'; '.join(group.kinds)}"
    *some, last = (f"• {ours(text, 1500)}" for text in group.paragraphs)
    return [cut(who, 2900), *some, f"{last}\n"]
