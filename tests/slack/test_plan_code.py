"""People compare the plan's short code by eye: it stands wherever they decide about it or see it run."""

from __future__ import annotations

from bot.domain.lines import LineKind, line
from bot.domain.request import State
from bot.slack import texts, thread
from bot.slack.cards import decision_card, end_card, incident_message, progress_card
from bot.slack.modals import Form, approve_view, request_form
from tests.slack import given


def test_the_plans_code_goes_with_it_from_the_form_to_the_end() -> None:
    scene = given.scene(given.request(State.RUNNING), run=given.run(), key="started")
    code, pending = given.plan().code, given.scene()
    form = Form(project=given.request().project, group=given.snapshot().group, plan_code=code)
    shown = [
        str(request_form(form)["blocks"]),
        str(decision_card(pending).blocks),
        str(approve_view(pending)["blocks"]),
        texts.approved(1, 2, code),
        thread.sentence(line(LineKind.APPROVED, plan=code)),
        thread.sentence(line(LineKind.STARTED, plan=code)),
        str(progress_card(scene).blocks),
        str(incident_message(scene).blocks),
        str(end_card(scene).blocks),
    ]
    assert [number for number, text in enumerate(shown) if f"`{code}`" not in text] == []
