"""An installation in perfect health, for each test to break one thing of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.demo.sdrs import SimulatedCloud, describe
from bot.demo.sdrs import standalone as standalone_cloud
from bot.demo.workspace import Cast
from bot.demo.workspace import standalone as standalone_slack
from bot.doctor.examination import examine
from bot.doctor.report import Area, Health, Result
from bot.slack.manifest import SCOPES
from storage.schema import migrate


class WrongClock(SystemClock):
    """Shows the time of its machine, and `off` more."""

    def __init__(self, off: timedelta = timedelta()) -> None:
        self.off = off

    def now(self) -> datetime:
        return datetime.now(UTC) + self.off


@dataclass
class Patient:
    """Everything that the doctor looks at; a test changes it and then asks."""

    cast: Cast
    cloud: SimulatedCloud
    environ: dict[str, str]
    clock: WrongClock = field(default_factory=WrongClock)
    metadata: str = "http://127.0.0.1:9"

    def change_policy(self, *changes: tuple[str, str]) -> None:
        """Replace words of the policy file."""
        file = Path(self.environ["FAILOVER_POLICY"])
        text = file.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text)

    async def examined(self) -> tuple[Result, ...]:
        return await examine(self.environ, self.clock, metadata=self.metadata)

    async def complaints(self, area: Area | None = None) -> list[Result]:
        results = await self.examined()
        return [one for one in results if one.health is not Health.OK and area in (None, one.area)]

    async def complaint(self, area: Area) -> Result:
        """The only one in this area."""
        (only,) = await self.complaints(area)
        return only


@pytest.fixture
async def cast() -> AsyncIterator[Cast]:
    made = standalone_slack(scopes=SCOPES)
    async with made.slack:
        yield made


@pytest.fixture
async def cloud() -> AsyncIterator[SimulatedCloud]:
    started = await standalone_cloud()
    yield started
    await started.stop()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("doctor") / "bot.db"
    migrate(f"sqlite:///{file}")
    return f"sqlite:///{file}"


@pytest.fixture
def patient(cast: Cast, cloud: SimulatedCloud, template: str, tmp_path: Path) -> Patient:
    facts = describe(cloud)
    policy = tmp_path / "policy.toml"
    policy.write_text(
        f"""
        [channels]
        approvals = "{cast.approvals.id}"
        incidents = "{cast.incidents.id}"
        [[rules]]
        name = "all"
        environment = "PRODUCTION"
        groups = ["*"]
        [[rules.roles]]
        name = "approver"
        need = 1
        usergroups = ["{cast.approver_group.id}"]
        """
    )
    environ = {
        **cast.slack.environment(cast.app),
        "DATABASE_URL": template,
        "FAILOVER_POLICY": str(policy),
        "FAILOVER_BOT_ZONE": "eu-nl-01",
        "OS_AUTH_URL": facts["iam"],
        "OS_USERNAME": facts["user"],
        "OS_PASSWORD": facts["password"],
        "OS_USER_DOMAIN_NAME": facts["domain"],
        "OS_PROJECT_NAME": facts["project"],
        "SDRS_ENDPOINT": facts["sdrs"],
        "ECS_ENDPOINT": facts["ecs"],
        "IMS_ENDPOINT": facts["ims"],
    }
    return Patient(cast=cast, cloud=cloud, environ=environ)
