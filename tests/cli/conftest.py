"""A prompt: commands run as an operator types them, with nothing in the environment but what a test puts there."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.demo.sdrs import Pace, SimulatedCloud, describe, standalone
from bot.domain.policy import account_key
from bot.execution.engine import migrate_engine
from bot.operators import this_operator
from storage.database import Database, open_database
from storage.schema import migrate
from storage.unit_of_work import SqlStore

QUICK = Pace(reverse_seconds=1, sub_job_seconds=0.3, stop_seconds=0.3, start_seconds=0.3)
FOREIGN = ("SLACK_", "OS_", "HUAWEICLOUD_", "SDRS_", "ECS_", "IMS_", "DATABASE_URL", "FAILOVER_", "PORT", "HOST")


@dataclass
class Prompt:
    """`typed` from a test, `awaited` from a test whose loop also runs the simulators."""

    environment: dict[str, str]
    foreign: dict[str, str | None] = field(
        default_factory=lambda: dict.fromkeys(name for name in os.environ if name.startswith(FOREIGN))
    )

    def typed(self, *words: str) -> Result:
        return CliRunner().invoke(app, list(words), env={**self.foreign, **self.environment})

    async def awaited(self, *words: str) -> Result:
        return await asyncio.to_thread(self.typed, *words)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("cli") / "template.db"
    migrate(f"sqlite:///{file}")
    migrate_engine(f"sqlite:///{file}")
    return file


@pytest.fixture
def url(tmp_path: Path, template: Path) -> str:
    shutil.copy(template, tmp_path / "bot.db")
    return f"sqlite:///{tmp_path / 'bot.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url)
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> Iterator[SqlStore]:
    opened = SqlStore(database, enqueue=lambda _session, _request, _revision: None)
    yield opened
    opened.close()


@pytest.fixture
def prompt(url: str) -> Prompt:
    return Prompt({"DATABASE_URL": url})


@pytest.fixture
async def cloud() -> AsyncIterator[SimulatedCloud]:
    started = await standalone(pace=QUICK)
    yield started
    await started.stop()


@pytest.fixture
def operator_prompt(prompt: Prompt, cloud: SimulatedCloud, tmp_path: Path) -> Prompt:
    """A prompt with a cloud, and a policy that knows whoever runs the tests as an approver."""
    prompt.environment |= cloud_environment(cloud) | {"FAILOVER_POLICY": str(tmp_path / "policy.toml")}
    write_policy(tmp_path)
    return prompt


def cloud_environment(cloud: SimulatedCloud) -> dict[str, str]:
    facts = describe(cloud)
    return {
        "OS_AUTH_URL": facts["iam"],
        "OS_USERNAME": facts["user"],
        "OS_PASSWORD": facts["password"],
        "OS_USER_DOMAIN_NAME": facts["domain"],
        "OS_PROJECT_NAME": facts["project"],
        "SDRS_ENDPOINT": facts["sdrs"],
        "ECS_ENDPOINT": facts["ecs"],
        "IMS_ENDPOINT": facts["ims"],
    }


def write_policy(folder: Path, *, approvers: tuple[str, ...] = ()) -> Path:
    users = approvers or (account_key(this_operator()), "UBEN")
    file = folder / "policy.toml"
    file.write_text(
        f"""
        [channels]
        approvals = "C0APPROVALS"
        incidents = "C0INCIDENTS"
        [people]
        me = ["UME", "{account_key(this_operator())}"]
        [[rules]]
        name = "all"
        environment = "PRODUCTION"
        groups = ["pg-*"]
        [[rules.roles]]
        name = "approver"
        need = 1
        users = {list(users)}
        """
    )
    return file
