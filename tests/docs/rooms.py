"""The rooms of src/mlpcli as a table of their docstrings, and as a picture of their imports.

Both are written between markers into pages that are otherwise written by hand.
"""

from __future__ import annotations

import ast
import re
import tomllib
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from docs.sessions import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = ROOT / "src" / "mlpcli"

RECORDS = {
    "config": ("Config",),
    "nn": ("Network",),
    "data": ("Dataset",),
    "training": ("TrainingResult", "Model", "Evaluation", "Predictions"),
    "check": ("Case", "GradcheckResult", "Chain"),
    "compare": ("Comparison",),
    "report": ("Table",),
}
"""The records that a room hands on, which are what flows through the picture."""


def layers() -> list[list[str]]:
    """Return the rooms and single modules from the top down, one list a row, as in pyproject."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (rows,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [row.split(" | ") for row in rows]


def room_table() -> str:
    """Return a row per room, from the ground up, with the first line of its docstring."""
    lines = ["| room | holds |", "|---|---|"]
    for name in (name for row in reversed(layers()) for name in row):
        for path in _modules(SOURCE / name):
            shown = path.relative_to(SOURCE).as_posix()
            words = _first_line(path / "__init__.py" if path.is_dir() else path)
            lines.append(f"| `{shown}{'/' * path.is_dir()}` | {words} |")
    return "\n".join(lines) + "\n"


def _modules(stem: Path) -> Iterator[Path]:
    """Yield the file of a module, or the folder of a room and those in it."""
    if not stem.is_dir():
        yield stem.with_suffix(".py")
        return
    yield stem
    yield from sorted(init.parent for init in stem.glob("*/__init__.py"))


def _first_line(path: Path) -> str:
    docstring = ast.get_docstring(_tree(path))
    assert docstring, path
    line = docstring.splitlines()[0]
    assert line.endswith("."), f"{path}: the docstring's first line is no sentence"
    return line[:-1]


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def flows() -> list[tuple[str, str, str]]:
    """Return (room, record, room): which record of the first is imported by the second.

    The command line has a part in everything: only what the reports hand to it is shown.
    """
    found = set()
    for path in SOURCE.glob("*/**/*.py"):
        room = path.relative_to(SOURCE).parts[0]
        for maker, record in _imported(path):
            shown = room != "cli" or maker == "report"
            if shown and room != maker and record in RECORDS.get(maker, ()):
                found.add((maker, record, room))
    order = list(RECORDS)
    return sorted(found, key=lambda flow: (order.index(flow[0]), flow[2], flow[1]))


def _imported(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (room, name) of each name that a module imports from a room, types included."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mlpcli."):
            yield from (((node.module or "").split(".")[1], alias.name) for alias in node.names)


def picture() -> str:
    """Return the flow as a block of Mermaid, which GitHub draws."""
    lines = ["```mermaid", "flowchart LR"]
    lines += ["    yaml([YAML]) --> config", "    tables([tables]) --> data"]
    for (maker, user), same in groupby(flows(), key=lambda flow: (flow[0], flow[2])):
        lines.append(f"    {maker} -- {', '.join(record for _, record, _ in same)} --> {user}")
    lines += ["    cli --> out([text, JSON, pictures])"]
    lines += ["    export --> tools([files for other tools])", "```"]
    return "\n".join(lines) + "\n"


MADE = {"rooms": room_table, "flow": picture}
"""What may stand between <!-- NAME: made .. --> and <!-- end of NAME -->."""


def with_parts(name: str) -> str:
    """Return a page with its generated parts made anew."""
    text = (ROOT / name).read_text(encoding="utf-8")
    for part, make in MADE.items():
        text = re.sub(
            rf"(<!-- {part}: made .*? -->\n).*?(<!-- end of {part} -->\n)",
            lambda marks, make=make: marks[1] + make() + marks[2],  # type: ignore[misc]
            text,
            flags=re.DOTALL,
        )
    return text
