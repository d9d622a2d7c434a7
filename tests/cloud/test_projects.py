"""Which project is meant and where its services are is told for sure, or not at all."""

import json

import httpx
import pytest
from pydantic import SecretStr

from bot.cloud.access import AccessKeyLogin, Service
from bot.cloud.sdrs import Sdrs
from bot.domain.errors import CloudError
from bot.domain.facts import GroupId, JobId, Site
from bot.ports import Rejected
from tests.cloud.support import TestClock, access, session_over, token_response

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


async def test_project_that_an_identity_service_finds_by_its_id_only_is_found_by_its_name():
    """Keystone asks for the project's domain beside its name; who is named by id may have given none."""

    def tokens(body):
        asked = body["auth"].get("scope", {}).get("project")
        return httpx.Response(400) if asked and "id" not in asked else token_response(project=asked)

    listing = projects(("0123", "eu-de"), ("4567", "eu-de_dr"))
    session = session_over(identity(tokens, listing), of=access(project_id="", project_name="eu-de_dr"))
    assert await session.project_id() == "4567"


async def test_project_name_that_matches_several_of_those_that_can_be_entered_is_not_chosen():
    listing = projects(("p1", "eu-de"), ("p2", "eu-de"))
    session = session_over(identity(only_without_project, listing), of=access(project_id="", project_name="eu-de"))
    assert "2 projects are named “eu-de”: p1, p2." in (await refusal(session)).what


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


async def test_a_new_tokens_catalogue_replaces_the_one_before():
    urls, clock = ["https://a.t-systems.com", "https://b.t-systems.com"], TestClock()

    def handler(request):
        return token_response(catalog=catalogue(("sdrs", "eu-de", urls[0])))

    session = session_over(handler, clock=clock, of=access(endpoints={}))
    assert [await session.root(Service.SDRS) for _ in range(2)] == urls[:1] * 2
    urls.pop(0)
    clock.advance(25 * 3600)
    assert await session.root(Service.SDRS) == "https://b.t-systems.com"


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
async def test_malformed_ids_are_refused_before_anything_is_sent(bad):
    calls = []
    session = session_over(lambda request: calls.append(request) or httpx.Response(200))
    outcome = await Sdrs(session).reverse(GroupId(bad), Site.TARGET, is_still_ours=lambda: True)
    assert isinstance(outcome, Rejected)
    assert outcome.problem.is_missing
    assert calls == []
