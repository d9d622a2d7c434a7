"""Each fault case of the list below has a test that names it, or a line that says why it does not apply."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
FAULTS = {
    1: "kill -9 before the fence is committed: another worker posts once",
    2: "kill -9 between fence and POST: nothing is sent, a person looks",
    3: "kill -9 after the cloud accepted and before its answer: one POST, reconciled",
    4: "kill -9 after the answer and before the checkpoint: one POST, the same job",
    5: "kill -9 while polling, twenty times: one POST, a true end",
    6: "kill -9 between the end and the login message: it is delivered",
    7: "SIGSTOP before the POST, takeover, SIGCONT: at most one POST",
    8: "every way in which the answer to the POST can be lost or broken: none is sent again",
    9: "all workers killed, one returns: every run goes on",
    10: "the database crashes again and again: nothing is lost or doubled",
    11: "the database is down for long: nothing is accepted in memory only, people are told",
    12: "fifty clicks at once: one approval that counts",
    13: "approve against deny, and against the expiry, in one moment: one wins",
    14: "a deployment with another order of steps: recorded journals are replayed",
    15: "an older release goes on with the runs of a newer one",
    16: "a second process on one SQLite file, or with the same executor id: refused",
    17: "two requests for one group; a failback while a failover runs: the second is refused",
    18: "the clock of one worker is ten minutes off: the expiry is the database's",
    19: "a full disk, a read-only file, a broken journal: no POST, an alarm",
    20: "Slack down for long after the approval: the failover runs, the messages follow in order",
    21: "Socket Mode is cut, two connections, an envelope twice: no double decision",
    22: "the cloud's status is down, flaps, is unknown: no guessed end",
    23: "SIGTERM in each phase: ended within ten seconds, others go on, one POST",
    24: "a thousand waiting requests at a restart: ready soon",
    25: "a restored backup: read-only, finds what happened, sends nothing",
    26: "three workers, sixty requests, a kill every one to three seconds: the invariants hold",
}
DOES_NOT_APPLY: dict[int, str] = {}
NAMED = re.compile(r"def test_((?:f\d+_)+)")


def named() -> dict[int, list[str]]:
    """Fault -> the files with a test whose name carries it."""
    found: dict[int, list[str]] = {}
    for file in TESTS.rglob("test_*.py"):
        for names in NAMED.findall(file.read_text()):
            for number in re.findall(r"f(\d+)_", names):
                found.setdefault(int(number), []).append(str(file.relative_to(TESTS)))
    return found


def test_every_fault_has_a_test_that_names_it_or_a_reason() -> None:
    missing = {f"F{number}": what for number, what in FAULTS.items() if number not in named() | DOES_NOT_APPLY}
    assert missing == {}


def test_no_test_names_a_fault_that_is_not_on_the_list() -> None:
    assert set(named()) <= set(FAULTS)


def test_a_reason_is_a_sentence_and_no_excuse_for_a_tested_fault() -> None:
    assert all(reason.endswith(".") for reason in DOES_NOT_APPLY.values())
    assert not set(DOES_NOT_APPLY) & set(named())
