"""Brings the pages up to date: python tests/docs/refresh.py [PAGE]...

Makes docs/cli.md and docs/config.md anew, and the picture and the table of the rooms, and runs the
sessions of all pages: where the tool prints something else than a page says, the page gets what it
prints. Read the diff before you commit it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests/, as pytest has it

from docs.pages import PAGES
from docs.sessions import ROOT, Shell, can_run, difference, session_pages, steps


def refresh(page: Path) -> bool:
    """Rewrite the outputs in a page that are no longer right; return whether there were any."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        outputs = [(step, shell.run(step.command) if can_run(step) else step.expected)
                   for step in steps(text)]  # fmt: skip
    fresh = text
    for step, output in reversed(outputs):
        if difference(step.expected, output) is not None:
            fresh = fresh[: step.start] + output + fresh[step.end :]
    page.write_text(fresh, encoding="utf-8")
    return fresh != text


def main(names: list[str]) -> None:
    """Refresh the named pages, or all of them."""
    for name, make in PAGES.items():
        if not names or name in names:
            (ROOT / name).write_text(make(), encoding="utf-8")
    for page in session_pages():
        name = str(page.relative_to(ROOT))
        if (not names or name in names) and refresh(page):
            print(f"{name}: changed")


if __name__ == "__main__":
    main(sys.argv[1:])
