"""F25: a database that was restored from a backup is read-only until a person has looked, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from bot.domain.facts import GroupId
from bot.domain.request import RequestId, State
from bot.execution.traces import IDENTITY, READ_ONLY
from tests.execution.bench import Bench, healthy
from tests.postgres import PostgresServer


def backup(bench: Bench, tmp_path: Path) -> Path:
    """A consistent copy, as `VACUUM INTO` or a snapshot of the volume makes it."""
    copy = tmp_path / "backup.db"
    with bench.engine.connect() as connection:
        connection.exec_driver_sql(f"VACUUM INTO '{copy}'")
    return copy


def restore(bench: Bench, copy: Path) -> None:
    bench.engine.dispose()
    bench.database.engine.dispose()
    file = Path(str(bench.database.url.database))
    for leftover in (file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")):
        leftover.unlink(missing_ok=True)
    shutil.copy(copy, file)


async def run_after_the_backup(bench: Bench, tmp_path: Path) -> None:
    """A request is approved, backed up, run to its end, and then the backup comes back."""
    async with bench.worker():
        await asyncio.sleep(0.3)  # it beats a few times
    await bench.approved()
    copy = backup(bench, tmp_path)
    async with bench.worker():
        await bench.until(State.VERIFIED)
        await asyncio.sleep(0.5)
    restore(bench, copy)


async def test_f25_a_restored_file_starts_read_only_and_finds_what_happened(
    sqlite_bench: Bench, tmp_path: Path
) -> None:
    bench = sqlite_bench
    await run_after_the_backup(bench, tmp_path)
    async with bench.worker() as worker:
        await asyncio.sleep(0.5)
        assert worker.is_read_only
        assert not worker.is_ready()
        assert (await bench.request()).state is State.APPROVED
        assert await bench.store.read(lambda tx: tx.instance.get(READ_ONLY))
        assert await worker.restored.findings() == [
            "r-1 pg-erp: approved here; in the cloud protected, production is at the wanted site already."
        ]
    assert len(bench.cloud.posts) == 1


async def test_f25_read_only_survives_a_restart(sqlite_bench: Bench, tmp_path: Path) -> None:
    await run_after_the_backup(sqlite_bench, tmp_path)
    for _ in range(2):
        async with sqlite_bench.worker() as worker:
            assert worker.is_read_only


async def test_f25_a_confirmed_restore_submits_nothing_of_the_lost_hour_again(
    sqlite_bench: Bench, tmp_path: Path
) -> None:
    bench = sqlite_bench
    await run_after_the_backup(bench, tmp_path)
    async with bench.worker() as worker:
        await worker.confirm_restored()
        assert worker.is_ready()
        await bench.until(State.VERIFIED, State.NEEDS_PERSON)
        await bench.until(State.VERIFIED)  # the sweep sees that the group has moved, and finishes the run
    assert len(bench.cloud.posts) == 1
    async with bench.worker() as worker:
        assert not worker.is_read_only


async def test_f25_however_many_requests_were_approved_each_is_fenced(sqlite_bench: Bench) -> None:
    """More than one page of them."""
    bench = sqlite_bench
    names = [f"r-{number}" for number in range(1, 504)]
    for name in names:
        await bench.approved(name, snapshot=healthy(group=f"g-{name}"), enqueue=False)
    await bench.store.run(lambda tx: tx.instance.put(READ_ONLY, "restored by hand"))
    await bench.worker().restored.confirm()
    states = await bench.store.read(lambda tx: tx.requests.count_by_state())
    assert (states[State.APPROVED], states[State.NEEDS_PERSON]) == (0, len(names))
    attempts = await bench.store.read(lambda tx: [tx.runs.attempt(RequestId(name)) for name in names])
    assert all(attempts)


async def test_f25_a_lost_failback_is_not_mistaken_for_an_open_request(sqlite_bench: Bench, tmp_path: Path) -> None:
    """There and back again within the lost hour: the group looks as before, and still nothing is sent."""
    bench = sqlite_bench
    await run_after_the_backup(bench, tmp_path)
    bench.cloud.set_group(GroupId("g-1"), priority_station="source")
    async with bench.worker() as worker:
        await worker.confirm_restored()
        await bench.until(State.NEEDS_PERSON)
        await asyncio.sleep(0.6)
    assert (await bench.request()).state is State.NEEDS_PERSON
    assert len(bench.cloud.posts) == 1


async def test_f25_another_cluster_or_timeline_is_noticed_on_postgresql(postgres_bench: Bench) -> None:
    bench = postgres_bench
    async with bench.worker() as worker:
        assert not worker.is_read_only
    await bench.store.run(lambda tx: tx.instance.put(IDENTITY, "7000000000000000000/1/16384"))
    await bench.approved()
    async with bench.worker() as worker:
        assert worker.is_read_only
        await asyncio.sleep(0.4)
        assert bench.cloud.posts == []
        await worker.confirm_restored()
        await bench.until(State.NEEDS_PERSON)
    assert await bench.store.read(lambda tx: tx.runs.attempt(RequestId("r-1"))) is not None


async def test_f25_a_dump_that_was_loaded_over_the_old_tables_is_noticed(
    postgres_bench: Bench, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    """Approved, dumped, run to its end, and then the dump comes back, in the same database of the same cluster."""
    bench, dump = postgres_bench, tmp_path / "dump"
    async with bench.worker() as worker:
        assert not worker.is_read_only
    await bench.approved()
    url = bench.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    await asyncio.to_thread(postgres_server.program, "pg_dump", "--format=custom", "--file", dump, url)
    async with bench.worker():
        await bench.until(State.VERIFIED)
    await asyncio.to_thread(postgres_server.program, "pg_restore", "--clean", "--dbname", url, dump)
    bench.engine.dispose()
    bench.database.engine.dispose()
    async with bench.worker() as worker:
        assert worker.is_read_only
        assert (await bench.request()).state is State.APPROVED
        await worker.confirm_restored()
        await bench.until(State.VERIFIED)  # the sweep sees that production is there already
    assert len(bench.cloud.posts) == 1


async def test_f25_a_restore_can_be_declared(bench: Bench) -> None:
    await bench.store.run(lambda tx: tx.instance.put(READ_ONLY, "restored by hand"))
    async with bench.worker() as worker:
        assert worker.is_read_only


async def test_a_crash_is_not_taken_for_a_restore(sqlite_bench: Bench) -> None:
    for _ in range(3):
        async with sqlite_bench.worker() as worker:
            assert not worker.is_read_only
            await asyncio.sleep(0.3)
