"""Facts that stand in the README too, drawn from the code. `python -m tests.readme` writes them into it again."""

from __future__ import annotations

import re
from pathlib import Path

from bot.config import Settings
from bot.domain.request import TRANSITIONS, State
from tests.benchmarks.table import for_readme

README = Path(__file__).parents[1] / "README.md"
MEASURED = Path(__file__).parent / "benchmarks" / "measured.json"
BAD_DAYS = Path(__file__).parent / "benchmarks" / "bad_days.json"


def state_diagram() -> str:
    rows = ["stateDiagram-v2", "    [*] --> pending"]
    rows += [f"    {before} --> {after}: {event}" for (before, event), after in TRANSITIONS.items()]
    rows += [f"    {state} --> [*]" for state in State if state.is_final]
    return "```mermaid\n" + "\n".join(rows) + "\n```"


def settings_table() -> str:
    rows = ["| Variable | Default | Meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        required = field.is_required()
        default = "" if required or field.default in (None, "") else f"`{_shown(field.default)}`"
        rows.append(f"| `{name.upper()}` | {'**required**' if required else default} | {field.description} |")
    return "\n".join(rows)


def _shown(default: object) -> str:
    reveal = getattr(default, "get_secret_value", None)
    return str(reveal() if reveal else default)


def benchmark() -> str:
    return for_readme(MEASURED.read_text())


def bad_days() -> str:
    return for_readme(BAD_DAYS.read_text())


PARTS = {"states": state_diagram, "settings": settings_table, "benchmark": benchmark, "bad days": bad_days}


def part(name: str, text: str) -> str:
    """What stands between `<!-- name -->` and `<!-- /name -->`."""
    found = re.search(rf"<!-- {name} -->\n(.*?)\n<!-- /{name} -->", text, re.DOTALL)
    return found[1] if found else ""


def write() -> None:
    text = README.read_text()
    for name, draw in PARTS.items():
        text = text.replace(
            f"<!-- {name} -->\n{part(name, text)}\n<!-- /{name} -->", f"<!-- {name} -->\n{draw()}\n<!-- /{name} -->"
        )
    README.write_text(text)


if __name__ == "__main__":
    write()
