"""Tokens are renewed by one for all and never in a loop; access keys are never tried until they are locked."""

import asyncio
import json
from datetime import timedelta

import httpx
import pytest
from pydantic import SecretStr

from bot.cloud.access import AccessKeyLogin, Agency, Domain, Service
from bot.cloud.auth import LOCK_PAUSE_SECONDS, REFUSED_PAUSE_SECONDS
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
    cloud.login_answer = lambda request: httpx.Response(status, json={"error": {"code": status, "message": "no"}})
    problems = await asyncio.gather(*(refusal(session) for _ in range(40)))
    assert len(cloud.logins) == 1
    assert {p.what for p in problems} == {problems[0].what}
    assert "user name, password or domain" in problems[0].what
    await refusal(session)
    assert len(cloud.logins) == 1
    clock.advance(REFUSED_PAUSE_SECONDS + 1)
    await refusal(session)
    clock.advance(REFUSED_PAUSE_SECONDS + 1)
    await refusal(session)
    assert len(cloud.logins) == 2


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


# --------------------------------------------------------------------------------------------- access keys


def with_key(**changes):
    login = AccessKeyLogin(access_key=SecretStr("AK-canary"), secret_key=SecretStr("SK-canary"), **changes)
    return access(login=login)


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


# ------------------------------------------------------------------------------------- projects and addresses


def projects(*pairs):
    return httpx.Response(200, json={"projects": [{"id": id_, "name": name} for id_, name in pairs]})


def identity(tokens, listing):
    def handler(request):
        if request.url.path == "/v3/auth/tokens":
            return tokens(json.loads(request.content))
        if request.url.path in ("/v3/projects", "/v3/auth/projects"):
            return listing
        return httpx.Response(200, json=JOB_BODY)

    return handler


def only_without_project(body):
    return httpx.Response(401) if "scope" in body["auth"] else token_response(project=None)


async def test_project_name_that_matches_none_lists_those_that_exist():
    session = session_over(
        identity(only_without_project, projects(("p1", "eu-de"), ("p2", "eu-de_dr"))),
        of=access(project_id="", project_name="eu-dee"),
    )
    problem = await refusal(session)
    assert "No project is named “eu-dee”. The user can enter: eu-de (p1), eu-de_dr (p2)." in problem.what


async def test_project_name_that_matches_several_lists_their_ids():
    session = session_over(
        identity(lambda body: token_response(), projects(("p1", "eu-de"), ("p2", "eu-de"), ("p3", "eu-de_x"))),
        of=access(project_id="", project_name="eu-de"),
    )
    problem = await refusal(session)
    assert "2 projects are named “eu-de”: p1, p2." in problem.what


async def test_project_of_an_access_key_is_found_by_its_region():
    calls = []

    def handler(request):
        calls.append(request)
        return projects(("p1", "eu-de")) if "projects" in request.url.path else httpx.Response(200, json=JOB_BODY)

    of = access(project_id="", login=with_key().login)
    session = session_over(handler, of=of)
    await read(session)
    assert calls[0].url.params["name"] == "eu-de"
    assert calls[1].url.path.startswith("/v1/p1/")
    assert calls[1].headers["X-Project-Id"] == "p1"


@pytest.mark.parametrize(
    ("listing", "words"), [(projects(), "No project is named"), (projects(("a", "eu-de"), ("b", "eu-de")), "a, b")]
)
async def test_project_of_an_access_key_that_is_not_clear_is_refused(listing, words):
    of = access(project_id="", login=with_key().login)
    assert words in (await refusal(session_over(identity(None, listing), of=of))).what


def catalogue(*entries):
    return [{"type": t, "endpoints": [{"region_id": r, "interface": "public", "url": u}]} for t, r, u in entries]


async def address_of(service, *, entries=(), **changes):
    def handler(request):
        return token_response(catalog=catalogue(*entries))

    session = session_over(handler, of=access(**({"endpoints": {}} | changes)))
    return await session.root(service)


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://sdrs.eu-de.otc.t-systems.com/v1/abc", "https://sdrs.eu-de.otc.t-systems.com"),
        ("https://sdrs.eu-de.otc.t-systems.com/v1.0", "https://sdrs.eu-de.otc.t-systems.com"),
        ("https://other.t-systems.com", "https://other.t-systems.com"),
    ],
)
async def test_address_comes_from_the_catalogue_of_the_token(url, root):
    assert await address_of(Service.SDRS, entries=[("sdrs", "eu-de", url)]) == root


async def test_setting_wins_over_the_catalogue():
    address = await address_of(
        Service.SDRS,
        entries=[("sdrs", "eu-de", "https://a.t-systems.com")],
        endpoints={Service.SDRS: "https://b.example.com"},
    )
    assert address == "https://b.example.com"


async def test_address_of_another_provider_in_the_catalogue_never_sees_the_token():
    address = await address_of(Service.SDRS, entries=[("sdrs", "eu-de", "https://sdrs.evil.example.com/v1")])
    assert address == "https://sdrs.eu-de.otc.t-systems.com"


@pytest.mark.parametrize(
    ("iam", "region", "address"),
    [
        ("https://iam.eu-de.otc.t-systems.com", "eu-de", "https://ecs.eu-de.otc.t-systems.com"),
        ("https://iam.myhuaweicloud.com", "cn-north-4", "https://ecs.cn-north-4.myhuaweicloud.com"),
        ("https://iam.cn-north-4.myhuaweicloud.com", "cn-north-4", "https://ecs.cn-north-4.myhuaweicloud.com"),
        (
            "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com",
            "eu-west-0",
            "https://ecs.eu-west-0.prod-cloud-ocb.orange-business.com",
        ),
    ],
)
async def test_address_follows_the_providers_pattern_when_nothing_else_tells_it(iam, region, address):
    assert await address_of(Service.ECS, iam_root=iam, region=region) == address


async def test_region_that_the_catalogue_lacks_is_told_which_there_are():
    entries = [("sdrs", "eu-de", "https://a.t-systems.com"), ("sdrs", "eu-nl", "https://b.t-systems.com")]
    with pytest.raises(CloudError) as caught:
        await address_of(Service.SDRS, entries=entries, region="eu-xx")
    assert "offers the service SDRS in eu-de, eu-nl, not in eu-xx" in caught.value.problem.what


async def test_address_that_nobody_knows_names_the_setting():
    with pytest.raises(CloudError) as caught:
        await address_of(Service.SDRS, iam_root="http://127.0.0.1:1", region="")
    assert "SDRS_ENDPOINT" in caught.value.problem.cure


@pytest.mark.parametrize(
    "bad", ["../x", "a%2f..", "x\r\ny", "a b", "", "٣", "?force=true", "a/b", "a" * 200, "..", "."]
)
async def test_malformed_ids_are_refused_before_anything_is_sent(bad, cloud):
    session = session_over(cloud)
    outcome = await Sdrs(session).reverse(GroupId(bad), Site.TARGET, is_still_ours=lambda: True)
    assert isinstance(outcome, Rejected)
    assert outcome.problem.is_missing
    assert cloud.calls == []
