"""Each thing that can be wrong is found, named with its cure, and hides nothing else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from typer.testing import CliRunner

from bot.cli import app
from bot.demo.sdrs import TENANT_GUEST, Fault
from bot.demo.workspace import SlackFault, standalone
from bot.doctor.report import Area, Health, bounded
from bot.slack.manifest import SCOPES
from storage.database import open_database
from storage.unit_of_work import SqlStore
from tests.doctor.conftest import Patient


async def test_nothing_is_wrong_with_a_healthy_installation(patient: Patient) -> None:
    results = await patient.examined()
    assert [one for one in results if one.health is not Health.OK] == []
    assert {one.area for one in results} == set(Area)
    assert not [one for one in results if one.cure]


async def test_the_doctor_changes_nothing(patient: Patient) -> None:
    await patient.examined()
    assert {call.method for call in patient.cast.slack.calls} <= {
        *("auth.test", "apps.connections.open", "conversations.info"),
        *("usergroups.users.list", "users.info"),
    }
    posts = [call for call in patient.cloud.calls if call.method != "GET"]
    assert {call.path.rpartition("/")[2] for call in posts} == {"tokens"}


# ---------------------------------------------------------------------------------------------------- settings


async def test_missing_settings_are_named_one_by_one(patient: Patient) -> None:
    del patient.environ["SLACK_BOT_TOKEN"]
    patient.environ["POLL_SECONDS"] = "soon"
    complaints = await patient.complaints(Area.SETTINGS)
    assert {one.sentence.split()[0] for one in complaints} == {"SLACK_BOT_TOKEN", "POLL_SECONDS"}
    assert all("README" in one.cure for one in complaints)
    assert (await patient.complaints(Area.CLOUD)) == [], "the rest is examined all the same"


async def test_a_bot_that_slack_cannot_reach_is_found(patient: Patient) -> None:
    del patient.environ["SLACK_APP_TOKEN"], patient.environ["SLACK_SIGNING_SECRET"]
    assert (await patient.complaint(Area.SETTINGS)).sentence == "Nothing of Slack would reach the bot."


# ------------------------------------------------------------------------------------------------------- Slack


async def test_a_wrong_bot_token_is_refused_by_slack_in_its_own_word(patient: Patient) -> None:
    patient.environ["SLACK_BOT_TOKEN"] = "xoxb-1-2-canarytoken"
    complaint = await patient.complaint(Area.SLACK)
    assert complaint.sentence == "Slack refused the bot token (invalid_auth)."
    assert "SLACK_BOT_TOKEN" in complaint.cure
    assert (await patient.complaint(Area.POLICY)).health is Health.WARNING, "nobody can say who could approve"


async def test_each_missing_scope_says_what_will_not_work(patient: Patient) -> None:
    lacking = standalone(scopes=[scope for scope in SCOPES if scope not in ("im:write", "im:history")])
    async with lacking.slack:
        patient.environ |= lacking.slack.environment(lacking.app)
        patient.change_policy(
            (patient.cast.approvals.id, lacking.approvals.id), (patient.cast.incidents.id, lacking.incidents.id)
        )
        complaints = await patient.complaints(Area.SLACK)
    scopes = [one.sentence for one in complaints if one.name == "scopes"]
    assert len(scopes) == 2
    assert scopes[0] == "The scope im:write is missing. Without it no direct messages: login guidance and notes."


async def test_a_wrong_app_token_is_found(patient: Patient) -> None:
    patient.environ["SLACK_APP_TOKEN"] = "xapp-1-A-2-canary"
    complaint = await patient.complaint(Area.SLACK)
    assert (complaint.name, complaint.health) == ("intake", Health.FAILED)
    assert "invalid_auth" in complaint.sentence


async def test_a_channel_that_was_not_joined_is_found(patient: Patient) -> None:
    patient.cast.slack.trouble.remove_bot(patient.cast.approvals.id)
    complaint = await patient.complaint(Area.SLACK)
    assert complaint.sentence == "The bot is not a member of #dr-approvals."
    assert complaint.cure == "Type /invite in #dr-approvals."


async def test_an_archived_channel_is_found(patient: Patient) -> None:
    patient.cast.slack.trouble.archive_channel(patient.cast.incidents.id)
    assert (await patient.complaint(Area.SLACK)).sentence == "#incidents is archived."


async def test_a_channel_shared_with_others_is_found(patient: Patient) -> None:
    patient.cast.slack.trouble.share_externally(patient.cast.approvals.id)
    assert "is shared with another organisation" in (await patient.complaint(Area.SLACK)).sentence


async def test_a_channel_that_does_not_exist_is_found(patient: Patient) -> None:
    patient.change_policy((patient.cast.incidents.id, "C0NOWHERE"))
    assert (await patient.complaint(Area.SLACK)).sentence == "The bot cannot see the channel C0NOWHERE."


async def test_a_workspace_without_user_groups_is_found(patient: Patient) -> None:
    patient.cast.slack.trouble.downgrade_plan()
    assert "paid plan" in (await patient.complaint(Area.SLACK)).cure


@pytest.mark.parametrize(("minutes", "health"), [(20, Health.FAILED), (-20, Health.FAILED), (2, Health.WARNING)])
async def test_a_wrong_clock_is_found_from_slacks_own(patient: Patient, minutes: int, health: Health) -> None:
    patient.clock.off = timedelta(minutes=minutes)
    complaint = await patient.complaint(Area.SLACK)
    assert (complaint.name, complaint.health) == ("clock", health)
    assert ("ahead of" in complaint.sentence) is (minutes > 0)


async def test_slack_that_is_down_does_not_hide_the_rest(patient: Patient) -> None:
    patient.cast.slack.outage()
    assert (await patient.complaint(Area.SLACK)).sentence == "Slack did not answer (no answer)."
    assert await patient.complaints(Area.CLOUD) == []
    assert "not known" in (await patient.complaint(Area.POLICY)).sentence


# ---------------------------------------------------------------------------------------------------- database


async def test_a_database_that_is_not_there_is_not_made(patient: Patient, tmp_path: Path) -> None:
    file = tmp_path / "none.db"
    patient.environ["DATABASE_URL"] = f"sqlite:///{file}"
    assert "failover-bot migrate" in (await patient.complaint(Area.DATABASE)).cure
    assert not file.exists()


async def test_a_database_without_tables_is_found(patient: Patient, empty_postgres_url: str) -> None:
    patient.environ["DATABASE_URL"] = empty_postgres_url
    complaint = await patient.complaint(Area.DATABASE)
    assert (complaint.name, complaint.health) == ("tables", Health.FAILED)
    assert "failover-bot migrate" in complaint.sentence


async def test_a_database_out_of_reach_is_found_and_no_password_is_shown(patient: Patient) -> None:
    patient.environ["DATABASE_URL"] = "postgresql://bot:canary-77@127.0.0.1:1/bot"
    complaint = await patient.complaint(Area.DATABASE)
    assert complaint.health is Health.FAILED
    assert "canary-77" not in str(complaint)


async def test_a_restored_database_waits_for_a_person(patient: Patient, postgres_url: str) -> None:
    database = open_database(postgres_url)
    store = SqlStore(database)
    store.transact(lambda tx: tx.instance.put("read_only", "restored"))
    store.close()
    database.close()
    patient.environ["DATABASE_URL"] = postgres_url
    complaint = await patient.complaint(Area.DATABASE)
    assert (complaint.health, complaint.cure) == (Health.WARNING, "Run `failover-bot confirm-restored`.")


# ------------------------------------------------------------------------------------------------------- cloud


async def test_a_wrong_project_lists_those_that_exist(patient: Patient) -> None:
    patient.environ["OS_PROJECT_NAME"] = "eu-de_typo"
    complaint = await patient.complaint(Area.CLOUD)
    project = next(iter(patient.cloud.world.projects.values()))
    assert f"eu-de ({project.id})" in complaint.sentence
    assert "OS_PROJECT_NAME" in complaint.cure


async def test_a_wrong_password_is_found_and_not_shown(patient: Patient) -> None:
    patient.environ["OS_PASSWORD"] = "canary-password-9f"
    results = await patient.examined()
    assert [one.health for one in results if one.area is Area.CLOUD] == [Health.FAILED]
    assert "canary-password-9f" not in str(results)


async def test_a_wrong_endpoint_is_found_alone(patient: Patient) -> None:
    patient.environ["ECS_ENDPOINT"] = f"{patient.cloud.url}/nowhere"
    complaint = await patient.complaint(Area.CLOUD)
    assert (complaint.name, complaint.health) == ("eu-de: ECS", Health.FAILED)
    assert complaint.cure


async def test_no_cloud_at_all_is_found(patient: Patient) -> None:
    for name in [name for name in patient.environ if name.startswith("OS_")]:
        del patient.environ[name]
    assert "No cloud is configured" in (await patient.complaint(Area.CLOUD)).sentence


async def test_a_password_that_expires_is_told_before_it_does(patient: Patient) -> None:
    patient.cloud.world.registry.users[0].password_expires_at = datetime.now(UTC) + timedelta(days=3)
    complaint = await patient.complaint(Area.CLOUD)
    assert (complaint.name, complaint.health) == ("eu-de: password", Health.WARNING)


async def test_a_user_who_may_only_read_is_found(patient: Patient) -> None:
    patient.cloud.world.registry.users[0].roles = frozenset({TENANT_GUEST})
    complaint = await patient.complaint(Area.CLOUD)
    assert (complaint.name, complaint.health) == ("eu-de: rights", Health.WARNING)
    assert "reverse groups or stop and start servers" in complaint.sentence


async def test_the_rights_of_an_access_key_are_not_called_well(patient: Patient) -> None:
    user = patient.cloud.world.registry.users[0]
    for name in [name for name in patient.environ if name.startswith("OS_")]:
        del patient.environ[name]
    patient.environ |= {
        "HUAWEICLOUD_SDK_AK": user.access_key,
        "HUAWEICLOUD_SDK_SK": user.secret_key,
        "HUAWEICLOUD_SDK_REGION": "eu-de",
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": patient.cloud.iam_url,
    }
    complaint = await patient.complaint(Area.CLOUD)
    assert (complaint.name, complaint.health) == ("eu-de: rights", Health.WARNING)
    assert "SDRS Administrator" in complaint.cure
    assert user.access_key not in str(await patient.examined())


async def test_a_wrong_region_is_told_which_there_are(patient: Patient) -> None:
    patient.environ |= {"OS_REGION_NAME": "eu-nl", "SDRS_ENDPOINT": "", "ECS_ENDPOINT": "", "IMS_ENDPOINT": ""}
    complaints = await patient.complaints(Area.CLOUD)
    assert [one.name for one in complaints] == ["eu-de: SDRS", "eu-de: ECS", "eu-de: IMS"]
    assert "in eu-de, not in eu-nl" in complaints[0].sentence


async def test_a_refusal_is_told_with_what_a_ticket_needs(patient: Patient) -> None:
    body = {"error_code": "APIGW.0201", "error_msg": "Backend timeout"}
    patient.cloud.faults.add(Fault(match="GET .*server-groups", status=502, body=body))
    complaint = await patient.complaint(Area.CLOUD)
    assert "Reference: APIGW.0201, HTTP 502, request " in complaint.sentence


async def test_several_projects_are_told_apart(patient: Patient) -> None:
    patient.environ["OS_PROJECT_NAME"] = "eu-de,eu-de_typo"
    results = [one for one in await patient.examined() if one.area is Area.CLOUD]
    assert {one.name for one in results if one.health is Health.FAILED} == {"eu-de_typo: sign-in"}
    assert {"eu-de: sign-in", "eu-de: SDRS"} <= {one.name for one in results if one.health is Health.OK}


async def test_the_time_of_the_group_list_is_told(patient: Patient) -> None:
    patient.cloud.faults.add(Fault(match="GET .*server-groups", delay_seconds=0.2))
    (groups,) = [one for one in await patient.examined() if one.name == "eu-de: SDRS"]
    assert groups.milliseconds >= 200


# ------------------------------------------------------------------------------------------------------ policy


async def test_a_broken_policy_is_told_in_sentences(patient: Patient) -> None:
    patient.change_policy(('name = "all"', "name = 1"), ("need = 1", "need = 0"))
    complaints = await patient.complaints(Area.POLICY)
    assert {one.health for one in complaints} == {Health.FAILED}


async def test_a_quorum_of_people_who_left_cannot_be_met(patient: Patient) -> None:
    for approver in patient.cast.approvers:
        patient.cast.slack.trouble.deactivate(approver.id)
    complaint = await patient.complaint(Area.POLICY)
    assert complaint.health is Health.FAILED
    assert complaint.sentence.startswith("The quorum cannot be met by anybody who is there: approver 0 of 1.")
    assert "amir" in complaint.sentence


async def test_an_approver_whom_slack_does_not_know_is_named(patient: Patient) -> None:
    approvers = patient.cast.approver_group.id
    patient.change_policy((f'usergroups = ["{approvers}"]', 'users = ["U0NOBODY1", "U0NOBODY2"]'))
    complaint = await patient.complaint(Area.POLICY)
    assert complaint.health is Health.FAILED
    assert complaint.sentence.startswith("The quorum cannot be met by anybody who is there: approver 0 of 1.")
    assert complaint.sentence.endswith("Not counted: U0NOBODY1, U0NOBODY2.")


async def test_an_approver_without_a_substitute_is_a_warning(patient: Patient) -> None:
    patient.cast.slack.trouble.deactivate(patient.cast.approvers[0].id)
    complaint = await patient.complaint(Area.POLICY)
    assert complaint.health is Health.WARNING
    assert complaint.sentence.startswith("Nobody can stand in for Chen Wei")


async def test_a_second_factor_without_a_page_for_it_is_found(patient: Patient) -> None:
    patient.change_policy(('groups = ["*"]', 'groups = ["*"]\nsecond_factor = true'))
    assert (await patient.complaint(Area.POLICY)).cure == "Set PUBLIC_URL and STEP_UP_KEY."


# ------------------------------------------------------------------------------------------------------- place


async def test_a_bot_in_the_zone_it_may_have_to_leave_is_warned(patient: Patient) -> None:
    patient.environ["FAILOVER_BOT_ZONE"] = "eu-de-01"
    complaint = await patient.complaint(Area.PLACE)
    assert complaint.health is Health.WARNING
    assert "pg-erp" in complaint.sentence
    assert "pg-crm" not in complaint.sentence, "its production is at the other site"


async def test_a_place_is_well_only_when_the_groups_of_every_project_are_known(patient: Patient) -> None:
    patient.environ["OS_PROJECT_NAME"] = "eu-de,eu-de_typo"
    assert "the zones of the groups are not known" in (await patient.complaint(Area.PLACE)).sentence
    patient.cloud.add_project("eu-de_typo")  # that has no group at all
    assert await patient.complaints(Area.PLACE) == []


async def test_a_place_that_nobody_tells_is_not_known(patient: Patient) -> None:
    del patient.environ["FAILOVER_BOT_ZONE"]
    assert "not known" in (await patient.complaint(Area.PLACE)).sentence


@pytest.fixture
async def metadata_service() -> AsyncIterator[tuple[str, list[str]]]:
    """What tells the cloud's own servers where they are."""
    asked: list[str] = []

    async def tell(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"availability_zone": "eu-de-02", "name": "bot"})

    application = web.Application()
    application.router.add_get("/openstack/latest/meta_data.json", tell)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


async def test_the_zone_is_asked_of_the_metadata_service(
    patient: Patient, metadata_service: tuple[str, list[str]]
) -> None:
    del patient.environ["FAILOVER_BOT_ZONE"]
    patient.metadata, asked = metadata_service
    assert "pg-crm" in (await patient.complaint(Area.PLACE)).sentence
    patient.environ["FAILOVER_BOT_METADATA"] = "off"
    assert "not known" in (await patient.complaint(Area.PLACE)).sentence
    assert len(asked) == 1, "the opt-out is obeyed"


# ------------------------------------------------------------------------------------------------- as a command


async def doctor(patient: Patient, *words: str) -> tuple[int, str]:
    result = await asyncio.to_thread(CliRunner().invoke, app, ["doctor", *words], env=patient.environ)
    return result.exit_code, result.stdout


async def test_the_exit_status_says_how_it_is(patient: Patient) -> None:
    assert (await doctor(patient))[0] == 0
    patient.environ["FAILOVER_BOT_ZONE"] = "eu-de-01"
    assert (await doctor(patient))[0] == 1
    patient.cast.slack.trouble.remove_bot(patient.cast.approvals.id)
    status, shown = await doctor(patient)
    assert status == 2
    assert "/invite" in shown


async def test_programs_read_the_same_as_json(patient: Patient) -> None:
    patient.environ["FAILOVER_BOT_ZONE"] = "eu-de-01"
    status, shown = await doctor(patient, "--json")
    report = json.loads(shown)
    assert (status, report["health"]) == (1, "warning")
    assert [one["area"] for one in report["results"] if one["health"] != "ok"] == ["place"]


async def test_no_secret_is_ever_shown(patient: Patient) -> None:
    patient.cast.slack.faults.add(SlackFault(method="apps.connections.open", error=patient.environ["SLACK_APP_TOKEN"]))
    _, shown = await doctor(patient, "--json")
    secrets = [patient.environ[name] for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")]
    assert [secret for secret in (*secrets, patient.environ["OS_PASSWORD"]) if secret in shown] == []
    assert "[hidden]" in shown


async def test_an_area_that_never_answers_ends_in_time() -> None:
    async def never() -> tuple[()]:
        await asyncio.sleep(3600)
        return ()

    (only,) = await bounded(Area.CLOUD, never(), seconds=0.01)
    assert only.sentence == "The cloud did not answer within 0.01 seconds."


async def test_a_fault_of_the_doctor_is_a_result_that_quotes_nothing() -> None:
    async def stumble() -> tuple[()]:
        raise RuntimeError("canary-secret")

    (only,) = await bounded(Area.SLACK, stumble(), seconds=1)
    assert only.health is Health.FAILED
    assert "canary-secret" not in str(only)
