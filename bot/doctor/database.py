"""The database: is it there, does it answer, are its tables those of this version, and may anything be decided."""

from __future__ import annotations

import asyncio
import time

from bot.doctor.report import Area, Result, Results, failed, warned, well
from bot.guard import READ_ONLY
from bot.ports import StoreError
from storage.database import Database, open_database
from storage.schema import SENTENCES, SchemaState, schema_state
from storage.unit_of_work import SqlStore
from storage.urls import file_of, parse_url


async def examine_database(url: str) -> Results:
    return await asyncio.to_thread(_examined, url)


def _examined(url: str) -> Results:
    try:
        file = file_of(parse_url(url))
        if file is not None and not file.exists():  # opening it would make it
            cure = "Run `failover-bot migrate`, or correct DATABASE_URL."
            return (failed(Area.DATABASE, "reachable", f"There is no file {file}.", cure),)
        database = open_database(url)
    except StoreError as error:
        return (failed(Area.DATABASE, "address", error.sentence, "Correct DATABASE_URL."),)
    try:
        return tuple(_looked_at(database))
    except StoreError as error:
        return (failed(Area.DATABASE, "reachable", error.sentence, "Correct DATABASE_URL, or start the database."),)
    finally:
        database.close()


def _looked_at(database: Database) -> Results:
    began = time.monotonic()
    database.probe()
    took = round((time.monotonic() - began) * 1000)
    answered = well(Area.DATABASE, "reachable", f"{database.name} answers.", milliseconds=took)
    state = schema_state(database)
    sentence = SENTENCES[state].format(name=database.name)
    if state is not SchemaState.UP_TO_DATE:
        return (answered, failed(Area.DATABASE, "tables", sentence, "Until then nothing of the bot starts."))
    return (answered, well(Area.DATABASE, "tables", sentence), _read_only(database))


def _read_only(database: Database) -> Result:
    store = SqlStore(database)
    try:
        reason = store.look(lambda tx: tx.instance.get(READ_ONLY))
    finally:
        store.close()
    if reason:
        cure = "Run `failover-bot confirm-restored`."
        return warned(Area.DATABASE, "open", f"Read-only until a person confirms: {reason}.", cure)
    return well(Area.DATABASE, "open", "Nothing keeps the bot from working on it.")
