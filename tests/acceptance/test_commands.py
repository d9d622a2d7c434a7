"""The commands of the demo as a new user types them: what they print, that they end, and that they leave nothing."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import pytest
from aiohttp import ClientSession
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdksdrs.v1 import ListProtectionGroupsRequest, SdrsClient
from slack_sdk import WebClient

EXAMPLE = files("bot.policy_file").joinpath("example.toml").read_text("utf-8")
STEPS = (
    "Rosa types /failover in #general",
    "Amir reads the card in #dr-approvals",
    "Rosa presses Approve… and is told, in private",
    "Pat presses Approve… and is told, in private",
    "The cloud counted exactly one POST …/action for this request",
    "The thread of the card",
    "#incidents says",
    "Rosa reads the login guidance in her direct messages",
    "Only Rosa sees in the thread",
    "Rosa presses Login guidance and reads it again",
    "Rosa presses Confirm service, and the thread says",
    "The failback of the same group",
    "Log in to the production server with the password obtained from the DR server",
    "A job that fails",
    "The end card",
    "✓ Every step was seen.",
)


@asynccontextmanager
async def running(*arguments: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def printed(process: asyncio.subprocess.Process, until: str) -> str:
    """What it prints, up to the first line with these words."""
    assert process.stdout
    text = ""
    async with asyncio.timeout(120):
        while until not in text:
            line = (await process.stdout.readline()).decode()
            assert line, text
            text += line
    return text


async def test_the_tour_sees_every_step_and_ends_well(tmp_path: Path) -> None:
    async with running("demo", "--tour", folder=tmp_path) as tour:
        assert tour.stdout
        transcript = (await asyncio.wait_for(tour.stdout.read(), 100)).decode()
        assert await tour.wait() == 0, transcript
    positions = [transcript.find(step) for step in STEPS]
    assert -1 not in positions, transcript
    assert positions == sorted(positions)
    assert "<@" not in transcript, "people are read by their names"


async def test_the_demo_prints_its_address_and_ctrl_c_leaves_no_child(tmp_path: Path) -> None:
    async with running("demo", "--port", "0", folder=tmp_path) as demo:
        text = await printed(demo, "Ctrl-C ends everything")
        address = next(word for word in text.split() if word.startswith("http://"))
        async with ClientSession() as session, session.get(address) as page:
            assert page.status == 200
        assert (children := children_of(demo.pid))
        demo.send_signal(signal.SIGINT)
        await asyncio.wait_for(demo.wait(), 60)
    assert not [child for child in children if is_alive(child)]
    assert os.listdir(tmp_path) == []


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_alive(pid: str) -> bool:
    return Path(f"/proc/{pid}").exists()


async def test_the_simulated_slack_serves_the_public_client(tmp_path: Path) -> None:
    async with running("simulate", "slack", "--port", "0", folder=tmp_path) as simulator:
        facts = facts_in(await printed(simulator, "SLACK_API_URL"))
        client = WebClient(token=facts["SLACK_BOT_TOKEN"], base_url=facts["SLACK_API_URL"])
        answer = await asyncio.to_thread(client.auth_test)
        assert answer["ok"]


async def test_the_simulated_cloud_serves_the_public_client(tmp_path: Path) -> None:
    async with running("simulate", "sdrs", "--port", "0", folder=tmp_path) as simulator:
        facts = facts_in(await printed(simulator, "secret_key"))
        credentials = BasicCredentials(facts["access_key"], facts["secret_key"], facts["project_id"])
        client = SdrsClient.new_builder().with_credentials(credentials).with_endpoints([facts["sdrs"]]).build()
        listed = await asyncio.to_thread(client.list_protection_groups, ListProtectionGroupsRequest())
        assert {group.name for group in listed.server_groups} >= {"pg-erp", "pg-crm"}


def facts_in(text: str) -> dict[str, str]:
    return dict(line.split(None, 1) for line in text.splitlines() if len(line.split(None, 1)) == 2)


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("SLACK_BOT_TOKEN", "", "SLACK_BOT_TOKEN can't be used: must be a bot token"),
        ("SLACK_APP_TOKEN", "xoxb-1", "SLACK_APP_TOKEN can't be used: must be an app-level token"),
        ("OS_PASSWORD", "", "OS_PASSWORD is missing"),
        ("SDRS_ENDPOINT", "ftp://x", "SDRS_ENDPOINT"),
    ],
)
async def test_a_wrong_setting_is_a_sentence_and_exit_status_one(
    tmp_path: Path, setting: str, value: str, sentence: str
) -> None:
    assert sentence in await refused_to_run(tmp_path, **{setting: value})


@pytest.mark.parametrize(
    ("setting", "value", "sentence"),
    [
        ("SLACK_BOT_TOKEN", "xoxb-1-canary", "Slack does not accept SLACK_BOT_TOKEN (invalid_auth)."),
        ("SLACK_APP_TOKEN", "xapp-1-A1-canary", "Slack does not accept SLACK_APP_TOKEN (invalid_auth)."),
        ("SLACK_API_URL", "http://127.0.0.1:9/", "Slack could not be asked about SLACK_BOT_TOKEN"),
    ],
)
async def test_a_token_that_slack_refuses_is_a_sentence_and_not_a_bot_that_hears_nothing(
    tmp_path: Path, setting: str, value: str, sentence: str
) -> None:
    async with running("simulate", "slack", "--port", "0", folder=tmp_path) as simulator:
        facts = facts_in(await printed(simulator, "SLACK_API_URL"))
        del facts["SLACK_SIGNING_SECRET"]  # with it there is another way in
        text = await refused_to_run(tmp_path, **{**facts, setting: value})
    assert sentence in text
    assert "The bot did not start." in text


RIGHT = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_APP_TOKEN": "xapp-1-A1-1",
    "SLACK_API_URL": "http://127.0.0.1:9/",
    "OS_AUTH_URL": "http://127.0.0.1:9/v3",
    "OS_USERNAME": "drbot",
    "OS_PASSWORD": "canary",
    "OS_USER_DOMAIN_NAME": "d",
    "OS_PROJECT_NAME": "eu-de",
    "SDRS_ENDPOINT": "http://127.0.0.1:9",
    "PUBLIC_URL": "https://bot.example",
    "STEP_UP_KEY": base64.urlsafe_b64encode(bytes(32)).decode(),
}


async def refused_to_run(folder: Path, **wrong: str) -> str:
    """What `run` says, in one line; it ends by itself, without a traceback and without a secret."""
    (folder / "policy.toml").write_text(EXAMPLE)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "run"),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path.cwd()), **RIGHT, **wrong},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert process.stdout
    try:
        text = (await asyncio.wait_for(process.stdout.read(), 120)).decode()
    except TimeoutError:
        process.kill()
        raise
    assert await process.wait() != 0
    assert "Traceback" not in text
    assert "canary" not in text
    return " ".join(text.split())
