"""The vendor's own client, signing with access and secret key, works against the simulated cloud unchanged."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException
from huaweicloudsdkcore.region.region import Region
from huaweicloudsdksdrs.v1 import (
    ListProtectionGroupsRequest,
    ReverseProtectionGroupRequestBody,
    ReverseProtectionGroupRequestParams,
    SdrsClient,
    ShowJobStatusRequest,
    ShowProtectionGroupRequest,
    StartReverseProtectionGroupRequest,
)

from bot.demo.sdrs import Group, Pace, Project, Server, SimulatedCloud, User


@pytest.fixture
async def cloud() -> AsyncIterator[SimulatedCloud]:
    async with SimulatedCloud(pace=Pace(reverse_seconds=60)) as cloud:
        yield cloud


@pytest.fixture
def project(cloud: SimulatedCloud) -> Project:
    return cloud.add_project("eu-de")


@pytest.fixture
def group(project: Project) -> Group:
    return project.add_group("pg-erp", servers=[Server(name="erp-db", running=False)])


@pytest.fixture
def user(cloud: SimulatedCloud) -> User:
    return cloud.add_user("drbot", password="right")


def _client(cloud: SimulatedCloud, project: Project, access_key: str, secret_key: str) -> SdrsClient:
    credentials = BasicCredentials(access_key, secret_key, project.id)
    return SdrsClient.new_builder().with_credentials(credentials).with_endpoint(cloud.url).build()


@pytest.fixture
def client(cloud: SimulatedCloud, project: Project, user: User) -> SdrsClient:
    return _client(cloud, project, user.access_key, user.secret_key)


async def test_the_public_client_lists_and_shows_groups(client: SdrsClient, group: Group) -> None:
    listed = await asyncio.to_thread(
        client.list_protection_groups, ListProtectionGroupsRequest(limit=100, offset=0, name="erp")
    )
    shown = await asyncio.to_thread(client.show_protection_group, ShowProtectionGroupRequest(server_group_id=group.id))

    assert [(one.id, one.name) for one in listed.server_groups] == [(group.id, "pg-erp")]
    assert (listed.count, shown.server_group.priority_station) == (1, "source")


async def test_the_public_client_reverses_a_group_and_follows_its_job(
    cloud: SimulatedCloud, client: SdrsClient, group: Group
) -> None:
    params = ReverseProtectionGroupRequestParams(priority_station="target")
    request = StartReverseProtectionGroupRequest(
        server_group_id=group.id, body=ReverseProtectionGroupRequestBody(reverse_server_group=params)
    )
    started = await asyncio.to_thread(client.start_reverse_protection_group, request)
    running = await asyncio.to_thread(client.show_job_status, ShowJobStatusRequest(job_id=started.job_id))
    cloud.advance(60)
    ended = await asyncio.to_thread(client.show_job_status, ShowJobStatusRequest(job_id=started.job_id))

    assert (running.status, ended.status) == ("INIT", "SUCCESS")
    assert len(ended.entities.sub_jobs) == 1
    assert (group.status, group.priority_station) == ("protected", "target")
    assert [call.user for call in cloud.reversals()[group.id].accepted] == ["drbot"]


async def test_the_public_client_sees_the_documented_refusal(client: SdrsClient, group: Group) -> None:
    group.instances[0].source.status = "ACTIVE"
    params = ReverseProtectionGroupRequestParams(priority_station="target")
    request = StartReverseProtectionGroupRequest(
        server_group_id=group.id, body=ReverseProtectionGroupRequestBody(reverse_server_group=params)
    )

    with pytest.raises(ClientRequestException) as refused:
        await asyncio.to_thread(client.start_reverse_protection_group, request)
    assert (refused.value.status_code, refused.value.error_code) == (400, "SDRS.1319")


async def test_the_public_client_finds_the_project_of_its_region_by_itself(
    cloud: SimulatedCloud, project: Project, user: User, group: Group
) -> None:
    credentials = BasicCredentials(user.access_key, user.secret_key).with_iam_endpoint(cloud.url)
    builder = SdrsClient.new_builder().with_credentials(credentials).with_region(Region("eu-de", cloud.url))
    client = await asyncio.to_thread(builder.build)

    listed = await asyncio.to_thread(client.list_protection_groups, ListProtectionGroupsRequest())

    assert [one.name for one in listed.server_groups] == ["pg-erp"]
    assert cloud.calls[-1].project == project.id


async def test_the_public_client_with_a_wrong_secret_is_refused(
    cloud: SimulatedCloud, project: Project, user: User
) -> None:
    client = _client(cloud, project, user.access_key, "wrong")

    with pytest.raises(ClientRequestException) as refused:
        await asyncio.to_thread(client.list_protection_groups, ListProtectionGroupsRequest())
    assert (refused.value.status_code, refused.value.error_code) == (401, "APIGW.0301")
