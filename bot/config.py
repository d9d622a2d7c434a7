"""Settings from the environment, read once and passed on; each wrong one is a sentence before anything starts."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

Seconds = Annotated[float, Field(gt=0)]


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a web address such as https://slack.com/api/")
    return value if value.endswith("/") else value + "/"


def _own_address(value: str) -> str:
    """Links to the second-factor page carry a secret: never in clear, but for tests on this very machine."""
    parts = urlsplit(value)
    is_here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    if value and not (parts.hostname and (parts.scheme == "https" or is_here)):
        raise ValueError("must begin with https://")
    return value


def _sealing_key(value: SecretStr | None) -> SecretStr | None:
    """32 bytes in URL-safe base64, as Fernet wants them; read here so that a wrong one is found at start."""
    try:
        length = len(base64.urlsafe_b64decode(value.get_secret_value())) if value else 32
    except ValueError:
        length = 0
    if length != 32:
        raise ValueError("is no key; `failover-bot step-up key` prints a new one")
    return value


def _log_level(value: str) -> str:
    if value.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
    return value.upper()


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class Settings(BaseSettings):
    """Everything but the cloud's identity (`OS_*`, `HUAWEICLOUD_SDK_*`), which follows the cloud's own conventions."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_file=None, hide_input_in_errors=True)

    slack_bot_token: SecretStr = Field(description="Bot token of the Slack app, begins with xoxb-")
    slack_app_token: SecretStr | None = Field(
        None, description="App-level token with connections:write, begins with xapp-. Set it to use Socket Mode"
    )
    slack_app_id: str = Field("", description="Id of the Slack app; found by itself with SLACK_APP_TOKEN")
    slack_signing_secret: SecretStr | None = Field(
        None, description="Signing secret of the Slack app. Set it to receive requests at POST /slack/events"
    )
    slack_api_url: Annotated[str, AfterValidator(_web_address)] = Field(
        "https://slack.com/api/", description="Base address of Slack's Web API"
    )
    database_url: SecretStr = Field(
        SecretStr("sqlite:///failover-bot.sqlite"),
        description="Where everything is kept: a SQLite file, or postgresql://… (postgres://… works too)",
    )
    failover_policy: Path = Field(Path("policy.toml"), description="The policy file: who may ask and approve")
    host: str = Field("127.0.0.1", description="Address to listen on; 0.0.0.0 behind a load balancer")
    port: int = Field(3000, ge=0, le=65535, description="Port for /slack/events, /healthz, /readyz and /metrics")
    sdrs_endpoint: str = Field("", description="Base address of SDRS, if not found by region or catalogue")
    ecs_endpoint: str = Field("", description="Base address of ECS, if not found by region or catalogue")
    ims_endpoint: str = Field("", description="Base address of IMS, if not found by region or catalogue")
    public_url: Annotated[str, AfterValidator(_own_address)] = Field(
        "", description="Address under which people reach this bot, for the second-factor page"
    )
    step_up_key: Annotated[SecretStr | None, AfterValidator(_sealing_key)] = Field(
        None, description="Key that seals second factors in the database (failover-bot step-up key prints a new one)"
    )
    poll_seconds: Seconds = Field(5, description="Pause between two looks at a job in its first minute")
    slow_poll_seconds: Seconds = Field(10, description="Pause between two looks at a job after its first minute")
    job_limit_seconds: Seconds = Field(3600, description="After this a job that is still running needs a person")
    stop_limit_seconds: Seconds = Field(300, description="After this a server that does not stop needs a decision")
    start_limit_seconds: Seconds = Field(600, description="After this a server that does not start is reported")
    verify_limit_seconds: Seconds = Field(300, description="After this a move that can't be seen is not verified")
    unclear_seconds: Seconds = Field(90, description="How long the group is watched after an unclear submission")
    sweep_seconds: Seconds = Field(60, description="Pause between two searches for stuck or expired requests")
    log_level: Annotated[str, AfterValidator(_log_level)] = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    log_format: LogFormat = Field(LogFormat.TEXT, description="text or json")

    @field_validator("slack_bot_token")
    @classmethod
    def _is_bot_token(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("xoxb-"):
            raise ValueError("must be a bot token, which begins with xoxb-")
        return value

    @field_validator("slack_app_token")
    @classmethod
    def _is_app_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith("xapp-"):
            raise ValueError("must be an app-level token, which begins with xapp-")
        return value

    @field_validator("slack_signing_secret")
    @classmethod
    def _is_not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("is set but empty; a request could then be forged")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load_settings` was given: the environment is read there, once."""
        return (init_settings,)

    def secrets(self) -> tuple[str, ...]:
        """Every secret value, for the log's redaction."""
        values = (self.slack_bot_token, self.slack_app_token, self.slack_signing_secret, self.step_up_key)
        password = urlsplit(self.database_url.get_secret_value()).password
        return tuple(value.get_secret_value() for value in values if value) + ((password,) if password else ())


class SettingsProblems(Exception):
    """The environment can't be used; `sentences` says why, one per setting."""

    def __init__(self, sentences: list[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences


def load_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from environment variables named like the fields, in capitals. SettingsProblems with every sentence."""
    given = {name: environ[name.upper()] for name in Settings.model_fields if name.upper() in environ}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # strings, which pydantic turns into what each field is
    except ValidationError as error:
        raise SettingsProblems([_sentence(problem) for problem in error.errors()]) from None


def _sentence(problem: Mapping[str, object]) -> str:
    location = problem["loc"]
    name = str(location[0]).upper() if isinstance(location, tuple) and location else "The environment"
    if problem["type"] == "missing":
        return f"{name} is not set. {Settings.model_fields[name.lower()].description}."
    message = str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
    return f"{name} can't be used: {message}."
