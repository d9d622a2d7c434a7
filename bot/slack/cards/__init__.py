"""Every message about a request, each drawn by one function from a `Scene`; it decides nothing."""

from bot.slack.cards.decision import decision_card
from bot.slack.cards.end import end_card, incident_message
from bot.slack.cards.login import login_message, login_view, login_whisper
from bot.slack.cards.notes import line_message, note_message, pointer_message, reminder_message
from bot.slack.cards.progress import progress_card, question_message
from bot.slack.cards.scene import Message, Scene

__all__ = [
    "Message",
    "Scene",
    "decision_card",
    "end_card",
    "incident_message",
    "line_message",
    "login_message",
    "login_view",
    "login_whisper",
    "note_message",
    "pointer_message",
    "progress_card",
    "question_message",
    "reminder_message",
]
