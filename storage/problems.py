"""What a database driver's error means: a sentence for people, and whether the transaction may simply run again."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.ports import StoreError
from storage.urls import name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """`codes` are beginnings of an SQLSTATE or of SQLite's error name, `words` parts of a message without a code."""

    sentence: str
    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    is_passing: bool = False

    def fits(self, code: str, text: str) -> bool:
        return (bool(code) and code.startswith(self.codes)) or any(word in text for word in self.words)


# https://www.postgresql.org/docs/current/errcodes-appendix.html and https://www.sqlite.org/rescode.html. libpq reports
# failures to connect without a code, so those are known by their words. The first that fits counts.
MEANINGS = (
    Meaning(
        words=("password authentication failed", "no password supplied", "role ", "pg_hba.conf"),
        codes=("28",),
        sentence="The database {name} refused the user or the password. Correct DATABASE_URL.",
    ),
    Meaning(
        codes=("42P01", "42703"),
        words=("no such table", "no such column"),
        sentence="The database {name} lacks tables of this version. Run `failover-bot migrate` first.",
    ),
    Meaning(
        codes=("3D000",),
        words=("does not exist",),
        sentence="The server answers, but there is no database {name}. Create it or correct DATABASE_URL.",
    ),
    Meaning(
        codes=("53100", "SQLITE_FULL"),
        sentence="The disk of the database {name} is full. Free some space: the bot goes on by itself.",
        is_passing=True,
    ),
    Meaning(
        codes=("25006", "SQLITE_READONLY", "SQLITE_PERM", "42501"),
        sentence="The database {name} may only be read. Give the bot's user the right to write.",
    ),
    Meaning(
        codes=("SQLITE_NOTADB", "SQLITE_CORRUPT"),
        sentence="The file {name} is damaged or is no SQLite database. Restore a backup; do not delete it.",
    ),
    Meaning(
        codes=("SQLITE_CANTOPEN",),
        sentence="The database file {name} cannot be opened. Check that its folder exists and may be written.",
    ),
    Meaning(
        codes=("40", "55P03", "57014", "SQLITE_BUSY", "SQLITE_LOCKED"),
        sentence="The database {name} is busy. Try again in a moment.",
        is_passing=True,
    ),
    Meaning(
        codes=("08", "57P", "53300", "SQLITE_IOERR"),
        words=("connection", "connect", "resolve host", "timeout", "server closed", "terminat", "starting up"),
        sentence="The database {name} cannot be reached. Check that it runs, and DATABASE_URL; a bot that runs goes on "
        "as soon as it is back.",
        is_passing=True,
    ),
)
CONFLICTS = ("40001", "40P01", "55P03", "SQLITE_BUSY", "SQLITE_LOCKED")
LOST = ("08", "57P")
_UNEXPECTED = "The database {name} answered with an error that nobody expected ({code})."
_UNKNOWN_COMMIT = (
    "The connection to the database {name} broke while the change was being committed: "
    "it may or may not have been kept. Look at the request again before you repeat it."
)


def code_of(error: DBAPIError) -> str:
    """SQLSTATE on PostgreSQL, the error's name on SQLite, empty when the driver gave none."""
    return str(getattr(error.orig, "sqlstate", None) or getattr(error.orig, "sqlite_errorname", None) or "")


def is_conflict(error: DBAPIError) -> bool:
    """Two transactions met: this one was rolled back and may run again."""
    return code_of(error).startswith(CONFLICTS)


def is_lost(error: DBAPIError) -> bool:
    """The connection is gone, or never came to be; without a commit under way nothing was kept."""
    return error.connection_invalidated or code_of(error).startswith(LOST)


def explain(error: SQLAlchemyError, url: URL) -> StoreError:
    """The sentence for a person. It carries no parameter, no user and no password."""
    if isinstance(error, PoolTimeout):
        return StoreError("All connections to the database are in use. Try again in a moment.", is_passing=True)
    code, text = (code_of(error), str(error.orig)) if isinstance(error, DBAPIError) else ("", "")
    for meaning in MEANINGS:
        if meaning.fits(code, text):
            return StoreError(meaning.sentence.format(name=name_of(url)), is_passing=meaning.is_passing)
    return StoreError(_UNEXPECTED.format(name=name_of(url), code=code or type(error).__name__))


def unknown_commit(url: URL) -> StoreError:
    return StoreError(_UNKNOWN_COMMIT.format(name=name_of(url)), is_passing=True)
