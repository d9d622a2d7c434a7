"""Whatever a server writes, reading it never fails and never makes things up."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from bot.cloud.bodies import ErrorBody, parse_body, parse_reason, without_halves

words = st.text(st.characters(), max_size=10)  # JSON may hold half a surrogate pair
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | words,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(words | st.sampled_from(["code", "message", "request_id", "error"]), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(body):
    assert isinstance(parse_body(body), ErrorBody)


@given(json_values)
def test_no_json_breaks_the_reader(value):
    read = parse_body(json.dumps(value).encode())
    assert read.is_json
    str(read).encode()


@given(json_values)
def test_a_strict_reader_can_read_what_holds_half_a_letter(value):
    document = without_halves(json.dumps(value).encode())
    assert from_json(document) == json.loads(document)


def test_a_fail_reason_with_half_a_letter_in_it_can_be_written_down():
    assert parse_reason(r'T-fail: {"badRequest": {"message": "busy\ud800", "code": 400}}').message == "busy\ufffd"


def test_the_outermost_complete_pair_wins_over_half_a_pair():
    body = b'{"code": 500, "error": {"code": "SDRS.1013", "message": "gone"}}'
    assert parse_body(body).code == "SDRS.1013"


def test_half_a_pair_is_better_than_nothing():
    assert parse_body(b'{"error": "invalid_grant"}').message == "invalid_grant"


def test_a_web_page_is_read_without_its_markup():
    page = b"<html><head><style>a{}</style><script>var token=1</script></head><body>Bad &amp; broken</body></html>"
    assert parse_body(page).message.split() == ["web", "page:", "Bad", "&", "broken"]


PLAIN = "SdrsGenerateNativeServerParamsTask-fail:volume is error!"
CUT_OFF = 'T-fail:SDRS.0011:Client error : {"badRequest": {"mess'


@pytest.mark.parametrize(
    ("reason", "code", "message"),
    [
        (PLAIN, "", PLAIN),
        ('T-fail:SDRS.0011:Client error : {"badRequest": {"message": "busy", "code": 400}}', "SDRS.0011", "busy"),
        (CUT_OFF, "SDRS.0011", CUT_OFF),
        ("", "", ""),
    ],
)
def test_a_fail_reason_gives_its_code_and_what_is_inside(reason, code, message):
    body = parse_reason(reason)
    assert (body.code, body.message) == (code, message)
