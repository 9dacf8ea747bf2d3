"""Colour stands where it helps, only where it is wanted, and never changes a word."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest
from rich.style import Style

from mlpcli.cli.colour import STYLES, all_of, choose, coloured, paint
from mlpcli.report.marks import VERDICTS, names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlp_runs import Mlp

ESCAPE = re.compile(r"\x1b\[[\d;]*m")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def usual_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    yield
    choose("auto")


@pytest.mark.parametrize(
    ("when", "no_color", "term", "terminal", "pipe"),
    [
        ("auto", "", "xterm", True, False),
        ("auto", "1", "xterm", False, False),
        ("auto", "", "dumb", False, False),
        ("never", "", "xterm", False, False),
        ("always", "", "xterm", True, True),
        ("always", "1", "dumb", True, True),
    ],
)
def test_when_there_is_colour(
    monkeypatch: pytest.MonkeyPatch, when: str, no_color: str, term: str, terminal: bool, pipe: bool
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setenv("TERM", term)
    choose(when)  # type: ignore[arg-type]  # the literals, from a table
    assert coloured(Terminal()) is terminal
    assert coloured(io.StringIO()) is pipe


def test_marked_words_are_painted_and_only_whole_ones() -> None:
    marks = {**VERDICTS, **names(["bias", "bias-averaged"])}
    text = "FAIL: bias-averaged, bias, l2-on-bias, biased; pass FAILED"
    painted = paint(text, marks, Terminal())
    assert ESCAPE.sub("", painted) == text
    assert re.findall(r"m([\w-]+)\x1b\[0m", painted) == ["FAIL", "bias-averaged", "bias", "pass"]
    assert paint(text, marks, io.StringIO()) == text


@pytest.mark.parametrize("meaning", STYLES)
def test_a_style_is_one_that_rich_knows_too(meaning: str) -> None:
    codes = Style.parse(STYLES[meaning]).render("x").partition("m")[0]
    assert all_of("x", meaning, Terminal()) == f"{codes}mx\x1b[0m"


BUG = ("gradcheck", "--plant", "bias-averaged")


def test_the_answer_is_the_same_with_and_without_colour(mlp: Mlp) -> None:
    plain, painted = mlp(*BUG), mlp(*BUG, "--color", "always")
    assert "\x1b[1;31mFAIL\x1b[0m: wrong" in painted.out
    assert "  \x1b[1;35mbias-averaged\x1b[0m: " in painted.out
    seconds = re.compile(r"[\d.]+ s$", re.MULTILINE)
    assert seconds.sub("", ESCAPE.sub("", painted.out)) == seconds.sub("", plain.out)
    assert "\x1b" not in mlp(*BUG, "--json", "--color", "always").out


def test_errors_are_painted_whole(here: Path, mlp: Mlp) -> None:
    assert mlp("info", "nothing", "--color", "always").err.startswith("\x1b[31mnothing: ")
    assert "\x1b" not in mlp("info", "nothing").err
