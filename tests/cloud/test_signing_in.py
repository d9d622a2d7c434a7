"""Signing in to a simulated cloud: with password, key and agency, and with everything that is wrong."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot.cloud.access import AccessKeyLogin, Agency, Domain, MachineLogin, PasswordLogin, Service
from bot.cloud.identity import discover
from bot.demo.sdrs import AGENT_OPERATOR, DEFAULT_DOMAIN, OPERATOR_ROLES, TENANT_GUEST, Server
from bot.domain.facts import GroupId, ProjectAlias, Site
from bot.ports import Rejected
from tests.cloud.simulated import EU_DE, PASSWORD, LateClock, access_to, id_of, problem_of


async def test_access_key_works_against_a_signature_check_that_is_not_ours(cloud, opened):
    login = AccessKeyLogin(access_key=SecretStr(cloud.user.access_key), secret_key=SecretStr(cloud.user.secret_key))
    endpoints = {Service.SDRS: cloud.sdrs_url, Service.ECS: cloud.ecs_url, Service.IMS: cloud.ims_url}
    gateway = opened(access_to(cloud, login=login, endpoints=endpoints))
    assert len((await gateway.snapshot(EU_DE, id_of(cloud, "pg-erp"))).instances) == 5


async def test_the_temporary_key_of_the_machine_works_against_a_signature_check_that_is_not_ours(cloud, opened):
    async def key(request):
        registry = cloud.world.registry
        made = registry.issue_key(registry.keys[cloud.user.access_key].caller, datetime.now(UTC), 3600)
        names = {"access": made.access, "secret": made.secret, "securitytoken": made.security_token}
        return web.json_response({"credential": names | {"expires_at": made.expires_at.isoformat()}})

    application = web.Application()
    application.router.add_get("/securitykey", key)
    async with TestServer(application) as metadata:
        login = MachineLogin(url=str(metadata.make_url("/securitykey")))
        gateway = opened(access_to(cloud, login=login, endpoints={Service.SDRS: cloud.sdrs_url}))
        assert (await gateway.group(EU_DE, id_of(cloud, "pg-erp"))).name == "pg-erp"


async def test_wrong_secret_key_and_late_clock_have_their_own_sentences(cloud, opened):
    endpoints = {Service.SDRS: cloud.sdrs_url}
    wrong = AccessKeyLogin(access_key=SecretStr(cloud.user.access_key), secret_key=SecretStr("canary-wrong"))
    right = AccessKeyLogin(access_key=SecretStr(cloud.user.access_key), secret_key=SecretStr(cloud.user.secret_key))
    group_id = id_of(cloud, "pg-erp")
    access = {"endpoints": endpoints, "project_id": cloud.project.id}
    refused = await problem_of(opened(access_to(cloud, login=wrong, **access)).group(EU_DE, group_id))
    late = await problem_of(opened(access_to(cloud, login=right, **access), clock=LateClock()).group(EU_DE, group_id))
    assert "did not accept the token or the access key" in refused.what
    assert "clock is 20 minutes behind" in late.what


async def test_wrong_password_is_one_try_and_one_sentence(cloud, opened):
    login = PasswordLogin(password=SecretStr("wrong"), user_name="drbot", domain=Domain(name=DEFAULT_DOMAIN))
    gateway = opened(access_to(cloud, login=login, project_id=cloud.project.id, project_name=""))
    problems = await asyncio.gather(*(problem_of(gateway.group(EU_DE, GroupId("g"))) for _ in range(10)))
    assert {p.what for p in problems} == {problems[0].what}
    assert "refused the user “drbot” of the account “OTC-EU-DE-0000000001”" in problems[0].what
    assert len(cloud.calls) == 2  # with the project, and without it to tell which of both is wrong


async def test_a_user_with_a_second_factor_reads_what_the_identity_service_says(cloud, opened):
    cloud.user.passcode = "123456"
    problem = await problem_of(opened(access_to(cloud)).group(EU_DE, GroupId("g")))
    assert "The cloud's own words: “The user has enabled MFA" in problem.what


async def test_wrong_project_name_lists_the_projects(cloud, opened):
    problem = await problem_of(opened(access_to(cloud, project_name="eu-dee")).group(EU_DE, GroupId("g")))
    assert f"No project is named “eu-dee”. The user can enter: eu-de ({cloud.project.id})." in problem.what


async def test_wrong_project_id_lists_the_projects(cloud, opened):
    access = access_to(cloud, project_id="0" * 32, project_name="")
    problem = await problem_of(opened(access).group(EU_DE, GroupId("g")))
    assert f"cannot enter a project with the id “{'0' * 32}”. The user can enter: eu-de (" in problem.what


@pytest.mark.parametrize(
    ("name", "account", "project"),
    [
        ("dr-agencyy", "OTC-theirs", "eu-de_theirs"),
        ("dr-agency", "OTC9", "eu-de_theirs"),
        ("dr-agency", "OTC-theirs", "x"),
    ],
)
async def test_an_agency_that_is_refused_is_named_and_not_the_password(cloud, opened, name, account, project):
    cloud.add_project("eu-de_theirs", domain="OTC-theirs")
    cloud.add_user("broker", password=PASSWORD, roles={*OPERATOR_ROLES, AGENT_OPERATOR})
    cloud.add_agency("dr-agency", domain="OTC-theirs", trusted_domain=DEFAULT_DOMAIN)
    login = PasswordLogin(password=SecretStr(PASSWORD), user_name="broker", domain=Domain(name=DEFAULT_DOMAIN))
    agency = Agency(name=name, domain=Domain(name=account))
    access = access_to(cloud, login=login, agency=agency, project_name=project)
    problem = await problem_of(opened(access).group(EU_DE, GroupId("g")))
    assert f"the agency “{name}” of the account “{account}” in the project “{project}”" in problem.what
    assert "password" not in problem.what
    assert "Agent Operator" in problem.cure


async def test_agency_of_another_account_is_taken_on(cloud, opened):
    other = cloud.add_project("eu-de_theirs", domain="OTC-theirs")
    group = other.add_group("pg-theirs", servers=[Server(name="a")])
    cloud.add_user("broker", password=PASSWORD, roles={*OPERATOR_ROLES, AGENT_OPERATOR})
    cloud.add_agency("dr-agency", domain="OTC-theirs", trusted_domain=DEFAULT_DOMAIN)
    login = PasswordLogin(password=SecretStr(PASSWORD), user_name="broker", domain=Domain(name=DEFAULT_DOMAIN))
    agency = Agency(name="dr-agency", domain=Domain(name="OTC-theirs"))
    gateway = opened(access_to(cloud, login=login, agency=agency, project_name="eu-de_theirs"))
    assert len((await gateway.snapshot(EU_DE, GroupId(group.id))).instances) == 1


async def test_missing_role_names_the_roles(cloud, opened):
    cloud.add_user("auditor", password=PASSWORD, roles={TENANT_GUEST})
    login = PasswordLogin(password=SecretStr(PASSWORD), user_name="auditor", domain=Domain(name=DEFAULT_DOMAIN))
    outcome = await opened(access_to(cloud, login=login)).reverse(
        EU_DE, id_of(cloud, "pg-crm"), Site.SOURCE, is_still_ours=lambda: True
    )
    assert isinstance(outcome, Rejected)
    assert "SDRS Administrator" in outcome.problem.cure


async def test_settings_from_the_environment_lead_to_the_cloud(cloud, opened):
    environ = {
        "OS_AUTH_URL": f"{cloud.iam_url}/v3",
        "OS_USERNAME": "drbot",
        "OS_PASSWORD": PASSWORD,
        "OS_USER_DOMAIN_NAME": DEFAULT_DOMAIN,
        "OS_PROJECT_NAME": "eu-de",
        "SDRS_ENDPOINT": f"{cloud.sdrs_url}/v1/{cloud.project.id}",
    }
    discovery = discover(environ, lambda path: None)
    assert discovery.problems == ()
    gateway = opened(*discovery.accesses)
    assert len((await gateway.search(EU_DE, "pg-")).groups) == 4


async def test_two_projects_stand_side_by_side(cloud, opened):
    other = cloud.add_project("eu-de_dr")
    other.add_group("pg-other")
    second = access_to(cloud, alias=ProjectAlias("dr"), project_name="eu-de_dr")
    gateway = opened(access_to(cloud), second)
    assert gateway.projects == ("eu-de", "dr")
    assert [group.name for group in (await gateway.search(ProjectAlias("dr"), "")).groups] == ["pg-other"]
