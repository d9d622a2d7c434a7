"""A transcript shows what the screen showed: names for ids, drawn buttons and boxes, no marks."""

from __future__ import annotations

from bot.demo.reading import as_seen

NAMES = {"U1": "@Rosa Lindqvist", "C1": "#incidents", "S1": "@dr-approvers"}


def test_people_channels_and_user_groups_are_read_by_their_names() -> None:
    text = "<@U1> told <#C1> and <!subteam^S1>, but not <@U2>; see <https://x.example|the card>"
    assert (
        as_seen({"text": text}, NAMES) == "@Rosa Lindqvist told #incidents and @dr-approvers, but not U2; see the card"
    )


def test_marks_are_left_out_and_what_only_looks_like_one_stays() -> None:
    text = "*Verified*: `eu-de-02`, 3 * 4 * 5, snake*case*name, &lt;*b*&gt;"
    assert as_seen({"text": text}, {}) == "Verified: eu-de-02, 3 * 4 * 5, snake*case*name, <b>"


def test_buttons_and_boxes_are_drawn() -> None:
    def said(text: str) -> dict[str, str]:
        return {"type": "plain_text", "text": text}

    buttons = [{"type": "button", "text": said(label)} for label in ("Approve…", "Deny…")]
    boxes = {"type": "checkboxes", "options": [{"text": said("First failover"), "value": "first_failover"}]}
    blocks = [
        {"type": "section", "text": said("0 of 1")},
        {"type": "actions", "elements": buttons},
        {"type": "input", "label": said("I accept"), "element": boxes},
    ]
    assert as_seen({"blocks": blocks}, {}).splitlines() == [
        "0 of 1",
        "[Approve…] [Deny…]",
        "I accept:",
        "☐ First failover",
    ]
