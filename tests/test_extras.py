"""What is said where an optional package is not installed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mlpcli.errors import UsageError
from mlpcli.extras import require_extra


def test_a_package_that_is_there() -> None:
    require_extra("--to onnx", "onnx", "onnx")


def test_one_sentence_says_what_to_install() -> None:
    with pytest.raises(UsageError) as error:
        require_extra("--to stone", "no_such_package", "stone")
    (line,) = error.value.lines
    assert line == (
        "--to stone: needs the package no_such_package; in a checkout of mlpcli: "
        "python -m pip install '.[stone]'"
    )


def test_the_extras_are_those_of_the_project() -> None:
    settings = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    assert {"onnx", "plot"} <= settings["project"]["optional-dependencies"].keys()
