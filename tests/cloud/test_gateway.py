"""The gateway against a simulated cloud on this machine that knows nothing of our code."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from bot.cloud.access import AccessKeyLogin, Agency, CloudAccess, Domain, PasswordLogin, Service
from bot.cloud.client import Limits
from bot.cloud.gateway import CloudGateway
from bot.cloud.identity import discover
from bot.cloud.transport import Retries
from bot.demo.sdrs import (
    AGENT_OPERATOR,
    DEFAULT_DOMAIN,
    OPERATOR_ROLES,
    OS,
    TENANT_GUEST,
    Fault,
    Pace,
    Server,
    SimulatedCloud,
    add_standard_groups,
)
from bot.domain.errors import CloudError, Happened
from bot.domain.facts import Credential, GroupId, JobId, JobStatus, Known, Os, Power, ProjectAlias, ServerId, Site
from bot.ports import Accepted, Cloud, Rejected, Unclear

EU_DE = ProjectAlias("eu-de")
PASSWORD = "canary-password"
QUICK = Retries(attempts=3, base_seconds=0.01, max_seconds=0.02)
LIMITS = Limits(read_seconds=0.5, total_seconds=2.0)


class SystemClock:
    def now(self):
        return datetime.now(UTC)

    def monotonic(self):
        return time.monotonic()


class LateClock(SystemClock):
    """Of a machine that is twenty minutes behind."""

    def now(self):
        return super().now() - timedelta(minutes=20)


@pytest.fixture
async def cloud():
    cloud = SimulatedCloud(
        seed=7, pace=Pace(reverse_seconds=0.0, sub_job_seconds=0.0, stop_seconds=0.0, start_seconds=0.0)
    )
    cloud.project = cloud.add_project("eu-de")
    add_standard_groups(cloud.project)
    cloud.user = cloud.add_user("drbot", password=PASSWORD)
    async with cloud:
        yield cloud


def access_to(cloud, **changes):
    login = PasswordLogin(password=SecretStr(PASSWORD), user_name="drbot", domain=Domain(name=DEFAULT_DOMAIN))
    values = {"alias": EU_DE, "login": login, "iam_root": cloud.iam_url, "region": "eu-de", "project_name": "eu-de"}
    return CloudAccess(**(values | changes))


@pytest.fixture
async def opened():
    gateways = []

    def open_(*accesses, clock=None, **options):
        gateway = CloudGateway(accesses, clock=clock or SystemClock(), retries=QUICK, limits=LIMITS, **options)
        gateways.append(gateway)
        return gateway

    yield open_
    for gateway in gateways:
        await gateway.aclose()


@pytest.fixture
def gateway(cloud, opened):
    return opened(access_to(cloud))


def id_of(cloud, name):
    return GroupId(cloud.project.group(name).id)


async def problem_of(awaitable):
    with pytest.raises(CloudError) as caught:
        await awaitable
    return caught.value.problem


def test_gateway_is_what_the_core_asks_for(cloud, gateway):
    as_port: Cloud = gateway
    assert as_port.projects == (EU_DE,)


async def test_snapshot_holds_everything_a_decision_needs(cloud, gateway):
    snapshot = await gateway.snapshot(EU_DE, id_of(cloud, "pg-erp"))
    by_name = {instance.name: instance for instance in snapshot.instances}
    assert snapshot.group.production is Site.SOURCE
    assert {name: (i.os, i.cloudbase_init, i.credential, i.wave) for name, i in by_name.items()} == {
        "erp-db": (Os.LINUX, Known.NO, Credential.KEY_PAIR, 1),
        "erp-app": (Os.WINDOWS, Known.YES, Credential.KEY_PAIR, 2),
        "erp-report": (Os.WINDOWS, Known.NO, Credential.PASSWORD, 2),
        "erp-web": (Os.LINUX, Known.NO, Credential.PASSWORD, 3),
        "erp-cache": (Os.COREOS, Known.NO, Credential.PASSWORD, 3),
    }
    assert all(i.at_source.power is Power.ON and i.at_target.power is Power.OFF for i in by_name.values())
    assert all(i.at_source.zone == "eu-de-01" and i.at_target.zone == "eu-de-02" for i in by_name.values())
    assert {i.dr_started_before for i in by_name.values()} == {Known.NO}
    assert len(snapshot.pairs) == 6
    assert {(pair.progress, pair.fault_level) for pair in snapshot.pairs} == {(100, "0")}
    assert snapshot.group.drill_overdue is Known.NO
    assert snapshot.token_expires_at is not None


async def test_the_password_call_is_never_made(cloud, gateway):
    for group in (await gateway.search(EU_DE, "")).groups:
        await gateway.snapshot(EU_DE, group.id)
    assert cloud.password_reads == []
    assert not [call for call in cloud.calls if "password" in call.path]


async def test_production_at_the_other_site_is_seen_with_its_history(cloud, gateway):
    snapshot = await gateway.snapshot(EU_DE, id_of(cloud, "pg-crm"))
    assert snapshot.group.production is Site.TARGET
    assert {instance.dr_started_before for instance in snapshot.instances} == {Known.YES}
    assert snapshot.group.drill_overdue is Known.YES


@pytest.mark.parametrize("quirk", [{"server_ids_swap": True}, {"count": "page"}, {"fault_level_is_number": True}])
async def test_snapshot_is_the_same_whatever_the_documentation_leaves_open(cloud, gateway, quirk):
    before = await gateway.snapshot(EU_DE, id_of(cloud, "pg-crm"))
    for name, value in quirk.items():
        setattr(cloud.world.quirks, name, value)
    after = await gateway.snapshot(EU_DE, id_of(cloud, "pg-crm"))
    assert after.instances == before.instances
    assert after.pairs == before.pairs


async def test_a_server_that_was_deleted_is_missing_and_the_rest_is_there(cloud, gateway):
    cloud.project.delete_machine(cloud.project.machine("erp-web"))
    snapshot = await gateway.snapshot(EU_DE, id_of(cloud, "pg-erp"))
    (web,) = [instance for instance in snapshot.instances if instance.name == "erp-web"]
    assert web.at_source is None
    assert web.at_target is not None
    assert web.status == "invalid"
    assert web.credential is Credential.UNKNOWN


async def test_tag_on_the_instance_overrides_what_the_image_says(cloud, gateway):
    cloud.project.add_group(
        "pg-tags", servers=[Server(name="w", os=OS.WINDOWS, cloudbase_init=True, tags={"cloudbase-init": "no"})]
    )
    (instance,) = (await gateway.snapshot(EU_DE, id_of(cloud, "pg-tags"))).instances
    assert instance.cloudbase_init is Known.NO


async def test_deleted_image_leaves_what_the_server_itself_says(cloud, gateway):
    cloud.project.add_group("pg-old", servers=[Server(name="w", os=OS.WINDOWS, image_deleted=True)])
    (instance,) = (await gateway.snapshot(EU_DE, id_of(cloud, "pg-old"))).instances
    assert instance.os is Os.WINDOWS
    assert instance.cloudbase_init is Known.UNKNOWN


async def test_forty_instances_are_read_with_few_calls(cloud, gateway):
    cloud.project.add_group("pg-40", servers=[Server(name=f"s{number}") for number in range(40)])
    await gateway.snapshot(EU_DE, id_of(cloud, "pg-40"))
    cloud.forget_calls()
    snapshot = await gateway.snapshot(EU_DE, id_of(cloud, "pg-40"))
    assert len(snapshot.instances) == 40
    assert len([call for call in cloud.calls if "cloudservers" in call.path]) == 1
    assert len(cloud.calls) <= 50


async def test_servers_of_a_huge_project_are_read_one_by_one(cloud, gateway):
    cloud.project.add_groups(300, servers_each=1)
    cloud.project.add_group("pg-8", servers=[Server(name=f"s{number}") for number in range(8)])
    for _ in range(2):
        cloud.forget_calls()
        assert len((await gateway.snapshot(EU_DE, id_of(cloud, "pg-8"))).instances) == 8
    assert not [call for call in cloud.calls if call.path.endswith("/cloudservers/detail")]


async def test_images_are_asked_for_once(cloud, gateway):
    for _ in range(2):
        await gateway.snapshot(EU_DE, id_of(cloud, "pg-erp"))
    images = [call for call in cloud.calls if call.service == "ims"]
    assert len(images) == len({call.query for call in images})


async def test_a_reversal_from_beginning_to_end(cloud, gateway):
    group_id = id_of(cloud, "pg-erp")
    snapshot = await gateway.snapshot(EU_DE, group_id)
    old = [instance.source_server_id for instance in snapshot.instances]
    new = [instance.target_server_id for instance in snapshot.instances]
    refused = await gateway.reverse(EU_DE, group_id, Site.TARGET, is_still_ours=lambda: True)
    assert isinstance(refused, Rejected)
    assert refused.problem.code == "SDRS.1319"
    stopped = await gateway.stop(EU_DE, old)
    assert isinstance(stopped, Accepted)
    assert (await gateway.servers_job(EU_DE, stopped.job_id)).status == JobStatus.SUCCESS
    assert {server.power for server in await gateway.servers(EU_DE, old)} == {Power.OFF}
    accepted = await gateway.reverse(EU_DE, group_id, Site.TARGET, is_still_ours=lambda: True)
    assert isinstance(accepted, Accepted)
    job = await gateway.job(EU_DE, accepted.job_id)
    assert job.status == JobStatus.SUCCESS
    assert job.leaves()
    assert isinstance(await gateway.start(EU_DE, new), Accepted)
    after = await gateway.snapshot(EU_DE, group_id)
    assert after.group.production is Site.TARGET
    assert {instance.priority_station for instance in after.instances} == {"target"}
    assert {instance.at_target.power for instance in after.instances} == {Power.ON}
    assert len(cloud.reversals()[group_id].accepted) == 1


async def test_an_answer_that_is_lost_after_accepting_is_unclear_and_not_sent_again(cloud, gateway):
    group_id = id_of(cloud, "pg-crm")
    snapshot = await gateway.snapshot(EU_DE, group_id)
    await gateway.stop(EU_DE, [instance.target_server_id for instance in snapshot.instances])
    cloud.faults.add(Fault(match="POST .*/action", contains="reverse", drop="after_accepting"))
    outcome = await gateway.reverse(EU_DE, group_id, Site.SOURCE, is_still_ours=lambda: True)
    assert isinstance(outcome, Unclear)
    assert len(cloud.reversals()[group_id].attempted) == 1


async def test_an_order_that_is_dropped_before_it_is_read_is_unclear_too(cloud, gateway):
    cloud.faults.add(Fault(match="POST .*/action", drop="before"))
    outcome = await gateway.reverse(EU_DE, id_of(cloud, "pg-crm"), Site.SOURCE, is_still_ours=lambda: True)
    assert isinstance(outcome, Unclear)


async def test_reads_survive_passing_faults(cloud, gateway):
    cloud.faults.add(Fault(match="GET /sdrs", status=503, times=2))
    cloud.faults.add(Fault(match="GET /ecs", drop="before", times=2))
    assert (await gateway.snapshot(EU_DE, id_of(cloud, "pg-erp"))).instances


async def test_tokens_that_end_in_the_middle_are_renewed_once(cloud, gateway):
    await gateway.snapshot(EU_DE, id_of(cloud, "pg-erp"))
    cloud.expire_tokens()
    cloud.forget_calls()
    await asyncio.gather(*(gateway.snapshot(EU_DE, id_of(cloud, "pg-erp")) for _ in range(5)))
    assert len([call for call in cloud.calls if call.path.endswith("/auth/tokens")]) == 1


async def test_unknown_group_is_missing_although_the_cloud_says_400(cloud, gateway):
    problem = await problem_of(gateway.group(EU_DE, GroupId("40df180b-9fe2-471a-8c64-1b758dc84189")))
    assert problem.is_missing
    assert problem.status == 400


async def test_unknown_job_is_a_problem_and_no_end(cloud, gateway):
    problem = await problem_of(gateway.job(EU_DE, JobId("ff8080826b45d4a5016b5036242c0025")))
    assert problem.happened is Happened.NO


async def test_servers_that_do_not_exist_are_left_out(cloud, gateway):
    real = ServerId(cloud.project.machine("erp-db").id)
    gone = ServerId("40df180b-9fe2-471a-8c64-1b758dc84189")
    assert [server.id for server in await gateway.servers(EU_DE, [gone, real])] == [real]


@pytest.mark.parametrize("ids", [[], ["../x"], ["a"] * 1001])
async def test_orders_about_no_too_many_or_malformed_servers_are_not_sent(cloud, gateway, ids):
    assert isinstance(await gateway.stop(EU_DE, ids), Rejected)
    assert cloud.calls == []


async def test_project_that_is_not_configured_is_a_sentence(gateway):
    assert "Configured are: eu-de." in (await problem_of(gateway.group(ProjectAlias("x"), GroupId("g")))).cure


# --------------------------------------------------------------------------------------------- signing in


async def test_access_key_works_against_a_signature_check_that_is_not_ours(cloud, opened):
    login = AccessKeyLogin(access_key=SecretStr(cloud.user.access_key), secret_key=SecretStr(cloud.user.secret_key))
    endpoints = {Service.SDRS: cloud.sdrs_url, Service.ECS: cloud.ecs_url, Service.IMS: cloud.ims_url}
    gateway = opened(access_to(cloud, login=login, endpoints=endpoints))
    assert len((await gateway.snapshot(EU_DE, id_of(cloud, "pg-erp"))).instances) == 5


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
    assert "The identity service refused the user name, password or domain" in problems[0].what
    assert len(cloud.calls) == 1


async def test_wrong_project_name_lists_the_projects(cloud, opened):
    problem = await problem_of(opened(access_to(cloud, project_name="eu-dee")).group(EU_DE, GroupId("g")))
    assert f"No project is named “eu-dee”. The user can enter: eu-de ({cloud.project.id})." in problem.what


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


# ---------------------------------------------------------------------------------------------- catalogue


async def test_search_finds_words_in_any_order_and_exact_names_first(cloud, gateway):
    cloud.project.add_groups(30, servers_each=0, prefix="shop-eu-")
    cloud.project.add_group("shop")
    found = await gateway.search(EU_DE, "  SHOP ", limit=3)
    assert [group.name for group in found.groups] == ["shop", "shop-eu-00000", "shop-eu-00001"]
    assert found.total == 31
    assert [g.name for g in (await gateway.search(EU_DE, "00007 eu")).groups] == ["shop-eu-00007"]


async def test_thousands_of_groups_are_read_over_all_pages(cloud, gateway):
    cloud.project.add_groups(2300, servers_each=0)
    found = await gateway.search(EU_DE, "", limit=100)
    assert (found.total, len(found.groups)) == (2304, 100)


async def test_catalogue_stays_usable_when_the_list_call_is_down(cloud, opened):
    clock = PushedClock()
    gateway = opened(access_to(cloud), clock=clock)
    first = await gateway.search(EU_DE, "")
    cloud.faults.add(Fault(match="GET .*/server-groups", status=503))
    clock.ahead = 3600.0
    await gateway.search(EU_DE, "")  # begins to renew behind its back
    stale = await until(lambda: gateway.search(EU_DE, "erp"), lambda found: bool(found.stale_reason))
    assert [group.name for group in stale.groups] == ["pg-erp"]
    assert stale.read_at == first.read_at
    assert "not available" in stale.stale_reason


async def test_catalogue_renews_itself_behind_the_search(cloud, opened):
    clock = PushedClock()
    gateway = opened(access_to(cloud), clock=clock)
    await gateway.search(EU_DE, "")
    cloud.project.add_group("pg-new")
    clock.ahead = 60.0
    found = await until(lambda: gateway.search(EU_DE, "pg-new"), lambda found: bool(found.groups))
    assert found.total == 1


async def test_catalogue_that_was_never_read_says_why_it_is_empty(cloud, gateway):
    cloud.faults.add(Fault(match="GET .*/server-groups", status=503))
    found = await gateway.search(EU_DE, "")
    assert (found.groups, found.read_at) == ((), None)
    assert "not available" in found.stale_reason


async def test_group_that_the_catalogue_lacks_is_found_by_its_id(cloud, gateway):
    await gateway.search(EU_DE, "")
    group = cloud.project.add_group("pg-brand-new")
    assert [found.name for found in (await gateway.search(EU_DE, group.id)).groups] == ["pg-brand-new"]


async def test_every_call_is_seen_by_the_observer(cloud, opened):
    seen = []
    gateway = opened(access_to(cloud), observe=seen.append)
    await gateway.group(EU_DE, id_of(cloud, "pg-erp"))
    assert (seen[0].method, seen[0].status) == ("POST", 201)
    assert seen[-1].path.endswith(f"/server-groups/{id_of(cloud, 'pg-erp')}")
    assert PASSWORD not in repr(seen)


class PushedClock(SystemClock):
    """The monotonic clock can be pushed, as if time had passed between two searches."""

    ahead = 0.0

    def monotonic(self):
        return super().monotonic() + self.ahead


async def until(ask, is_enough):
    """Asks until it is enough; the test's own time limit ends it otherwise."""
    async with asyncio.timeout(10):
        while True:
            answer = await ask()
            if is_enough(answer):
                return answer
            await asyncio.sleep(0.02)
