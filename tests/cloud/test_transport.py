"""What is repeated and what is not, and what logs, problems and evidence never hold."""

import logging
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from pydantic import BaseModel

from bot.cloud.answers import retry_after_seconds
from bot.cloud.errors import Answer, Attempted
from bot.cloud.models import JobAnswer
from bot.cloud.redaction import Redactor
from bot.cloud.transport import Call
from bot.domain.errors import CloudError, Happened
from bot.ports import Accepted
from tests.cloud.support import TestClock, transport_over

READ = Attempted(purpose="Reading the job")
ORDER = Attempted(purpose="Submitting the planned failover", is_order=True)


class Anything(BaseModel):
    pass


async def order(transport, url):
    return await transport.order(Call(tried=ORDER, method="POST", url=url, body={"a": 1}))


def read_over(handler, clock=None):
    clock = clock or TestClock()
    return transport_over(handler, clock), clock


async def read(transport):
    return await transport.read(Anything, Call(tried=READ, method="GET", url=httpx.URL("https://h/v1")))


async def test_half_a_letter_in_a_name_does_not_spoil_the_answer():
    class Named(BaseModel):
        name: str

    body = rb'{"name": "pg-erp\ud800", "other": "\udfff"}'
    transport, _ = read_over(lambda request: httpx.Response(200, content=body))
    answer = await transport.read(Named, Call(tried=READ, method="GET", url=httpx.URL("https://h/v1")))
    assert answer.name == "pg-erp\ufffd"


async def test_an_accepted_order_with_half_a_letter_in_it_is_accepted():
    body = rb'{"job_id": "ff80808288d47f3b", "who": "\ud800"}'
    transport, _ = read_over(lambda request: httpx.Response(200, content=body))
    assert isinstance(await order(transport, httpx.URL("https://h/v1")), Accepted)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<html>ok</html>", "it is no JSON."),
        (b"{}", "“job_id” is missing."),
        (b'{"job_id": null}', "“job_id” is of another kind."),
        (b'["a"]', "it is of another kind."),
    ],
)
async def test_an_answer_that_cannot_be_read_is_told_in_plain_words(body, words):
    transport, _ = read_over(lambda request: httpx.Response(200, content=body))
    unclear = await order(transport, httpx.URL("https://h/v1"))
    assert unclear.problem.what.endswith(f"The cloud's answer could not be understood: {words}")


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
async def test_a_read_is_repeated_after_a_passing_failure_with_growing_pauses(status):
    answers = [httpx.Response(status), httpx.Response(status), httpx.Response(200, json={})]
    transport, clock = read_over(lambda request: answers.pop(0))
    await read(transport)
    assert clock.slept == [0.5, 1.0]


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 409, 422, 501])
async def test_a_read_that_was_refused_is_not_repeated(status):
    calls = []
    transport, clock = read_over(lambda request: calls.append(1) or httpx.Response(status))
    with pytest.raises(CloudError):
        await read(transport)
    assert len(calls) == 1
    assert clock.slept == []


async def test_a_read_gives_up_after_four_attempts():
    calls = []
    transport, _ = read_over(lambda request: calls.append(1) or httpx.Response(503))
    with pytest.raises(CloudError) as caught:
        await read(transport)
    assert len(calls) == 4
    assert caught.value.problem.happened is Happened.NO
    assert caught.value.problem.is_retryable


async def test_a_read_waits_as_long_as_the_cloud_asks():
    answers = [httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200, json={})]
    transport, clock = read_over(lambda request: answers.pop(0))
    await read(transport)
    assert clock.slept == [7.5]


async def test_a_read_does_not_wait_for_an_hour():
    transport, clock = read_over(lambda request: httpx.Response(503, headers={"Retry-After": "3600"}))
    with pytest.raises(CloudError):
        await read(transport)
    assert clock.slept == []


async def test_a_throttled_202_is_repeated_for_a_read():
    throttled = httpx.Response(202, json={"error": {"code": "Common.0024", "message": "Flow limit"}})
    answers = [throttled, httpx.Response(200, json={})]
    transport, clock = read_over(lambda request: answers.pop(0))
    await read(transport)
    assert len(clock.slept) == 1


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("no"), httpx.ReadTimeout("no"), httpx.RemoteProtocolError("no"), OSError("no")]
)
async def test_a_read_is_repeated_after_a_lost_connection(error):
    failures = [error]

    def handler(request):
        if failures:
            raise failures.pop()
        return httpx.Response(200, json={})

    transport, clock = read_over(handler)
    await read(transport)
    assert len(clock.slept) == 1


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
async def test_an_order_is_never_repeated(status):
    calls = []
    transport, clock = read_over(
        lambda request: calls.append(1) or httpx.Response(status, headers={"Retry-After": "1"})
    )
    await order(transport, httpx.URL("https://h/v1"))
    assert len(calls) == 1
    assert clock.slept == []


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("5", 5.0),
        ("0", 0.0),
        ("Sat, 01 Aug 2026 12:00:30 GMT", 30.0),
        ("Sat, 01 Aug 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("9" * 400, None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_nonsense_is_ignored(text, seconds):
    now = datetime(2026, 8, 1, 12, tzinfo=UTC)
    assert retry_after_seconds(Answer(status=429, headers={"retry-after": text}), now) == seconds


async def test_http_loggers_are_silent_about_addresses_and_redact_what_they_say(caplog):
    redactor = Redactor("canary-secret")
    transport = transport_over(lambda request: httpx.Response(200, json={}), TestClock(), redactor=redactor)
    caplog.set_level(logging.WARNING)
    await read(transport)
    logging.getLogger("httpx").warning("GET https://u:p@h/?x=canary-secret")
    assert [record.getMessage() for record in caplog.records] == ["GET https://[hidden]@h/?x=[hidden]"]


async def test_every_call_is_told_to_the_observer_without_query_or_header():
    seen = []
    transport = transport_over(
        lambda request: httpx.Response(404, headers={"X-Request-Id": "r1"}), TestClock(), observe=seen.append
    )
    with pytest.raises(CloudError):
        await transport.read(Anything, Call(tried=READ, method="GET", url=httpx.URL("https://h/v1/x?name=secret")))
    (call,) = seen
    assert (call.method, call.path, call.status, call.request_id) == ("GET", "/v1/x", 404, "r1")
    assert "secret" not in repr(call)


async def test_the_observer_is_told_what_was_answered():
    seen = []
    refusal = {"error": {"code": "SDRS.1013", "message": "The group does not exist."}}
    answers = [
        httpx.Response(200, json={"job_id": "j1", "status": "RUNNING"}),
        httpx.Response(200, json={"job_id": "j1", "status": "FAIL", "error_code": "SDRS.0011"}),
        httpx.Response(200, json={"job_id": "ff80808288d47f3b"}),
        httpx.Response(404, json=refusal),
        httpx.Response(200, content=b"<html>"),
    ]
    transport = transport_over(lambda request: answers.pop(0), TestClock(), observe=seen.append)
    job = Call(tried=READ, method="GET", url=httpx.URL("https://h/v1/jobs/j1"))
    for _ in range(2):
        await transport.read(JobAnswer, job)
    for _ in range(2):
        await order(transport, httpx.URL("https://h/v1"))
    with pytest.raises(CloudError):
        await transport.read(JobAnswer, job)
    running, failed, accepted, refused, unreadable = (call.summary for call in seen)
    assert (running, failed) == ("Reading the job: RUNNING", "Reading the job: FAIL SDRS.0011")
    assert accepted == "Submitting the planned failover: job ff80808288d47f3b"
    assert refused.endswith("SDRS.1013")
    assert "Reading the job" in unreadable
    assert unreadable != "Reading the job"


async def test_an_error_carries_no_foreign_exception_with_it():
    def handler(request):
        raise httpx.ConnectError("token=canary-secret")

    transport, _ = read_over(handler)
    with pytest.raises(CloudError) as caught:
        await read(transport)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "canary-secret" not in repr(caught.value.problem)


async def test_an_answer_of_another_shape_names_fields_and_not_their_content():
    class Strict(BaseModel):
        number: int

    transport, _ = read_over(lambda request: httpx.Response(200, json={"number": "canary-secret"}))
    with pytest.raises(CloudError) as caught:
        await transport.read(Strict, Call(tried=READ, method="GET", url=httpx.URL("https://h/")))
    assert "“number” is of another kind" in caught.value.problem.what
    assert "canary-secret" not in caught.value.problem.sentence


async def test_difference_of_the_clocks_is_measured_from_the_answers():
    clock = TestClock(wrong_by=timedelta(minutes=20))
    answer = httpx.Response(200, json={}, headers={"Date": "Sat, 01 Aug 2026 12:00:00 GMT"})
    transport, _ = read_over(lambda request: answer, clock)
    await read(transport)
    assert transport.clock_skew_seconds == 1200.0
