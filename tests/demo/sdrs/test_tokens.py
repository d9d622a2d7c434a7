"""IAM from the outside: who gets a token, what it says, and what it doesn't open."""

from datetime import datetime

import httpx
import pytest

from bot.demo.sdrs import AGENT_OPERATOR, DEFAULT_DOMAIN, SimulatedCloud, User
from tests.demo.sdrs.visitor import Json, Visitor, password_body

KEYSTONE_401 = {"code": 401, "title": "Unauthorized"}


@pytest.fixture
def user(visitor: Visitor) -> User:
    return visitor.cloud.world.registry.users[0]


async def ask(visitor: Visitor, body: Json, query: str = "", token: str = "") -> httpx.Response:
    headers = {"X-Auth-Token": token} if token else {}
    url = f"{visitor.cloud.iam_url}/v3/auth/tokens{query}"
    return await visitor.http.post(url, json=body, headers=headers)


def scoped(scope: Json, methods: list[str], **identity: Json) -> Json:
    return {"auth": {"identity": {"methods": methods, **identity}, "scope": scope}}


async def test_a_password_gives_a_token_for_24_hours_with_project_roles_and_catalog(
    visitor: Visitor, user: User
) -> None:
    answer = await ask(visitor, password_body(user, project={"name": "eu-de"}))

    token = answer.json()["token"]
    assert answer.status_code == 201
    assert answer.headers["X-Subject-Token"]
    assert (token["issued_at"], token["expires_at"]) == (
        "2026-08-01T12:00:00.000000Z",
        "2026-08-02T12:00:00.000000Z",
    )
    assert token["project"]["id"] == visitor.project.id
    assert {"name": "SDRS Administrator"}.items() <= token["roles"][0].items()
    urls = {entry["type"]: entry["endpoints"][0]["url"] for entry in token["catalog"]}
    assert urls["sdrs"] == f"{visitor.cloud.sdrs_url}/v1/{visitor.project.id}"


async def test_nocatalog_leaves_the_catalog_out(visitor: Visitor, user: User) -> None:
    answer = await ask(visitor, password_body(user, project={"name": "eu-de"}), "?nocatalog=true")

    assert "catalog" not in answer.json()["token"]


async def test_domain_and_project_may_be_named_by_id(visitor: Visitor, user: User) -> None:
    body = password_body(user, project={"id": visitor.project.id}, domain={"id": user.domain.id})

    assert (await ask(visitor, body)).status_code == 201


@pytest.mark.parametrize(
    "change",
    [{"password": "wrong"}, {"name": "nobody"}, {"domain": {"name": "another"}}, {"domain": {"id": "x"}}],
)
async def test_a_wrong_password_user_or_domain_is_one_and_the_same_401(
    visitor: Visitor, user: User, change: Json
) -> None:
    answer = await ask(visitor, password_body(user, project={"name": "eu-de"}, **change))

    assert answer.status_code == 401
    assert answer.json()["error"] == KEYSTONE_401 | {"message": "The username or password is wrong."}


async def test_an_unknown_project_is_named_in_the_refusal(visitor: Visitor, user: User) -> None:
    answer = await ask(visitor, password_body(user, project={"name": "eu-nl"}))

    assert answer.json()["error"] == KEYSTONE_401 | {"message": "Could not find project: eu-nl."}


async def test_a_project_of_another_domain_is_unknown(visitor: Visitor, user: User) -> None:
    other = visitor.cloud.add_project("eu-nl", domain="another")

    assert (await ask(visitor, password_body(user, project={"id": other.id}))).status_code == 401


@pytest.mark.parametrize("scope", [None, {"domain": {"name": DEFAULT_DOMAIN}}, {}])
async def test_a_token_without_a_project_opens_no_regional_service(
    visitor: Visitor, user: User, scope: Json | None
) -> None:
    body = password_body(user)
    if scope is not None:
        body["auth"]["scope"] = scope
    answer = await ask(visitor, body)
    visitor.token = answer.headers["X-Subject-Token"]

    assert "project" not in answer.json()["token"]
    assert (await visitor.sdrs("GET", "/server-groups")).json()["error"]["code"] == "SDRS.0001"
    assert (await visitor.ecs("GET", "/cloudservers/detail")).json()["error"]["code"] == "Common.0018"
    assert (await visitor.ims("/v2/cloudimages")).status_code == 403


async def test_the_project_wins_when_a_domain_is_named_too(visitor: Visitor, user: User) -> None:
    body = password_body(user)
    body["auth"]["scope"] = {"domain": {"name": DEFAULT_DOMAIN}, "project": {"name": "eu-de"}}

    assert (await ask(visitor, body)).json()["token"]["project"]["name"] == "eu-de"


async def test_a_user_with_a_second_factor_needs_it(visitor: Visitor) -> None:
    user = visitor.cloud.add_user("anna", password="right", passcode="123456")
    body = password_body(user, project={"name": "eu-de"})
    without = await ask(visitor, body)
    body["auth"]["identity"] |= {"methods": ["password", "totp"], "totp": {"user": {"passcode": "000000"}}}
    wrong = await ask(visitor, body)
    body["auth"]["identity"]["totp"] = {"user": {"id": user.id, "passcode": "123456"}}
    right = await ask(visitor, body)

    assert [without.status_code, wrong.status_code, right.status_code] == [401, 401, 201]
    assert "MFA" in without.json()["error"]["message"]


async def test_the_end_of_the_password_is_told(visitor: Visitor) -> None:
    user = visitor.cloud.add_user("anna", password="x", password_expires_at=datetime(2026, 8, 10, 12))

    token = (await ask(visitor, password_body(user, project={"name": "eu-de"}))).json()["token"]

    assert token["user"]["password_expires_at"] == "2026-08-10T12:00:00.000000"


@pytest.mark.parametrize("field", ["xrole_name", "agency_name"])
async def test_an_agency_lets_an_operator_act_in_another_domain(visitor: Visitor, field: str) -> None:
    cloud = visitor.cloud
    foreign = cloud.add_project("eu-de", domain="customer")
    cloud.add_agency("dr", domain="customer", trusted_domain=DEFAULT_DOMAIN)
    await visitor.log_in(cloud.add_user("helper", password="x", roles={AGENT_OPERATOR}))
    role = {"domain_name": "customer", field: "dr"}
    body = scoped({"project": {"name": "eu-de"}}, ["assume_role"], assume_role=role)

    answer = await ask(visitor, body, token=visitor.token)

    assert answer.json()["token"]["project"]["id"] == foreign.id
    visitor.project, visitor.token = foreign, answer.headers["X-Subject-Token"]
    assert (await visitor.sdrs("GET", "/server-groups")).status_code == 200


async def test_an_agency_is_refused_without_the_role_without_a_token_and_when_unknown(
    visitor: Visitor,
) -> None:
    cloud = visitor.cloud
    cloud.add_agency("dr", domain="customer", trusted_domain=DEFAULT_DOMAIN)
    role = {"domain_name": "customer", "xrole_name": "dr"}
    body = scoped({}, ["assume_role"], assume_role=role)
    no_role = await ask(visitor, body, token=visitor.token)
    no_token = await ask(visitor, body)
    await visitor.log_in(cloud.add_user("helper", password="x", roles={AGENT_OPERATOR}))
    role["xrole_name"] = "other"
    unknown = await ask(visitor, body, token=visitor.token)

    assert [no_role.status_code, no_token.status_code, unknown.status_code] == [403, 401, 404]


@pytest.mark.parametrize("body", [{}, {"auth": {}}, {"auth": {"identity": {"methods": ["password"]}}}])
async def test_a_body_that_is_no_login_is_a_bad_request(visitor: Visitor, body: Json) -> None:
    answer = await ask(visitor, body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 400)


async def test_an_unknown_method_is_unauthorized(visitor: Visitor) -> None:
    assert (await ask(visitor, scoped({}, ["saml2"]))).status_code == 401


async def test_projects_are_found_by_name_none_one_or_several(visitor: Visitor) -> None:
    visitor.cloud.add_project("eu-de_dr")
    visitor.cloud.add_project("eu-de_dr")
    counts = []
    for name in ("eu-nl", "eu-de", "eu-de_dr"):
        url = f"{visitor.cloud.iam_url}/v3/projects?name={name}"
        found = (await visitor.http.get(url, headers={"X-Auth-Token": visitor.token})).json()
        counts.append(len(found["projects"]))

    assert counts == [0, 1, 2]


async def test_a_token_can_be_looked_up_by_itself(visitor: Visitor) -> None:
    url = f"{visitor.cloud.iam_url}/v3/auth/tokens"
    headers = {"X-Auth-Token": visitor.token, "X-Subject-Token": visitor.token}
    known = await visitor.http.get(url, headers=headers)
    unknown = await visitor.http.get(url, headers=headers | {"X-Subject-Token": "x"})

    assert known.json()["token"]["user"]["name"] == "drbot"
    assert unknown.status_code == 404


async def test_iam_and_sdrs_answer_at_the_root_too_for_clients_that_know_one_address(
    visitor: Visitor, user: User
) -> None:
    http, url = visitor.http, visitor.cloud.url
    token = await http.post(f"{url}/v3/auth/tokens", json=password_body(user, project={"name": "eu-de"}))
    headers = {"X-Auth-Token": token.headers["X-Subject-Token"]}
    groups = await http.get(f"{url}/v1/{visitor.project.id}/server-groups", headers=headers)

    assert groups.json() == {"count": 0, "server_groups": []}
    assert (await http.get(f"{url}/v3")).json()["version"]["status"] == "stable"
    assert (await http.get(f"{url}/iam/")).json()["versions"]["values"][0]["id"] == "v3.6"


async def test_passwords_are_not_in_the_call_log(cloud: SimulatedCloud, visitor: Visitor) -> None:
    assert "right" not in repr(cloud.calls)
    assert [call.service for call in cloud.calls] == ["iam"]
