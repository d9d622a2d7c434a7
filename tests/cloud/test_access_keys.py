"""Access keys are never tried until they are locked."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from bot.cloud.access import AccessKeyLogin, MachineLogin
from bot.cloud.auth import LOCK_PAUSE_SECONDS
from bot.cloud.sdrs import Sdrs
from bot.domain.errors import CloudError
from bot.domain.facts import GroupId, JobId
from tests.cloud.support import PROJECT_ID, TestClock, access, session_over

JOB = JobId("0000000062db92d70162db9d200f002d")
JOB_BODY = {"job_id": str(JOB), "status": "RUNNING"}
GROUP = GroupId("40df180b-9fe2-471a-8c64-1b758dc84189")


async def read(session):
    return await Sdrs(session).job(JOB)


async def refusal(session):
    with pytest.raises(CloudError) as caught:
        await read(session)
    return caught.value.problem


def with_key(**changes):
    login = AccessKeyLogin(access_key=SecretStr("AK-canary"), secret_key=SecretStr("SK-canary"), **changes)
    return access(login=login)


@pytest.fixture
def clock():
    return TestClock()


async def test_signed_request_names_project_and_temporary_token(clock):
    seen = []
    session = session_over(
        lambda request: seen.append(request) or httpx.Response(200, json=JOB_BODY),
        clock=clock,
        of=with_key(security_token=SecretStr("temporary")),
    )
    await read(session)
    headers = seen[0].headers
    assert headers["X-Project-Id"] == PROJECT_ID
    assert headers["X-Security-Token"] == "temporary"
    assert headers["X-Sdk-Date"] == "20260801T120000Z"
    assert "SignedHeaders=host;x-project-id;x-sdk-date;x-security-token" in headers["Authorization"]


async def test_a_wrong_key_is_tried_three_times_at_most_by_forty_callers_and_then_pauses(clock):
    calls = []
    session = session_over(
        lambda request: calls.append(1) or httpx.Response(401, json={"error_code": "APIGW.0301", "error_msg": "no"}),
        clock=clock,
        of=with_key(),
    )
    problems = await asyncio.gather(*(refusal(session) for _ in range(40)))
    assert len(calls) == 3
    assert "before the key gets locked" in problems[-1].what
    clock.advance(LOCK_PAUSE_SECONDS + 1)
    await refusal(session)
    assert len(calls) == 4


async def test_a_clock_twenty_minutes_off_is_named_as_the_reason():
    clock = TestClock(wrong_by=timedelta(minutes=20))
    answer = httpx.Response(
        401,
        json={
            "error_code": "APIGW.0301",
            "error_msg": "Incorrect IAM authentication information: verify aksk signature fail",
        },
        headers={"Date": "Sat, 01 Aug 2026 12:00:00 GMT"},
    )
    session = session_over(lambda request: answer, clock=clock, of=with_key())
    problem = await refusal(session)
    assert "this machine's clock is 20 minutes ahead of the cloud's" in problem.what
    assert "NTP" in problem.cure


async def test_without_a_date_to_compare_the_words_of_the_refusal_tell_a_wrong_clock():
    answer = httpx.Response(401, json={"error_code": "APIGW.0301", "error_msg": "the x-sdk-date has expired"})
    problem = await refusal(session_over(lambda request: answer, of=with_key()))
    assert "refused the date of the signature" in problem.what


async def test_no_secret_of_a_key_is_repeated_in_a_problem():
    echo = httpx.Response(403, json={"code": "X", "message": "AK-canary SK-canary"})
    problem = await refusal(session_over(lambda request: echo, of=with_key()))
    assert "canary" not in repr(problem)


class Metadata:
    """The metadata service of a server that has an agency: each key lasts an hour. `calls` went to SDRS."""

    def __init__(self, clock):
        self.clock, self.is_down, self.keys, self.calls = clock, False, 0, []

    def __call__(self, request):
        if request.url.host != "169.254.169.254":
            self.calls.append(request.headers)
            return httpx.Response(200, json=JOB_BODY)
        if self.is_down:
            return httpx.Response(404, text="no agency")
        self.keys += 1
        ends = (self.clock.now() + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        key = {"access": f"AK{self.keys}", "secret": "SK-canary", "securitytoken": f"token-{self.keys}"}
        return httpx.Response(200, json={"credential": key | {"expires_at": ends}})


@pytest.fixture
def metadata(clock):
    return Metadata(clock)


@pytest.fixture
def on_a_server(metadata, clock):
    return session_over(metadata, clock=clock, of=access(login=MachineLogin()))


async def test_the_key_of_the_machine_is_asked_for_once_and_signs_with_its_token(metadata, on_a_server):
    await asyncio.gather(*(read(on_a_server) for _ in range(10)))
    assert metadata.keys == 1
    assert {headers["X-Security-Token"] for headers in metadata.calls} == {"token-1"}
    assert "Access=AK1, " in metadata.calls[0]["Authorization"]


async def test_the_key_of_the_machine_is_renewed_before_it_ends(metadata, on_a_server, clock):
    await read(on_a_server)
    clock.advance(3600 - 601)
    await read(on_a_server)
    assert metadata.keys == 1
    clock.advance(2)
    await read(on_a_server)
    assert metadata.calls[-1]["X-Security-Token"] == "token-2"


async def test_a_metadata_service_that_is_away_leaves_the_key_until_it_ends_and_then_is_a_sentence(
    metadata, on_a_server, clock
):
    await read(on_a_server)
    metadata.is_down = True
    clock.advance(3500)
    await read(on_a_server)
    clock.advance(200)
    problem = await refusal(on_a_server)
    assert problem.what.endswith("No key is configured, and this machine's metadata service gave none.")
    assert "HUAWEICLOUD_SDK_AK" in problem.cure
    assert len(metadata.calls) == 2
