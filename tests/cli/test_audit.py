"""An auditor at the prompt: an intact chain, a broken one, one request on a page, packs that explain themselves."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from bot.demo.workspace import standalone
from bot.domain.lines import LineKind, line
from bot.domain.preflight import Finding, Level
from bot.domain.request import RequestId, State
from bot.domain.run import AttemptOutcome
from bot.domain.surface import Place, PlaceKind
from bot.evidence import Item, as_csv
from bot.ports import Transaction
from storage.database import Database
from storage.unit_of_work import SqlStore
from tests.cli.conftest import Prompt
from tests.storage.samples import BEN, NOON, approval, attempt, call, entry, finished_run, request

WARNING = Finding(check="drill", level=Level.WARNING, sentence="No drill for a year.", cure="Make one.")


def fill(tx: Transaction) -> None:
    """A request with everything that a request can have."""
    ask = request("r-1", state=State.VERIFIED, findings=(WARNING,), decided_by=BEN, decided_at=NOON)
    assert tx.requests.add(ask)
    assert tx.approvals.add(approval(ask, acknowledged=("drill",)))
    run = finished_run(
        ask,
        stopped_at=NOON,
        verified_at=NOON + timedelta(minutes=7),
        running_at=NOON + timedelta(minutes=9),
    )
    tx.runs.save(run)
    assert tx.runs.fence(attempt(ask))
    tx.runs.settle(attempt(ask, outcome=AttemptOutcome.ACCEPTED, job_id="job-77"))
    tx.runs.record_calls(ask.id, [call()])
    tx.surfaces.want(ask.id, Place(PlaceKind.LINE, "1"), data=line(LineKind.STARTED).as_data())
    tx.audit.append(entry("r-1", action="request", actor=ask.requester))
    tx.audit.append(entry("r-1", detail={"given": 1, "reason": "=cmd|' /C calc'!A0"}))
    tx.audit.append(entry(None, action="restore_confirmed", actor=None))


@pytest.fixture(autouse=True)
def filled(store: SqlStore) -> None:
    store.transact(fill)


def lines_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(row) for row in output.splitlines()]


def test_an_intact_chain_is_told_in_one_sentence(prompt: Prompt) -> None:
    result = prompt.typed("audit", "verify")
    assert result.exit_code == 0
    assert result.stdout == "All 3 audit rows are as they were written.\n"


def test_a_broken_chain_names_its_first_broken_row(prompt: Prompt, database: Database) -> None:
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_no_update"))
        connection.execute(text("UPDATE audit SET actor = 'E1/T1/UEVIL' WHERE number = 2"))
    result = prompt.typed("audit", "verify")
    assert result.exit_code == 1
    assert result.stderr.startswith("Broken at row 2. Row 2 was edited")


def test_the_page_of_a_request_says_who_approved_what_when_and_from_where(prompt: Prompt) -> None:
    page = prompt.typed("audit", "show", "r-1").stdout
    for fact in (
        "pg-erp: eu-de-01 → eu-de-02",
        "UANNA of T1",
        "Ben (UBEN of T1)",
        "owner",
        "button",
        "job-77",
        "drill",
    ):
        assert fact in page
    assert "Time for" not in page
    assert "9:00" in page or "not confirmed" in page


def test_markup_and_control_characters_of_others_do_nothing_on_the_page(prompt: Prompt, store: SqlStore) -> None:
    evil = request("r-2", "group-2", reason="[red]x[/]\nDecided by Ben \x1b[2J \u202eevil [/nonsense]")
    store.transact(lambda tx: tx.requests.add(evil))
    page = prompt.typed("audit", "show", "r-2").stdout
    assert "[red]x[/]" in page
    assert "x[/] ⏎ Decided by" in page, "a second line could pretend to be ours"
    assert "\x1b" not in page
    assert "\u202e" not in page


def test_an_unknown_request_is_a_sentence(prompt: Prompt) -> None:
    for command in (("show", "r-404"), ("export", "r-404")):
        result = prompt.typed("audit", *command)
        assert result.exit_code == 1
        assert result.stderr == "There is no request r-404. `failover-bot status` lists the latest ones.\n"


def test_the_pack_holds_every_kind_of_evidence(prompt: Prompt) -> None:
    pack = lines_of(prompt.typed("audit", "export", "r-1").stdout)
    kinds = {item["kind"] for item in pack}
    assert kinds == {
        *("about", "request", "plan", "check", "approval", "audit"),
        *("submission", "cloud call", "run", "clock", "message"),
    }
    assert pack[0]["what"].startswith("Evidence of planned failovers")


def test_an_auditor_can_recompute_the_digest_and_the_chain_from_the_pack_alone(prompt: Prompt) -> None:
    pack = lines_of(prompt.typed("audit", "export", "r-1").stdout)
    plan = next(item for item in pack if item["kind"] == "plan")
    assert hashlib.sha256(plan["facts"]["canonical"].encode()).hexdigest() == plan["facts"]["digest"]
    for row in (item["facts"] for item in pack if item["kind"] == "audit"):
        canonical = json.dumps(row["hashed"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(f"{row['previous_hash']}\n{canonical}".encode()).hexdigest() == row["hash"]


def test_no_cell_of_the_csv_is_a_formula(prompt: Prompt, store: SqlStore) -> None:
    evil = request("r-3", "group-3", reason="fine", ticket="=1+1")
    store.transact(lambda tx: [tx.requests.add(evil), tx.audit.append(entry("r-3", outcome="  @SUM(1)"))])
    rows = list(csv.reader(io.StringIO(prompt.typed("audit", "export", "r-3", "--format", "csv").stdout)))
    assert rows[0] == ["kind", "at", "who", "what", "outcome", "reference", "facts"]
    assert "'  @SUM(1)" in {cell for row in rows for cell in row}
    assert not [cell for row in rows for cell in row if cell.lstrip().startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "|", "%"])
def test_each_sign_that_begins_a_formula_is_disarmed(sign: str) -> None:
    cells = list(csv.reader(io.StringIO("".join(as_csv([Item(kind="k", what=f"{sign}x")])), newline="")))
    assert cells[1][3] == f"'{sign}x"


def test_evidence_is_never_overwritten(prompt: Prompt, tmp_path: Path) -> None:
    file = tmp_path / "pack.csv"
    assert prompt.typed("audit", "export", "r-1", "--format", "csv", "--output", str(file)).exit_code == 0
    written = file.read_bytes()
    again = prompt.typed("audit", "export", "r-1", "--output", str(file))
    assert again.exit_code == 1
    assert "exists already" in again.stderr
    assert file.read_bytes() == written


def test_everything_since_a_moment_holds_packs_and_the_rows_of_no_request(prompt: Prompt) -> None:
    everything = lines_of(prompt.typed("audit", "export", "--since", "1d").stdout)
    assert any(item["kind"] == "plan" for item in everything)
    assert any("restored database is confirmed" in item["what"] for item in everything)
    numbers = [item["reference"] for item in everything if item["kind"] == "audit"]
    assert sorted(numbers) == ["audit row 1", "audit row 2", "audit row 3"]
    assert all(
        item["kind"] == "about" for item in lines_of(prompt.typed("audit", "export", "--since", "2099-01-01").stdout)
    )


@pytest.mark.parametrize("words", [(), ("r-1", "--since", "7d"), ("--since", "yesterday")])
def test_an_export_of_nothing_in_particular_is_refused(prompt: Prompt, words: tuple[str, ...]) -> None:
    assert prompt.typed("audit", "export", *words).exit_code == 2


async def test_messages_carry_their_permalinks_where_slack_tells_them(prompt: Prompt, store: SqlStore) -> None:
    cast = standalone()
    async with cast.slack:
        posted = cast.slack._web_api.call(
            "chat.postMessage", cast.app.bot_token, {"channel": cast.approvals.id, "text": "Hello"}
        )
        place, request_id = Place(PlaceKind.CARD, "1"), RequestId("r-1")

        def show(tx: Transaction) -> None:
            tx.surfaces.want(request_id, place)
            surface = tx.surfaces.find(request_id, place)
            assert surface
            tx.surfaces.shown(surface.id, rendered=1, channel=cast.approvals.id, ts=posted["ts"])

        await store.run(show)
        prompt.environment |= cast.slack.environment(cast.app)
        pack = lines_of((await prompt.awaited("audit", "export", "r-1")).stdout)
    links = [item["reference"] for item in pack if item["kind"] == "message"]
    assert any(link.startswith("http") and posted["ts"].replace(".", "") in link for link in links)
    assert "not posted" in links


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    prompt = Prompt({"DATABASE_URL": f"sqlite:///{tmp_path / 'none.db'}"})
    result = prompt.typed("audit", "verify")
    assert result.exit_code == 1
    assert "There is no database" in result.stderr
    assert not (tmp_path / "none.db").exists()
