"""What a token or a signature opens, and what the gateway and the services refuse."""

from datetime import timedelta

import httpx
import pytest

from bot.demo.sdrs import (
    SDRS_ADMINISTRATOR,
    SERVER_ADMINISTRATOR,
    TENANT_GUEST,
    Group,
    SimulatedCloud,
    User,
)
from tests.demo.sdrs.conftest import START
from tests.demo.sdrs.signing import signed_request
from tests.demo.sdrs.visitor import Visitor, code_of


@pytest.fixture
def user(visitor: Visitor) -> User:
    return visitor.cloud.world.registry.users[0]


async def signed(visitor: Visitor, user: User, **changes: object) -> httpx.Response:
    url = f"{visitor.cloud.url}/v1/{visitor.project.id}/server-groups?limit=10&name=a%20b"
    keys = {"access_key": user.access_key, "secret_key": user.secret_key, "at": START}
    return await signed_request(visitor.http, "GET", url, **(keys | changes))


def gateway_message(answer: httpx.Response) -> str:
    body = answer.json()
    assert answer.status_code == 401
    assert body["error_code"] == "APIGW.0301"
    assert body["request_id"]
    return str(body["error_msg"]).removeprefix("Incorrect IAM authentication information: ")


@pytest.mark.parametrize("path", ["/sdrs/v1/{}/server-groups", "/ecs/v1/{}/cloudservers/detail"])
async def test_an_expired_token_must_be_updated(cloud: SimulatedCloud, visitor: Visitor, path: str) -> None:
    cloud.advance(24 * 3600)
    url = cloud.url + path.format(visitor.project.id)

    answer = await visitor.http.get(url, headers={"X-Auth-Token": visitor.token})

    assert answer.status_code == 401
    assert answer.json()["error_code"] == "APIGW.0307"
    assert "The token must be updated" in answer.json()["error_msg"]


async def test_all_tokens_can_be_ended_at_once(cloud: SimulatedCloud, visitor: Visitor) -> None:
    cloud.expire_tokens()

    assert (await visitor.sdrs("GET", "/server-groups")).status_code == 401


async def test_no_token_and_an_unreadable_token_are_refused_by_the_gateway(visitor: Visitor) -> None:
    url = f"{visitor.cloud.sdrs_url}/v1/{visitor.project.id}/server-groups"
    assert gateway_message(await visitor.http.get(url)) == "x-auth-token not found"
    visitor.token = "MIIgarbage"
    assert gateway_message(await visitor.sdrs("GET", "/server-groups")) == "decrypt token fail"


async def test_a_path_that_nobody_publishes_is_refused_by_the_gateway(visitor: Visitor) -> None:
    answer = await visitor.sdrs("GET", "/volumes")

    assert (answer.status_code, answer.json()["error_code"]) == (404, "APIGW.0101")


async def test_a_token_of_one_project_does_not_open_another(visitor: Visitor) -> None:
    visitor.project = visitor.cloud.add_project("eu-de_other")

    assert code_of(await visitor.sdrs("GET", "/server-groups")) == (400, "SDRS.0001")
    assert code_of(await visitor.ecs("GET", "/cloudservers/detail")) == (400, "Common.0018")


@pytest.mark.parametrize(
    ("roles", "read", "write"),
    [
        ({SDRS_ADMINISTRATOR, SERVER_ADMINISTRATOR, TENANT_GUEST}, None, None),
        ({TENANT_GUEST}, None, "SDRS.0005"),
        ({SDRS_ADMINISTRATOR}, None, "SDRS.0003"),
        ({SDRS_ADMINISTRATOR, TENANT_GUEST}, None, "SDRS.0003"),
        ({SERVER_ADMINISTRATOR}, "SDRS.0003", "SDRS.0005"),
    ],
)
async def test_sdrs_asks_for_its_administrator_together_with_the_two_other_roles(
    visitor: Visitor, group: Group, roles: set[str], read: str | None, write: str | None
) -> None:
    await visitor.log_in(visitor.cloud.add_user("anna", password="x", roles=roles))

    answers = await visitor.sdrs("GET", "/server-groups"), await visitor.reverse(group)

    assert [answer.json().get("error", {}).get("code") for answer in answers] == [read, write]


async def test_ecs_forbids_what_the_role_does_not_cover(visitor: Visitor, group: Group) -> None:
    await visitor.log_in(visitor.cloud.add_user("anna", password="x", roles={TENANT_GUEST}))
    machine = group.instances[0].source

    assert (await visitor.ecs("GET", f"/cloudservers/{machine.id}")).status_code == 200
    answer = await visitor.power({"os-start": {"servers": [{"id": machine.id}]}})
    assert code_of(answer) == (403, "Ecs.0003")


async def test_a_signature_opens_what_its_owner_may(visitor: Visitor, user: User) -> None:
    answer = await signed(visitor, user)

    assert answer.status_code == 200
    assert visitor.cloud.calls[-1].user == "drbot"


@pytest.mark.parametrize("minutes", [-20, 20])
async def test_a_clock_twenty_minutes_off_is_refused(visitor: Visitor, user: User, minutes: int) -> None:
    answer = await signed(visitor, user, at=START + timedelta(minutes=minutes))

    assert gateway_message(answer).startswith("verify aksk signature fail, canonicalRequest:GET|/v1/")


@pytest.mark.parametrize("minutes", [-14, 14])
async def test_a_clock_fourteen_minutes_off_is_accepted(visitor: Visitor, user: User, minutes: int) -> None:
    assert (await signed(visitor, user, at=START + timedelta(minutes=minutes))).status_code == 200


async def test_an_unknown_key_is_named(visitor: Visitor, user: User) -> None:
    message = gateway_message(await signed(visitor, user, access_key="NOBODY"))

    assert message == "Get secretKey failed,ak:NOBODY,err:ak not exist"


async def test_five_wrong_signatures_lock_the_key_for_five_minutes(
    cloud: SimulatedCloud, visitor: Visitor, user: User
) -> None:
    for _ in range(5):
        await signed(visitor, user, secret_key="wrong")
    locked = await signed(visitor, user)
    cloud.advance(5 * 60)
    later = await signed(visitor, user, at=START + timedelta(minutes=5))

    assert gateway_message(locked) == "AK access failed to reach the limit,forbidden."
    assert later.status_code == 200


async def test_a_right_signature_forgives_the_wrong_ones_before(visitor: Visitor, user: User) -> None:
    for secret in ["wrong"] * 4 + [user.secret_key] + ["wrong"] * 4:
        await signed(visitor, user, secret_key=secret)

    assert (await signed(visitor, user)).status_code == 200


async def test_a_sub_project_must_be_named_in_a_signed_header(visitor: Visitor, user: User) -> None:
    visitor.project = visitor.cloud.add_project("eu-de_dr")
    without = await signed(visitor, user)
    named = await signed(visitor, user, headers={"X-Project-Id": visitor.project.id})
    wrong = await signed(visitor, user, headers={"X-Project-Id": "another"})

    assert [without.status_code, named.status_code, wrong.status_code] == [400, 200, 400]


async def test_a_temporary_key_counts_only_with_its_security_token_and_in_time(
    cloud: SimulatedCloud, visitor: Visitor, user: User
) -> None:
    body = {"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": 900}}}}
    url = f"{cloud.iam_url}/v3.0/OS-CREDENTIAL/securitytokens"
    answer = await visitor.http.post(url, json=body, headers={"X-Auth-Token": visitor.token})
    credential = answer.json()["credential"]
    keys = {"access_key": credential["access"], "secret_key": credential["secret"]}
    headers = {"X-Security-Token": credential["securitytoken"]}

    assert (answer.status_code, credential["expires_at"]) == (201, "2026-08-01T12:15:00.000000Z")
    assert (await signed(visitor, user, **keys, headers=headers)).status_code == 200
    without = await signed(visitor, user, **keys)
    assert gateway_message(without) == "verify security token fail"
    cloud.advance(900)
    late = await signed(visitor, user, **keys, headers=headers, at=START + timedelta(seconds=900))
    assert gateway_message(late) == "security token expired"


@pytest.mark.parametrize("seconds", [899, 86_401, "900"])
async def test_a_temporary_key_lasts_from_15_minutes_to_24_hours(visitor: Visitor, seconds: object) -> None:
    body = {"auth": {"identity": {"methods": ["token"], "token": {"duration_seconds": seconds}}}}
    url = f"{visitor.cloud.iam_url}/v3.0/OS-CREDENTIAL/securitytokens"

    answer = await visitor.http.post(url, json=body, headers={"X-Auth-Token": visitor.token})

    assert answer.status_code == 400


async def test_the_date_header_tells_the_clouds_time(cloud: SimulatedCloud, visitor: Visitor) -> None:
    cloud.advance(20 * 60)

    assert (await visitor.sdrs("GET", "/server-groups")).headers["Date"] == "Sat, 01 Aug 2026 12:20:00 GMT"


async def test_the_version_ping_needs_no_token(visitor: Visitor) -> None:
    for path in ("/", "/sdrs/"):
        answer = await visitor.http.get(visitor.cloud.url + path)
        assert answer.json()["versions"][0]["id"] == "v1"
    for path in ("/v1", "/sdrs/v1"):
        assert (await visitor.http.get(visitor.cloud.url + path)).json()["version"]["status"] == "CURRENT"
