"""What each pool of connections to PostgreSQL is told, the same for our tables and for the engine's."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

REST_SECONDS = 5.0


def ask_after_rest(engine: Engine) -> None:
    """A connection that has rested is asked whether it lives before it is used again.

    One that was used a moment ago is not: asking would be one round trip more for each transaction. Whoever meets a
    dead one begins the transaction again, and gets the one that was opened in its place.
    """

    def comes_back(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    def is_taken(connection: Any, record: Any, _proxy: object) -> None:
        since = record.info.get("rests_since")
        if since is not None and time.monotonic() - since > REST_SECONDS:
            _ask(engine, connection)

    event.listen(engine, "checkin", comes_back)
    event.listen(engine, "checkout", is_taken)


def _ask(engine: Engine, connection: Any) -> None:
    """The pool takes this exception as the word to open another connection."""
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error
