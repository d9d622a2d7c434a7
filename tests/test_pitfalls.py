"""Where other tools of this kind went wrong, and which test shows that this one does not: the index, kept true."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

# What went wrong elsewhere: the tests that show our rule.
PITFALLS = {
    "1 The message was the database": (
        "test_a_button_value_survives_the_round_trip",
        "test_slack_accepts_every_message",
    ),
    "2 Granted before the call was made": ("test_an_order_is_sent_once_and_its_end_is_true",),
    "3 Two clicks, two executions": ("test_f12_of_fifty_clicks_by_five_people_on_two_processes_one_approves",),
    "4 A late click still worked": ("test_f13_a20_a_click_after_the_expiry_is_too_late_whatever_is_still_drawn",),
    "5 Died before posting": (
        "test_an_outage_delays_messages_and_loses_none",
        "test_two_processes_post_one_card",
    ),
    "6 Posted twice after a timeout": ("test_an_accepted_post_whose_answer_was_lost_is_found_again",),
    "7 Decisions in memory were lost": ("test_f1_f4_f6_a_crash_leads_to_one_post_and_the_true_end",),
    "8 No approvers meant everybody": ("test_a_group_without_a_rule_lets_nobody_start_or_decide",),
    "9 Approving one approved another": (
        "test_a_person_approves_a_revision_once",
        "test_a_forged_button_is_an_unknown_request",
    ),
    "10 Lists were read without paging": (
        "test_a_channel_of_two_hundred_and_fifty_members_takes_three_pages",
        "test_a_project_of_ten_thousand_groups_is_paged_completely",
    ),
    "11 Slow work before the modal": ("test_a_cloud_that_takes_ten_seconds_is_waited_for_under_a_loading_view",),
    "12 Dialogs closed the modal": ("test_slack_accepts_every_view",),
    "13 Long text failed the post": ("test_slack_accepts_every_message_about_500_servers",),
    "14 The parent was deleted": ("test_a_deleted_card_is_posted_again_and_the_thread_goes_on_there",),
    "15 Edits hit the rate limit": ("test_thirty_changes_of_a_job_are_few_edits_and_the_result_is_on_time",),
    "16 response_url for long jobs": ("test_no_answer_goes_through_an_address_from_the_payload",),
    "17 Ephemeral instructions were gone": ("test_login_guidance_is_a_direct_message_and_the_pointer_is_private",),
    "18 Late events undid newer state": ("test_no_sequence_of_events_leaves_a_final_state",),
    "19 A token on a global client": ("test_a_click_from_another_workspace_is_foreign",),
    "20 People matched by name": ("test_a14_an_account_of_another_workspace_is_not_the_approver_of_the_same_id",),
    "21 Approval by guests and leavers": ("test_guests_bots_strangers_and_leavers_are_seen_as_such",),
    "22 Refusals were not recorded": ("test_every_change_of_state_has_one_audit_row",),
    "23 A timeout shown as denied": ("test_the_six_ends_that_people_confuse_are_six_words",),
    "24 Reminders after the decision": ("test_a_reminder_after_the_decision_is_never_sent",),
    "25 It needed the failed region": (
        "test_a_list_that_is_down_is_shown_with_its_age",
        "test_a_bot_in_the_zone_it_may_have_to_leave_is_warned",
    ),
    "26 A lost answer, sent again": (
        "test_an_order_that_was_sent_and_not_answered_has_an_unknown_outcome_and_is_sent_once",
    ),
    "27 Success from the job alone": ("test_a_job_that_lies_is_not_believed",),
    "28 Nothing running anywhere": ("test_cancel_before_the_reversal_starts_the_same_servers_again",),
    "29 An exception after the ack": ("test_a_click_nobody_answers_is_told_to_the_person",),
    "30 not_in_channel after approval": ("test_a_channel_the_bot_is_not_in_is_told_in_the_form",),
    "31 Free text pinged hundreds": (
        "test_ten_kilobytes_of_reason_are_refused_and_three_thousand_characters_ping_nobody",
    ),
    "32 Tokens in logs": (
        "test_no_secret_is_in_the_log",
        "test_whatever_looks_like_a_secret_is_hidden",
    ),
}


@cache
def every_test() -> frozenset[str]:
    files = Path(__file__).parent.rglob("test_*.py")
    return frozenset(name for file in files for name in re.findall(r"def (test_\w+)\(", file.read_text("utf-8")))


@pytest.mark.parametrize("pitfall", PITFALLS)
def test_each_pitfall_is_named_by_tests_that_exist(pitfall: str) -> None:
    missing = set(PITFALLS[pitfall]) - every_test()
    assert not missing


def test_no_pitfall_is_left_out() -> None:
    assert [int(pitfall.split()[0]) for pitfall in PITFALLS] == list(range(1, 33))


def test_no_answer_goes_through_an_address_from_the_payload() -> None:
    """`response_url` works five times in thirty minutes, and may be forged."""
    root = Path(__file__).parents[1]
    ours = [*(root / "handlers").rglob("*.py"), *(root / "bot" / "slack").rglob("*.py"), *(root / "bot").glob("*.py")]
    assert not [file.name for file in ours if re.search(r"response_url|respond\(", file.read_text("utf-8"))]
