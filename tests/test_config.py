"""Each wrong setting is one sentence, and no sentence shows a secret."""

import pytest

from bot.config import LogFormat, Settings, SettingsProblems, load_settings

GOOD = {"SLACK_BOT_TOKEN": "xoxb-1-canary", "SLACK_APP_TOKEN": "xapp-1-A1-canary"}


def problems_of(environ: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsProblems) as raised:
        load_settings(environ)
    return raised.value.sentences


def test_a_complete_environment_makes_frozen_settings() -> None:
    settings = load_settings({**GOOD, "PORT": "8080", "LOG_FORMAT": "json", "PATH": "/bin"})
    assert (settings.port, settings.log_format) == (8080, LogFormat.JSON)
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_a_missing_token_is_a_sentence_that_names_it() -> None:
    assert problems_of({}) == ["SLACK_BOT_TOKEN is not set. Bot token of the Slack app, begins with xoxb-."]


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("SLACK_BOT_TOKEN", "xapp-canary", "xoxb-"),
        ("SLACK_BOT_TOKEN", "", "xoxb-"),
        ("SLACK_APP_TOKEN", "xoxb-canary", "xapp-"),
        ("SLACK_SIGNING_SECRET", "", "forged"),
        ("SLACK_SIGNING_SECRET", "  ", "forged"),
        ("SLACK_API_URL", "slack.com", "web address"),
        ("PORT", "eighty", "must be a valid integer"),
        ("PORT", "70000", "65535"),
        ("POLL_SECONDS", "0", "greater than 0"),
        ("LOG_LEVEL", "loud", "must be DEBUG, INFO, WARNING or ERROR"),
        ("LOG_FORMAT", "xml", "'text' or 'json'"),
    ],
)
def test_each_wrong_setting_is_named_with_its_reason(name: str, value: str, word: str) -> None:
    sentences = problems_of({**GOOD, name: value})
    assert len(sentences) == 1
    assert sentences[0].startswith(f"{name} can't be used: ")
    assert word in sentences[0]
    assert "canary" not in sentences[0]


def test_all_wrong_settings_are_told_at_once() -> None:
    assert len(problems_of({"PORT": "x", "LOG_FORMAT": "y"})) == 3


def test_no_secret_is_shown_when_settings_are_printed() -> None:
    settings = load_settings({**GOOD, "DATABASE_URL": "postgres://bot:canary@db/failover"})
    assert "canary" not in repr(settings)
    assert set(settings.secrets()) == {"xoxb-1-canary", "xapp-1-A1-canary", "canary"}


def test_every_setting_says_what_it_is_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())
