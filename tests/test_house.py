"""The house rules that a test can hold: facts that stand twice agree, rooms keep their doors, files stay small."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from bot.cli import app
from tests.readme import PARTS, README, part

ROOT = Path(__file__).parents[1]
SOURCES = [path for room in ("bot", "handlers", "storage") for path in (ROOT / room).rglob("*.py")]
LONGEST_FILE = 350
LONGEST_FUNCTION = 40


@pytest.mark.parametrize("name", PARTS)
def test_the_readme_says_what_the_code_says(name: str) -> None:
    assert part(name, README.read_text()) == PARTS[name](), "run: python -m tests.readme"


def test_every_command_in_the_readme_exists_and_every_command_is_in_the_readme() -> None:
    commands = getattr(get_command(app), "commands")  # noqa: B009  a group has it, click's base class does not
    text = README.read_text()
    mentioned = set(re.findall(r"failover-bot ([a-z][a-z-]*)", text))
    assert mentioned - set(commands) == set()
    assert {name for name in commands if name not in mentioned} == set()


def test_imports_run_downwards_only() -> None:
    found = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_says_why_it_exists_and_stays_small(path: Path) -> None:
    text = path.read_text()
    if not text.strip():
        assert path.name == "__init__.py"
        return
    if "migrations/versions" not in str(path):
        assert len(text.splitlines()) <= LONGEST_FILE
    assert ast.get_docstring(ast.parse(text)), "the first line says why the file exists"


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in SOURCES
        if "migrations/versions" not in str(path)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert long == []


def test_tests_use_fakes_that_behave_and_no_mocks() -> None:
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__)]
    assert [path for path in tests if re.search(r"unittest\.mock|MagicMock|AsyncMock", path.read_text())] == []
