"""Nineteen layouts and calls of people: checked by options alone, and not right without them."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlpcli.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Sequence

FILE = Path(__file__).with_name("others.py")
OPTIONS: dict[str, str] = runpy.run_path(str(FILE))["OPTIONS"]


def checked(
    capsys: pytest.CaptureFixture[str], name: str, options: Sequence[str]
) -> tuple[int, Any, str]:
    status = run(["gradcheck", "--gradient", f"{FILE}:{name}", *options, "--json"])
    out, err = capsys.readouterr()
    return status, json.loads(out) if out else None, err


def test_there_are_nineteen() -> None:
    assert len(OPTIONS) == 19


@pytest.mark.parametrize("name", OPTIONS)
def test_right_by_options_alone(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, document, err = checked(capsys, name, OPTIONS[name].split())
    assert (status, err) == (0, "")
    assert document["verdict"] == "pass"
    assert all(found["verdict"] == "pass" for found in document["returned"])


@pytest.mark.parametrize("name", [name for name, options in OPTIONS.items() if options])
def test_without_its_options_it_is_not_right(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, _ = checked(capsys, name, [])
    assert status in (1, 2)


@pytest.mark.parametrize(
    "name",
    ["columns_with_column_biases", "theta_bias_first_unrolled", "bias_last_in_out"],
)  # fmt: skip
def test_its_options_are_told(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, _, err = checked(capsys, name, [])
    assert status == 2
    assert f"it runs with {OPTIONS[name]}: add that" in err
