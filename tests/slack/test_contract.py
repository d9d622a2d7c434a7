"""Every message and every view, in every state and with the worst text there is, is one that Slack accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import pytest
from hypothesis import example, settings
from hypothesis import given as hypothesis_given

from bot.domain.facts import ProjectAlias
from bot.slack import modals
from bot.slack.blocks import View
from bot.slack.cards import (
    Message,
    Scene,
    decision_card,
    end_card,
    incident_message,
    line_message,
    login_message,
    login_view,
    login_whisper,
    note_message,
    pointer_message,
    progress_card,
    question_message,
    reminder_message,
)
from bot.slack.home import HomePage, home
from bot.slack.modals import Form
from tests.slack import given
from tests.slack.contract import check_message, check_quiet, check_view
from tests.slack.test_escape import NASTY

MESSAGES: list[Callable[[Scene], Message]] = [
    decision_card,
    end_card,
    incident_message,
    line_message,
    login_message,
    login_whisper,
    note_message,
    pointer_message,
    progress_card,
    question_message,
    reminder_message,
]
ARABIC = "طلب تجاوز الفشل عاجل " * 500
WORST = [
    "<!channel> @channel <@U1> <https://evil.example|Approve> `x` *b*\nApproved by: boss " * 140,
    ARABIC,
    "👩‍👩‍👧 ⚠ :white_check_mark: " * 500,
    "&<>" * 4000,
    "x" * 10_000,
]


def views(scene: Scene) -> list[View]:
    request, snapshot = scene.request, scene.request.snapshot
    form = Form(project=request.project)
    chosen = replace(form, group=snapshot.group, rule=scene.rule, plan_code="7F3A-91")
    return [
        modals.loading_view(),
        modals.problem_view("Nothing was changed."),
        modals.notice_view(request.reason),
        modals.choose_project([ProjectAlias(f"{n} {request.reason[:80]}") for n in range(120)]),
        modals.request_form(form),
        modals.request_form(chosen),
        modals.request_form(replace(chosen, break_glass=True)),
        modals.request_form(replace(form, must_type_id=True, list_trouble=request.reason, list_read_at=scene.now)),
        modals.approve_view(scene),
        modals.deny_view(request),
        modals.close_view(request),
        modals.review_view(request),
        modals.details_view(request),
        login_view(request, scene.view.history),
        modals.hard_stop_view(request, scene.run or given.run(question_subjects=(request.reason,))),
        home(HomePage(waiting=[request] * 9, mine=[request], running=[request], recent=[request] * 30)),
        home(HomePage()),
    ]


@pytest.mark.parametrize("draw", MESSAGES, ids=lambda draw: draw.__name__)
@pytest.mark.parametrize("text", ["", *WORST], ids=["ordinary", "live", "arabic", "emoji", "entities", "long"])
def test_slack_accepts_every_message(draw: Callable[[Scene], Message], text: str) -> None:
    for scene in given.everything(text)[:: 4 if text else 1]:
        check_message(draw(scene))


@pytest.mark.parametrize("draw", MESSAGES, ids=lambda draw: draw.__name__)
def test_slack_accepts_every_message_about_500_servers(draw: Callable[[Scene], Message]) -> None:
    for scene in given.everything(WORST[0][:255], servers=500)[::17]:
        check_message(draw(scene))


@pytest.mark.parametrize("text", ["", *WORST], ids=["ordinary", "live", "arabic", "emoji", "entities", "long"])
def test_slack_accepts_every_view(text: str) -> None:
    for scene in given.everything(text)[::25]:
        for view in views(scene):
            check_view(view)


def test_slack_accepts_every_view_about_500_servers() -> None:
    findings = tuple(replace(given.WARNING, check=f"check-{n}") for n in range(25))
    text = WORST[3][:255]
    for view in views(given.scene(given.request(servers=500, text=text, findings=findings))):
        check_view(view)


@hypothesis_given(text=NASTY)
@example(text="\ud800")
@settings(max_examples=40, deadline=None)
def test_no_text_is_live_in_any_message_or_view(text: str) -> None:
    for scene in given.everything(text or "-", servers=2)[::10]:
        check_quiet([asdict(draw(scene)) for draw in MESSAGES], views(scene))
