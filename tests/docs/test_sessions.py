"""Every session in README.md and docs/ prints what the page says; and the runner notices rot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from docs.sessions import (
    ROOT,
    Shell,
    difference,
    same_number,
    session_pages,
    steps,
)

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [str(page.relative_to(ROOT)) for page in session_pages()]
NEEDING = [
    (page, needs)
    for page in PAGES
    for needs in sorted({s.needs for s in steps((ROOT / page).read_text("utf-8")) if s.needs})
]
PASSED = """\
tensor  verdict  shape  checked  rel. error  tolerance  worst at          given        numeric
W1         pass    8x2       16    3.52e-16      1e-06       3,0  0.00739245052  0.00739245052
"""
SINGLE = """\
W1       pass  16x2       32    2.46e-07   8.37e-06      12,1   0.0454573631   0.0454573519
"""
FAILED = (
    "W1       16x2       32       0.808      1e-06       7,0   -0.134022483  -0.0257659381     fail"
)


def test_the_pages_that_promise_sessions_have_them() -> None:
    assert {"README.md", "docs/my-gradient.md", "docs/training.md"} <= set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_sessions_print_what_the_page_says(page: str, tmp_path: Path) -> None:
    _hold(page, None, tmp_path)


@pytest.mark.parametrize(("page", "module"), NEEDING)
def test_sessions_that_need(page: str, module: str, tmp_path: Path) -> None:
    pytest.importorskip(module, reason=f"{module} is not here: make bench has it")
    _hold(page, module, tmp_path)


def _hold(page: str, needs: str | None, folder: Path) -> None:
    """Run the sessions of a page that need nothing, or what is named, and compare the latter."""
    text = (ROOT / page).read_text(encoding="utf-8")
    shell = Shell(folder)
    wrong = []
    for step in steps(text):
        if step.needs in {None, needs}:
            output = shell.run(step.command)
            found = difference(step.expected, output) if step.needs == needs else None
            line = text[: step.start].count("\n")
            wrong += [f"{page}:{line}: $ {step.command}\n{found}"] if found else []
    assert not wrong, "\n\n".join([*wrong, "python tests/docs/refresh.py brings pages up to date"])


def test_only_what_is_too_large_to_install_is_left_out() -> None:
    assert {module for _, module in NEEDING} == {"matplotlib", "torch"}


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("PASS: every tensor is right\n", "PASS: every tensor is right\n"),
        ("a   b\n", "a b\n"),
        ("38 epochs in 0.14 s, best 13\n", "38 epochs in 12.50 s, best 13\n"),
        ("loss 0.5000\n", "loss 0.5001\n"),
        ("norm 0.12345\n", "norm 0.12346\n"),
        ("error 3.77e-16\n", "error 1.2e-15\n"),
        (PASSED, PASSED.replace("3,0", "4,1").replace("0.00739245052", "0.01")),
        (SINGLE, SINGLE.replace("2.46e-07", "3.1e-07").replace("12,1", "0,0")),
        ("first\n...\nlast\n", "first\nsecond\nthird\nlast\n"),
        ("first\n...\n", "first\nsecond\n"),
        ("", ""),
    ],
)
def test_same(expected: str, actual: str) -> None:
    assert difference(expected, actual) is None


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("PASS: every tensor is right\n", "FAIL: wrong: W1\n"),
        ("38 epochs in 0.14 s, best 13\n", "38 epochs in 0.14 s, best 14\n"),
        ("loss 0.5000\n", "loss 0.5020\n"),
        ("value 1.64080563e-11\n", "value 1.65080563e-11\n"),
        ("error 3.77e-16\n", "error 3.77e-06\n"),
        (PASSED, PASSED.replace("3.52e-16", "3.52e-06")),
        (PASSED, PASSED.replace("pass", "fail")),
        (SINGLE, SINGLE.replace("pass", "inconclusive")),
        (FAILED, FAILED.replace("7,0", "8,0")),
        (FAILED, FAILED.replace("0.134022483", "0.135022483")),
        ("first\n...\nlast\n", "first\nsecond\n"),
        ("first\n", "first\nsecond\n"),
        ("first\nsecond\n", "first\n"),
        ("version 1\n", "version x\n"),
    ],
)
def test_different(expected: str, actual: str) -> None:
    assert difference(expected, actual) is not None


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("12", "12", True),
        ("12", "13", False),
        ("0.9820", "0.9821", True),
        ("0.9820", "0.9840", False),
        ("1e-06", "1e-06", True),
        ("0.0848", "0.0849", True),
        ("1.5e-15", "0", True),
        ("6.68274e-08", "6.68275e-08", True),
        ("6.68e-08", "7.68e-08", False),
    ],
)
def test_same_number(a: str, b: str, same: bool) -> None:
    assert same_number(a, b) == same


def test_commands_and_files_are_found_in_order() -> None:
    text = (
        "<!-- file: hello.txt -->\n```text\nhello\n```\nThen\n"
        "```console\n$ cat hello.txt\nhello\n$ false\n$ echo $?\n1\n```\n"
        "<!-- needs: torch -->\n```console\n$ echo late\nlate\n```\n"
    )
    found = steps(text)
    assert [(s.command, s.expected, s.needs) for s in found[1:]] == [
        ("cat hello.txt", "hello\n", None),
        ("false", "", None),
        ("echo $?", "1\n", None),
        ("echo late", "late\n", "torch"),
    ]
    assert all(text[step.start : step.end] == step.expected for step in found)


def test_a_shell_keeps_files_and_status(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    for step in steps(
        "<!-- file: a.txt -->\n```text\nA\n```\n```console\n$ cat a.txt; exit 3\nA\n```\n"
    ):
        output = shell.run(step.command)
    assert output == "A\n"
    assert shell.run("echo $?") == "3\n"
    assert shell.run("mlp --version").startswith("mlp ")
