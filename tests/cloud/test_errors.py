"""Every status, every body shape and every documented code becomes a problem that tells the truth."""

import csv
import json
from pathlib import Path

import httpx
import pytest

from bot.cloud.errors import explain_code, explain_status, explanations, job_failed
from bot.cloud.sdrs import Sdrs
from bot.domain.errors import CloudError, Happened
from bot.domain.facts import GroupId, Job, JobId, Site
from bot.ports import Accepted, Rejected, Unclear
from tests.cloud.support import PASSWORD, TOKEN, session_over, signed_in

GROUP = GroupId("40df180b-9fe2-471a-8c64-1b758dc84189")
JOB = JobId("0000000062db92d70162db9d200f002d")
SHAPES = {
    "error": {"error": {"message": "no", "code": "SDRS.1319"}},
    "error with details": {"error": {"message": "no", "code": "Ecs.0605", "details": [{"code": "x", "message": "y"}]}},
    "badrequest": {"badrequest": {"message": "no", "code": "XXX"}},
    "badRequest": {"badRequest": {"message": "no", "code": 400}},
    "itemNotFound": {"itemNotFound": {"message": "no", "code": 404}},
    "keystone": {"error": {"message": "no", "code": 401, "title": "Unauthorized"}},
    "gateway": {"error_msg": "no", "error_code": "APIGW.0301", "request_id": "r-1"},
    "older gateway": {"error_msg": "no", "error_code": "APIG.0308", "request_id": "r-1"},
    "camel": {"errorCode": "AS.0001", "errorMsg": "no"},
    "flat": {"code": "Ecs.0005", "message": "no"},
    "identity": {"error_code": "IAM.0101", "error_msg": "no", "encoded_authorization_message": "zzz"},
    "nested text": {"error": {"code": 400, "message": 'SDRS.0011:Client error : {"badRequest": {"message": "no"}}'}},
}
BODIES = {name: json.dumps(shape).encode() for name, shape in SHAPES.items()} | {
    "html": b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>no</h1></body></html>",
    "text": b"upstream connect error",
    "nothing": b"",
    "broken json": b'{"error": {"message": "no", "co',
    "not utf-8": b"\xff\xfe\x00",
    "a list": b"[1, 2]",
    "null": b"null",
    "very deep": b"[" * 5_000,
    "deep objects": b'{"a":' * 60 + b"1" + b"}" * 60,
}
STATUSES = range(400, 505)
FAILED_ACTIONS = {f"SDRS.{number}" for number in (1027, 1028, 1029, 1030, 1032)}  # not refused: begun, and failed
ROWS = [
    (int(row["http_status"]), row["code"])
    for row in csv.DictReader(Path(__file__).with_name("data").joinpath("sdrs_codes.csv").read_text().splitlines())
]


def answering(status, body=b"", headers=None):
    """A session to a cloud that gives one answer to everything, and the list of what it was asked."""
    session, calls, _ = changing(status, body, headers)
    return session, calls


def changing(status, body=b"", headers=None):
    """As `answering`; the status can be changed through the last value."""
    calls, says = [], {"status": status}

    def handler(request):
        calls.append(request)
        return httpx.Response(says["status"], content=body, headers=headers)

    return session_over(signed_in(handler)), calls, says


async def reverse(session, *, is_still_ours=lambda: True):
    return await Sdrs(session).reverse(GROUP, Site.TARGET, is_still_ours=is_still_ours)


async def problem_of_job(session):
    with pytest.raises(CloudError) as caught:
        await Sdrs(session).job(JOB)
    return caught.value.problem


def is_complete(problem):
    return problem.what.endswith(".") and problem.not_done.endswith(".") and problem.cure.endswith(".")


@pytest.mark.parametrize("shape", BODIES)
async def test_an_order_refused_with_any_status_and_body_is_sent_once_and_understood(shape):
    session, calls, says = changing(400, BODIES[shape])
    for status in STATUSES:
        says["status"] = status
        calls.clear()
        outcome = await reverse(session)
        is_undecided = status >= 500 or status in (408, 499)
        assert isinstance(outcome, Unclear if is_undecided else Rejected), status
        assert len(calls) == 1, status
        assert outcome.problem.status == status
        assert outcome.problem.happened is (Happened.UNKNOWN if is_undecided else Happened.NO)
        assert is_complete(outcome.problem)
        assert ("did not succeed" in outcome.problem.what) is not is_undecided
        assert not (is_undecided and outcome.problem.is_retryable)


@pytest.mark.parametrize("shape", BODIES)
async def test_a_job_that_cannot_be_read_never_looks_like_a_job_that_failed(shape):
    session, calls, says = changing(400, BODIES[shape])
    for status in STATUSES:
        says["status"] = status
        calls.clear()
        problem = await problem_of_job(session)
        assert problem.happened is Happened.NO
        assert problem.status == status
        assert is_complete(problem)
        assert len(calls) <= 4


@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_a_sentence(status):
    explanation = explain_status(status)
    assert explanation.cause.endswith((".", ")"))
    assert explanation.cure.endswith(".")


@pytest.mark.parametrize("shape", sorted(SHAPES))
async def test_code_and_message_are_found_in_every_shape(shape):
    session, _ = answering(400, BODIES[shape], {"X-Request-Id": "req-7"})
    problem = (await reverse(session)).problem
    assert problem.detail == "no"
    assert problem.request_id == "req-7"
    expected = {"nested text": "SDRS.0011", "error": "SDRS.1319", "gateway": "APIGW.0301", "badrequest": "XXX"}
    assert problem.code == expected.get(shape, problem.code) != ""


async def test_a_code_without_a_sentence_of_ours_is_told_in_the_clouds_own_words():
    body = {"error": {"code": "SDRS.9999", "message": "The moon is full. It waxes no more."}}
    told = (await reverse(answering(400, json.dumps(body).encode())[0])).problem.what
    assert told.endswith("The cloud's own words: “The moon is full. It waxes no more”.")
    body = {"error": {"code": "SDRS.9999", "message": "The moon is full, password=canary"}}
    problem = (await reverse(answering(400, json.dumps(body).encode())[0])).problem
    assert "The cloud's own words: “The moon is full, password=[hidden]”." in problem.what
    assert "Reference: SDRS.9999, HTTP 400." in problem.sentence
    page = (await reverse(answering(400, BODIES["html"])[0])).problem
    assert "own words" not in page.what


async def test_request_id_comes_from_the_body_when_no_header_names_it():
    session, _ = answering(403, BODIES["gateway"])
    assert (await reverse(session)).problem.request_id == "r-1"


@pytest.mark.parametrize(("status", "code"), ROWS)
async def test_every_documented_code_has_its_own_cause_and_a_cure(status, code):
    explanation = explain_code(code)
    body = json.dumps({"error": {"code": code, "message": "theirs"}}).encode()
    session, _ = answering(status, body)
    outcome = await reverse(session)
    assert explanation is not None
    assert explanation.cause in outcome.problem.sentence
    assert outcome.problem.code == code
    is_unclear = status == 500 or code in FAILED_ACTIONS
    assert isinstance(outcome, Unclear if is_unclear else Rejected)
    assert is_unclear or explanation.cure in outcome.problem.sentence


def test_no_sentence_is_written_twice_for_codes_that_mean_different_things():
    causes = [explanation.cause for explanation in explanations().values()]
    twins = {cause for cause in causes if causes.count(cause) > 1}
    assert twins <= {
        "A server at the current production site is still running.",
        "The service found the size of a page out of its range (1 to 1000).",
        "The service cannot do this because of an error in its own system.",
        "The token belongs to another project than the one in the call.",
        "The cloud did not accept the bot's token.",
        "The server service had an internal error.",
        "The server does not exist.",
        "The cloud is limiting calls.",
        "The bot's user may not do this to servers.",
    }


@pytest.mark.parametrize("code", ["SDRS.1013", "SDRS.1320", "SDRS.1902", "SDRS.1608", "SDRS.1326", "Ecs.0114"])
async def test_status_400_with_a_code_for_missing_means_missing(code):
    session, _ = answering(400, json.dumps({"error": {"code": code, "message": "gone"}}).encode())
    assert (await problem_of_job(session)).is_missing


async def test_status_404_of_a_web_page_does_not_mean_that_the_thing_is_missing():
    session, _ = answering(404, BODIES["html"])
    assert not (await problem_of_job(session)).is_missing


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"<html>ok</html>", b'{"job_id": null}', b'{"job_id": ""}', b'{"job_id": 7}', b'{"job', b"[]"],
)
@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_success_without_a_job_id_is_an_unknown_outcome(status, body):
    session, calls = answering(status, body)
    outcome = await reverse(session)
    assert isinstance(outcome, Unclear)
    assert len(calls) == 1


async def test_accepted_with_a_flow_limit_code_was_not_done():
    session, _ = answering(
        202, json.dumps({"error": {"code": "Common.0024", "message": "Flow limit exceeded"}}).encode()
    )
    outcome = await reverse(session)
    assert isinstance(outcome, Rejected)
    assert outcome.problem.is_retryable


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_and_its_outcome_is_unknown(status):
    session, calls = answering(status, headers={"Location": "https://elsewhere.example.com/"})
    assert isinstance(await reverse(session), Unclear)
    assert [call.url.host for call in calls] == ["sdrs.eu-de.otc.t-systems.com"]


async def test_accepted_order_names_its_job_and_asks_for_the_other_site():
    session, calls = answering(200, b'{"job_id": "0000000062db92d70162db9d200f002d"}')
    assert await reverse(session) == Accepted(job_id=JOB)
    assert json.loads(calls[0].content) == {"reverse-server-group": {"priority_station": "target"}}
    assert calls[0].url.path.endswith(f"/server-groups/{GROUP}/action")


async def test_an_order_that_is_not_ours_any_more_is_not_sent():
    session, calls = answering(200, b'{"job_id": "1"}')
    outcome = await reverse(session, is_still_ours=lambda: False)
    assert isinstance(outcome, Rejected)
    assert calls == []


async def test_what_a_refusal_repeats_of_our_secrets_is_hidden():
    body = json.dumps({"error": {"code": "X", "message": f"bad {PASSWORD} and {TOKEN}, token=abc, https://u:p@h/"}})
    session, _ = answering(400, body.encode())
    problem = (await reverse(session)).problem
    for secret in (PASSWORD, TOKEN, "abc", "u:p"):
        assert secret not in repr(problem)


async def test_details_are_short_and_hold_no_control_characters():
    session, _ = answering(400, json.dumps({"code": "X", "message": "a\n\x00\u202e" + "b" * 10_000}).encode())
    detail = (await reverse(session)).problem.detail
    assert len(detail) <= 300
    assert detail.isprintable()


def job(status="FAIL", **fields):
    return Job(**({"id": JOB, "type": "reverseProtectionGroupNoCG", "status": status} | fields))


def test_a_failed_job_speaks_with_the_words_of_its_deepest_failed_sub_job():
    inner = job(
        error_code="",
        fail_reason='X-fail:SDRS.0011:Client error : {"badRequest": {"message": "disk busy", "code": 400}}',
    )
    problem = job_failed(job(error_code="SDRS.1029", sub_jobs=(job("SUCCESS"), inner)), "The planned failover")
    assert problem.happened is Happened.YES
    assert problem.code == "SDRS.0011"
    assert problem.detail == "disk busy"
    assert explain_code("SDRS.0011").cause in problem.sentence


def test_a_failed_sub_job_that_says_nothing_leaves_the_word_to_its_parent():
    outer = job(error_code="Ecs.0611", sub_jobs=(job(sub_jobs=(job("SUCCESS"),)),))
    assert job_failed(outer, "Stopping the servers").code == "Ecs.0611"


def test_a_number_inside_of_the_reason_does_not_hide_the_code_of_the_job():
    reason = 'Client error : {"badRequest": {"message": "busy", "code": 400}}'
    assert job_failed(job(error_code="SDRS.0013", fail_reason=reason), "The planned failover").code == "SDRS.0013"


def test_the_reason_that_the_server_service_writes_beside_the_server_is_read():
    sub_job = job(id="s", entities=(("server_id", "1"), ("errorcode_message", "the host is gone")))
    assert job_failed(job(sub_jobs=(sub_job,)), "Stopping the servers").detail == "the host is gone"


def test_a_failed_job_without_any_reason_still_gives_a_sentence():
    problem = job_failed(job(), "The planned failover")
    assert problem.sentence.startswith("The planned failover failed in the cloud.")
    assert is_complete(problem)
