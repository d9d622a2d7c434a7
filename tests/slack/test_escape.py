"""Whatever people or the cloud write, Slack shows it literally: no mention, no link, no formatting, no hidden order."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.people import Account
from bot.slack import escape

HIDDEN = ["\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u00ad", "\x00", "\x1b", "\u3164", "\U000e0041"]
WRITTEN = ["<!channel>", "@channel", "@HERE", "<@U123|x>", "<https://evil.example|Approve>", "a`b`c", "x\ny", "&lt;"]
NASTY = st.text(st.characters() | st.sampled_from([*"<>&`*_~@|!#\n\t", *HIDDEN]), max_size=300) | st.sampled_from(
    WRITTEN
)
LIVE = re.compile(r"<|@(?:channel|here|everyone|group)", re.IGNORECASE)


@given(text=NASTY, limit=st.integers(20, 200))
def test_nothing_that_a_person_writes_is_live(text: str, limit: int) -> None:
    for shown in (escape.plain(text, limit), escape.mrkdwn(text, limit), escape.code(text, limit)):
        assert not LIVE.search(shown)
        assert len(shown) <= limit
        assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
        assert "\n" not in shown


@given(text=NASTY, limit=st.integers(20, 200))
def test_text_in_marked_places_formats_nothing(text: str, limit: int) -> None:
    assert not set("`*~") & set(escape.mrkdwn(text, limit))
    assert escape.code(text, limit).count("`") == 2


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_hidden_character_is_removed(hidden: str) -> None:
    assert escape.plain(f"a{hidden}b", 50) == "ab"


@given(text=st.text(alphabet="abc&<>", max_size=400), limit=st.integers(20, 100))
def test_a_cut_says_how_much_is_missing_and_splits_no_entity(text: str, limit: int) -> None:
    shown = escape.plain(text, limit)
    kept = re.fullmatch(r"(.*?)(?:… \((\d+) more\))?", shown, re.DOTALL)
    assert kept
    readable = html.unescape(kept[1])
    assert text.startswith(readable)
    assert len(readable) + int(kept[2] or 0) == len(text)


def test_a_forged_line_break_stays_on_the_line_of_its_author() -> None:
    assert escape.plain("because\nApproved by: boss", 100) == "because ⏎ Approved by: boss"


@given(items=st.lists(st.text(min_size=1, max_size=100), max_size=60), limit=st.integers(120, 400))
def test_names_say_how_many_are_left_out(items: list[str], limit: int) -> None:
    shown = escape.names(items, limit)
    assert len(shown) <= limit
    assert not LIVE.search(shown)


def test_five_hundred_names_are_cut_between_names() -> None:
    shown = escape.names([f"srv-{n:03}" for n in range(500)], 60)
    assert shown == "srv-000, srv-001, srv-002, srv-003, srv-004 … (495 more)"


def test_a_time_is_shown_in_the_readers_zone_with_utc_beside_it() -> None:
    moment = datetime(2026, 11, 22, 20, 1, 5, tzinfo=UTC)
    assert escape.when(moment) == "<!date^1795377665^{date_short_pretty} at {time}|2026-11-22 20:01 UTC>"
    assert escape.clock(moment) == "<!date^1795377665^{time_secs}|20:01:05 UTC>"


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        (Account("", "T1", "U1ABC"), "<@U1ABC>"),
        (Account("", "T1", "U1> <!channel"), "`U1&gt; &lt;!channel`"),
        (Account("", "operator", "root"), "operator `root`"),
        (None, "the bot"),
    ],
)
def test_a_mention_is_made_of_an_id_and_nothing_else(account: Account | None, shown: str) -> None:
    assert escape.mention(account) == shown


@pytest.mark.parametrize(
    "url", ["ftp://x.example", "javascript:alert(1)", "https://x|y", "https://x> <!channel>", "https://a b"]
)
def test_an_address_that_is_no_plain_permalink_is_only_its_label(url: str) -> None:
    assert escape.link(url, "Open") == "Open"
