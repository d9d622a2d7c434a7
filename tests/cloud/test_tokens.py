"""Tokens are renewed by one for all and never in a loop."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest

from bot.cloud.access import Agency, Domain
from bot.cloud.auth import REFUSED_PAUSE_SECONDS
from bot.cloud.sdrs import Sdrs
from bot.domain.errors import CloudError
from bot.domain.facts import GroupId, JobId, Site
from bot.ports import Rejected
from tests.cloud.support import PASSWORD, PROJECT_ID, TestClock, access, session_over, token_response

JOB = JobId("0000000062db92d70162db9d200f002d")
JOB_BODY = {"job_id": str(JOB), "status": "RUNNING"}
GROUP = GroupId("40df180b-9fe2-471a-8c64-1b758dc84189")


class Cloud:
    """An identity service that numbers its tokens, and an SDRS that accepts the ones in `good`."""

    def __init__(self):
        self.logins = []
        self.calls = []
        self.good = None  # None: any token
        self.login_answer = None
        self.lifetime = timedelta(hours=24)

    def __call__(self, request):
        if request.url.path == "/v3/auth/tokens":
            self.logins.append(json.loads(request.content))
            if self.login_answer is not None:
                return self.login_answer(request)
            return token_response(f"token-number-{len(self.logins)}", lifetime=self.lifetime)
        self.calls.append(request)
        is_good = self.good is None or request.headers["X-Auth-Token"] in self.good
        return httpx.Response(200, json=JOB_BODY) if is_good else httpx.Response(401, json={"error": {"code": 401}})


@pytest.fixture
def cloud():
    return Cloud()


@pytest.fixture
def clock():
    return TestClock()


@pytest.fixture
def session(cloud, clock):
    return session_over(cloud, clock=clock)


async def read(session):
    return await Sdrs(session).job(JOB)


async def refusal(session):
    with pytest.raises(CloudError) as caught:
        await read(session)
    return caught.value.problem


async def test_one_token_serves_many_calls(session, cloud):
    await asyncio.gather(*(read(session) for _ in range(50)))
    assert len(cloud.logins) == 1
    assert {call.headers["X-Auth-Token"] for call in cloud.calls} == {"token-number-1"}


async def test_password_and_scope_are_asked_as_keystone_wants_them(session, cloud):
    await read(session)
    user = {"name": "drbot", "password": PASSWORD, "domain": {"name": "OTC1"}}
    assert cloud.logins[0] == {
        "auth": {
            "identity": {"methods": ["password"], "password": {"user": user}},
            "scope": {"project": {"id": PROJECT_ID}},
        }
    }


async def test_token_is_renewed_half_an_hour_before_it_ends(session, cloud, clock):
    await read(session)
    clock.advance(23.4 * 3600)
    await read(session)
    assert len(cloud.logins) == 1
    clock.advance(0.2 * 3600)
    await asyncio.gather(*(read(session) for _ in range(20)))
    assert len(cloud.logins) == 2


async def test_short_lived_token_is_renewed_at_half_its_life(cloud, clock):
    cloud.lifetime = timedelta(minutes=2)
    session = session_over(cloud, clock=clock)
    for _ in range(4):
        await read(session)
        clock.advance(31)
    assert len(cloud.logins) == 2


async def test_a_wrong_clock_of_this_machine_does_not_shorten_a_token(cloud):
    clock = TestClock(wrong_by=timedelta(days=3))
    session = session_over(cloud, clock=clock)
    await read(session)
    await read(session)
    assert len(cloud.logins) == 1


async def test_early_renewal_that_fails_leaves_the_token_that_is_still_good(session, cloud, clock):
    await read(session)
    clock.advance(23.7 * 3600)
    cloud.login_answer = lambda request: httpx.Response(503)
    await read(session)
    await read(session)
    assert len(cloud.logins) == 1 + 4  # one renewal with its retries, then a pause
    assert cloud.calls[-1].headers["X-Auth-Token"] == "token-number-1"


async def test_a_read_is_repeated_once_with_a_new_token_after_401(session, cloud):
    await read(session)
    cloud.good = {"token-number-2"}
    await asyncio.gather(*(read(session) for _ in range(30)))
    assert len(cloud.logins) == 2


async def test_401_on_the_very_first_call_gets_one_new_token(session, cloud):
    cloud.good = {"token-number-2"}
    await read(session)
    assert len(cloud.logins) == 2


async def test_tokens_that_are_never_accepted_do_not_cause_a_loop(session, cloud, clock):
    cloud.good = set()
    for _ in range(20):
        assert (await refusal(session)).status == 401
    assert len(cloud.logins) == 2
    clock.advance(31)
    await refusal(session)
    assert len(cloud.logins) == 3


async def test_an_order_refused_with_401_is_not_sent_again_but_the_next_call_has_a_new_token(session, cloud):
    await read(session)
    cloud.good = {"token-number-2"}
    outcome = await Sdrs(session).reverse(GROUP, Site.TARGET, is_still_ours=lambda: True)
    assert isinstance(outcome, Rejected)
    assert [call.method for call in cloud.calls] == ["GET", "POST"]
    assert outcome.problem.is_retryable
    assert "no longer accepted the bot's token" in outcome.problem.what
    await read(session)
    assert len(cloud.logins) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_wrong_credentials_are_tried_once_however_many_wait_and_then_pause(session, cloud, clock, status):
    """Once more without a project, the first time only: that tells a wrong project from a wrong login."""
    cloud.login_answer = lambda request: httpx.Response(status, json={"error": {"code": status, "message": "no"}})
    problems = await asyncio.gather(*(refusal(session) for _ in range(40)))
    assert ["scope" in login["auth"] for login in cloud.logins] == [True, False]
    assert {p.what for p in problems} == {problems[0].what}
    assert "refused the user “drbot” of the account “OTC1”: name, password or account is wrong." in problems[0].what
    await refusal(session)
    assert len(cloud.logins) == 2
    clock.advance(REFUSED_PAUSE_SECONDS + 1)
    await refusal(session)
    clock.advance(REFUSED_PAUSE_SECONDS + 1)
    await refusal(session)
    assert len(cloud.logins) == 3


async def test_an_identity_service_that_is_down_is_not_asked_over_and_over_for_one_read(session, cloud):
    cloud.login_answer = lambda request: httpx.Response(503)
    assert (await refusal(session)).what.startswith("Signing in to the cloud did not succeed.")
    assert len(cloud.logins) == 4


async def test_an_order_whose_sign_in_failed_was_never_sent(session, cloud):
    def silence(request):
        raise httpx.ReadTimeout("")

    cloud.login_answer = silence
    outcome = await Sdrs(session).reverse(GROUP, Site.TARGET, is_still_ours=lambda: True)
    assert isinstance(outcome, Rejected)
    assert outcome.problem.what.startswith("Signing in to the cloud did not succeed.")
    assert cloud.calls == []


async def test_a_caller_that_gives_up_does_not_end_the_sign_in_for_the_others(session, cloud):
    impatient = asyncio.create_task(read(session))
    patient = asyncio.create_task(read(session))
    await asyncio.sleep(0)
    impatient.cancel()
    await patient
    assert len(cloud.logins) == 1


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: httpx.Response(201, json={"token": {}}),
        lambda request: httpx.Response(201, json={}, headers={"X-Subject-Token": "canary-in-header"}),
        lambda request: httpx.Response(200, text="<html>login page</html>"),
        lambda request: httpx.Response(302, headers={"Location": "https://login.example.com"}),
    ],
)
async def test_an_identity_service_that_talks_nonsense_is_a_sentence(session, cloud, answer):
    cloud.login_answer = answer
    problem = await refusal(session)
    assert problem.what.startswith("Signing in to the cloud did not succeed.")
    assert "canary-in-header" not in repr(problem)


async def test_agency_is_taken_on_with_the_spelling_of_the_provider(cloud):
    session = session_over(cloud, of=access(agency=Agency(name="dr", domain=Domain(name="OTC2"))))
    await read(session)
    own, assumed = (login["auth"] for login in cloud.logins)
    assert own["scope"] == {"domain": {"name": "OTC1"}}
    assert assumed["identity"] == {
        "methods": ["assume_role"],
        "assume_role": {"domain_name": "OTC2", "xrole_name": "dr"},
    }
    assert assumed["scope"] == {"project": {"id": PROJECT_ID}}


async def test_agency_is_taken_on_with_the_other_spelling_when_the_first_is_not_understood(cloud):
    def only_agency_name(request):
        role = json.loads(request.content)["auth"]["identity"].get("assume_role")
        return token_response() if role is None or "agency_name" in role else httpx.Response(400)

    cloud.login_answer = only_agency_name
    session = session_over(cloud, of=access(agency=Agency(name="dr", domain=Domain(id="d2"))))
    await read(session)
    assert len(cloud.logins) == 3
