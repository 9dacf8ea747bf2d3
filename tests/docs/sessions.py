"""Runs the terminal sessions in Markdown pages, and says where the page and the tool disagree.

A session is a block that opens with ```console. A line "$ command" in it is run by bash, in one
copy of the repository's configs/, data/ and examples/ per page, so that a later command finds what
an earlier one wrote; the lines below it are what it has to print, stdout and stderr together. A
line "..." stands for any number of lines. A block below "<!-- needs: MODULE -->" is run only where
that module can be imported. A block below "<!-- file: NAME -->" is written to that file, so that a
session further down can use it.

Two outputs are the same if their words are the same, whatever the blanks between them, and
their numbers are as close as `same_number` asks. What differs between two right runs is taken out
of both first: seconds, the versions of what made a model (`NORMALISED`), and what rounding alone
decides in the table of a check that passes (`_rounding`).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
COPIED = ("configs", "data", "examples")

_BLOCK = re.compile(
    r"(?:^<!-- needs: (?P<needs>\w+) -->\n)?^```console\n(?P<body>.*?)^```$"
    r"|^<!-- file: (?P<name>[\w./-]+) -->\n```\w*\n(?P<content>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_PASSED = re.compile(
    r"^(?P<tensor>[Wb]\d+) +(?P<verdict>pass|inconclusive) +(?P<shape>[\dx]+ +\d+) +"
    r"(?P<error>\S+) +(?P<tolerance>\S+) +[\d,]+ +\S+ +\S+$",
    re.MULTILINE,
)
NORMALISED = (
    (re.compile(r"\b\d+\.\d+ s\b"), "# s"),
    (re.compile(r'"seconds": [\d.e-]+'), '"seconds": #'),
    (
        re.compile(r"mlpcli \S+, numpy \S+, python \S+, threads"),
        "mlpcli #, numpy #, python #, threads",
    ),
    (re.compile(r"weights SHA-256 +[0-9a-f]{64}"), "weights SHA-256 #"),
    (re.compile(r"on \d+ entries, largest relative difference \S+"), "on # entries"),
)
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w])")
RELATIVE = 1e-3
ROUNDING = 1e-9
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Step:
    """A command of a page, what the page says it prints, and where that stands in its text."""

    command: str
    expected: str
    start: int
    end: int
    needs: str | None


def steps(text: str) -> list[Step]:
    """Return the commands of a page in order; to write a file is one, which prints nothing."""
    found = []
    for block in _BLOCK.finditer(text):
        if block["name"] is not None:
            write = (
                f"cat > {shlex.quote(block['name'])} <<'END OF FILE'\n{block['content']}END OF FILE"
            )
            found.append(Step(write, "", block.end(), block.end(), None))
            continue
        at = block.start("body")
        command, start = None, at
        for line in [*block["body"].splitlines(keepends=True), None]:
            if line is None or line.startswith("$ "):
                if command is not None:
                    found.append(Step(command, text[start:at], start, at, block["needs"]))
                command = line and line[2:].rstrip("\n")
                start = at + len(line or "")
            at += len(line or "")
    return found


def session_pages() -> list[Path]:
    """Return the pages that have sessions."""
    return [page for page in all_pages() if steps(page.read_text(encoding="utf-8"))]


def all_pages() -> list[Path]:
    """Return README.md and the pages of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


class Shell:
    """A folder with copies of what the sessions use; each page gets its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.status = 0
        for name in COPIED:
            shutil.copytree(ROOT / name, folder / name)
        tools = folder / ".tools"
        tools.mkdir()
        for name, module in {"mlp": "-m mlpcli", "python": ""}.items():
            tool = tools / name
            tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n', encoding="utf-8")
            tool.chmod(0o755)
        unset = {"GITHUB_ACTIONS", "FORCE_COLOR", "PYTHONPATH"}
        self.environment = {k: v for k, v in os.environ.items() if k not in unset} | {
            "PATH": f"{tools}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONUNBUFFERED": "1",  # stdout and stderr in the order in which they were written
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "MLP_KERNEL": "numpy",  # whose digits do not depend on processor and compiler
        }

    def run(self, command: str) -> str:
        """Return what the command prints; `$?` in it is the status of the one before."""
        script = f"(exit {self.status}); {command}"
        ran = subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, text=True, timeout=120,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        self.status = ran.returncode
        return ran.stdout


def can_run(step: Step) -> bool:
    """Whether what the step needs is there."""
    return step.needs is None or find_spec(step.needs) is not None


def difference(expected: str, actual: str) -> str | None:
    """Return the first line of `expected` that `actual` does not have, or None."""
    wanted, got = _normalise(expected), _normalise(actual)
    place = 0
    elided = False
    for line in wanted:
        if line == "...":
            elided = True
            continue
        if elided:
            place = next((i for i in range(place, len(got)) if _same_line(line, got[i])), len(got))
        if place >= len(got) or not _same_line(line, got[place]):
            return f"expected: {line}\n     got: {got[place] if place < len(got) else '(nothing)'}"
        place, elided = place + 1, False
    if place < len(got) and not elided:
        return f"expected: (nothing)\n     got: {got[place]}"
    return None


def _normalise(text: str) -> list[str]:
    text = _PASSED.sub(_rounding, text)
    for pattern, replacement in NORMALISED:
        text = pattern.sub(replacement, text)
    return [" ".join(line.split()) for line in text.rstrip("\n").split("\n")]


def _rounding(row: re.Match[str]) -> str:
    """Hide what rounding decides in the row of a right tensor: the worst entry and its numbers.

    The error must be one of rounding, unless the tolerance shows that rounding has its share in it.
    """
    hidden = float(row["error"]) < ROUNDING or float(row["tolerance"]) > TOLERANCE
    return f"{row['tensor']} {row['verdict']} {row['shape']} #" if hidden else row[0]


def _same_line(expected: str, actual: str) -> bool:
    if _NUMBER.split(expected) != _NUMBER.split(actual):
        return False
    pairs = zip(_NUMBER.findall(expected), _NUMBER.findall(actual), strict=True)
    return all(same_number(a, b) for a, b in pairs)


def same_number(expected: str, actual: str) -> bool:
    """Whether two numbers as printed are the same but for the arithmetic of another machine.

    Integers: equal. Others: within 1e-3 of the larger, or one unit of the last place of decimals;
    or both are rounding errors, which is what a number of at most three digits below 1e-9 is.
    """
    if expected == actual:
        return True
    if "." not in expected + actual and "e" not in expected + actual:
        return False
    a, b = float(expected), float(actual)
    if "e" not in expected and "." in expected:
        unit = 10.0 ** -len(expected.partition(".")[2])
        if abs(a - b) <= 1.01 * unit:
            return True
    if all(_is_rounding(text) for text in (expected, actual)):
        return True
    return abs(a - b) <= RELATIVE * max(abs(a), abs(b))


def _is_rounding(text: str) -> bool:
    digits = text.partition("e")[0].replace(".", "").strip("+-0")
    return len(digits) <= 3 and abs(float(text)) < ROUNDING
