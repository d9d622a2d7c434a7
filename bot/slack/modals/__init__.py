"""Every modal, each built by one function from values; it decides nothing."""

from bot.slack.cards.login import login_view
from bot.slack.modals.decide import (
    approve_view,
    close_view,
    deny_view,
    hard_stop_view,
    loading_view,
    notice_view,
    problem_view,
    review_view,
    sentence_of,
    step_up_view,
    unique_warnings,
)
from bot.slack.modals.details import check_view, details_view
from bot.slack.modals.form import Form, choose_project, form_errors, group_option, request_form

__all__ = [
    "Form",
    "approve_view",
    "check_view",
    "choose_project",
    "close_view",
    "deny_view",
    "details_view",
    "form_errors",
    "group_option",
    "hard_stop_view",
    "loading_view",
    "login_view",
    "notice_view",
    "problem_view",
    "request_form",
    "review_view",
    "sentence_of",
    "step_up_view",
    "unique_warnings",
]
