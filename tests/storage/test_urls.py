"""Addresses as people write them; what cannot be used is refused with a sentence that repeats no password."""

from __future__ import annotations

import pytest

from bot.ports import StoreError
from storage.urls import file_of, name_of, parse_url

FORMS = {
    "postgres://u:p@h:5433/d": "postgresql+psycopg://u:p@h:5433/d",
    "postgresql://u:p@h/d?sslmode=require": "postgresql+psycopg://u:p@h/d?sslmode=require",
    "postgresql+psycopg2://h/d": "postgresql+psycopg://h/d",
    "postgresql+asyncpg://h/d": "postgresql+psycopg://h/d",
    " postgres://h/d\n": "postgresql+psycopg://h/d",
    "postgresql:///d?host=/var/run": "postgresql+psycopg:///d?host=%2Fvar%2Frun",
    "sqlite:///bot.db": "sqlite:///bot.db",
    "sqlite:////srv/bot.db": "sqlite:////srv/bot.db",
    "sqlite+pysqlite:///bot.db": "sqlite:///bot.db",
    "postgres://u:p%40ss@h/d": "postgresql+psycopg://u:p%40ss@h/d",
}
REFUSED = {
    "": "cannot be read",
    "hunter2": "cannot be read",
    "postgres://u:hunter2@h:port/d": "cannot be read",
    "mysql://u:hunter2@h/d": "mysql://, which is not supported",
    "postgres://u:hunter2@h": "names no database",
    "sqlite://": "in memory",
    "sqlite:///:memory:": "in memory",
    "sqlite://hunter2/bot.db": "three slashes",
}


@pytest.mark.parametrize("given", FORMS)
def test_an_address_gets_the_driver_that_we_use(given: str) -> None:
    assert parse_url(given).render_as_string(hide_password=False) == FORMS[given]


@pytest.mark.parametrize("given", REFUSED)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(given: str) -> None:
    with pytest.raises(StoreError, match=REFUSED[given]) as refusal:
        parse_url(given)
    assert "hunter2" not in refusal.value.sentence
    assert "Nothing was opened" in refusal.value.sentence


@pytest.mark.parametrize("given", FORMS)
def test_parsing_is_stable(given: str) -> None:
    once = parse_url(given)
    assert parse_url(once.render_as_string(hide_password=False)) == once


def test_people_are_told_the_database_without_user_or_password() -> None:
    assert name_of(parse_url("postgres://u:hunter2@h:5433/d")) == "d at h"
    assert name_of(parse_url("postgresql:///d?host=/var/run")) == "d at /var/run"
    assert name_of(parse_url("postgresql:///d")) == "d at the local socket"
    assert name_of(parse_url("sqlite:///x/bot.db")) == "x/bot.db"
    assert file_of(parse_url("postgres://h/d")) is None
