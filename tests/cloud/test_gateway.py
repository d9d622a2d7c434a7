"""The gateway against a simulated cloud on this machine that knows nothing of our code."""

import asyncio

import pytest

from bot.cloud.sdrs import Sdrs
from bot.demo.sdrs import OS, Fault, Server
from bot.domain.errors import Happened
from bot.domain.facts import Credential, GroupId, JobId, JobStatus, Known, Os, Power, ProjectAlias, ServerId, Site
from bot.ports import Accepted, Cloud, Rejected, Unclear
from tests.cloud.simulated import EU_DE, id_of, problem_of


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


async def test_quotas_and_zone_pairs_are_read(cloud, gateway):
    sdrs = Sdrs(gateway.session(EU_DE))
    used = {quota.type: (quota.used, quota.quota) for quota in await sdrs.quotas()}
    assert used["server_groups"] == (4, 50)
    (domain,) = await sdrs.active_domains()
    zones = (domain.local_replication_cluster.availability_zone, domain.remote_replication_cluster.availability_zone)
    assert zones == ("eu-de-01", "eu-de-02")


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
