"""Pictures of the terminal: what a command prints there, in colour, as SVG.

A command runs at a terminal of its own, 80 columns wide, in the folder of a page's sessions; Rich
draws what it wrote. The time that a check took is left out, so that a picture changes only where
the output does.
"""

from __future__ import annotations

import io
import os
import pty
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1]))  # tests/, as pytest has it

from docs.sessions import ROOT, Shell

if TYPE_CHECKING:
    from collections.abc import Callable

WIDTH = 80
_TIME = re.compile(r", \d+\.\d+ s")


class Screen(NamedTuple):
    """A picture: commands that prepare it, those that are shown, and how many lines of the last."""

    before: str
    shown: tuple[str, ...]
    lines: int


SCREENS = {
    "docs/bug.svg": Screen(
        "sed 's/ \\* Z\\[i\\] \\* (1 - Z\\[i\\])//' examples/numpy_backprop.py > my_backprop.py",
        (
            "grep -n 'delta @ weights' my_backprop.py",
            "mlp gradcheck --gradient my_backprop.py:gradient",
        ),
        18,
    ),
}
PLOTS = {
    "docs/chain.svg": "mlp chain configs/penguins.yaml --set 'network.hidden=[12, 6]' --plot p.svg",
}
"""Pictures that a command draws itself, into p.svg."""


def terminal_output(shell: Shell, command: str) -> str:
    """Return what a command writes to a terminal, colours and all."""
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in shell.environment.items() if k != "NO_COLOR"}
    environment |= {"TERM": "xterm-256color", "COLUMNS": str(WIDTH), "LINES": "50"}
    with subprocess.Popen(
        ["bash", "-c", command], cwd=shell.folder, env=environment,
        stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.DEVNULL,
    ):  # fmt: skip
        os.close(theirs)
        pieces = list[bytes]()
        while piece := _read(ours):
            pieces.append(piece)
    os.close(ours)
    return b"".join(pieces).decode().replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 1 << 16)
    except OSError:  # Linux says so at the end of a terminal
        return b""


def transcript(screen: Screen) -> str:
    """Return what the terminal shows, prompts included."""
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        if screen.before:
            shell.run(screen.before)
        parts = []
        for command in screen.shown:
            lines = terminal_output(shell, command).splitlines()[: screen.lines]
            parts.append("\n".join([f"\x1b[1;34m$\x1b[0m \x1b[1m{command}\x1b[0m", *lines]))
    return _TIME.sub("", "\n".join(parts)) + "\n"


def picture(screen: Screen) -> str:
    """Return the SVG; its letters stay text."""
    from rich.console import Console
    from rich.text import Text

    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(transcript(screen)), end="")
    svg = console.export_svg(title="mlp", unique_id="mlp")
    return re.sub(r"\s*@font-face \{.*?\n\s*\}", "", svg, flags=re.DOTALL)


def plot(command: str) -> str:
    """Return the picture that a command draws."""
    with tempfile.TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        shell.run(command)
        return (shell.folder / "p.svg").read_text(encoding="utf-8")


def fresh_pictures() -> dict[str, Callable[[], str]]:
    """Return how each picture is made."""
    return {
        **{name: partial(picture, screen) for name, screen in SCREENS.items()},
        **{name: partial(plot, command) for name, command in PLOTS.items()},
    }


def words_of(svg: str) -> list[str]:
    """Return the words of a picture; numbers are left to the tests of sessions.

    Where letters are drawn as paths, matplotlib has the text of each in a comment.
    """
    comments = " ".join(re.findall(r"<!-- (.*?) -->", svg))
    text = re.sub(r"<[^>]+>", " ", svg.partition("</defs>")[2]).replace("&#160;", " ")
    return [word for word in f"{comments} {text}".split() if not re.search(r"\d", word)]


def refresh(names: list[str]) -> None:
    """Draw the named pictures, or all, anew where their words have changed."""
    for name, make in fresh_pictures().items():
        if names and name not in names:
            continue
        path, fresh = ROOT / name, make()
        if not path.exists() or words_of(path.read_text(encoding="utf-8")) != words_of(fresh):
            path.write_text(fresh, encoding="utf-8")
            print(f"{name}: changed")


if __name__ == "__main__":
    refresh(sys.argv[1:])
