"""`mlp gradcheck --samples, --weights, --bias, --answers`: what goes out comes back and is said."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

CONFIG = "config.yaml"
LAID = ("--samples", "columns", "--weights", "in-out", "--bias", "last")


@pytest.mark.parametrize("suffix", ["json", "npz", "safetensors"])
def test_answers_are_right_in_their_layout(here: Path, mlp: Mlp, suffix: str) -> None:
    case, answers = f"case.{suffix}", f"answers.{suffix}"
    out = mlp("gradcheck", CONFIG, *LAID, "--dump", case, "--answers", answers)
    assert (out.status, out.err) == (0, "")
    again = mlp("gradcheck", "--case", case, "--gradient", answers, *LAID, "--json")
    assert (again.status, again.err) == (0, "")
    document = again.document
    laid = {"samples": "columns", "weights": "in-out", "bias": "last", "labels": "columns"}
    assert document["layout"] == laid
    names = [found["name"] for found in document["returned"]]
    assert names == ["loss", "H1", "Z1", "H2", "Z2", "delta2", "delta1", "dX"]
    assert {found["verdict"] for found in document["returned"]} == {"pass"}
    refused = mlp("gradcheck", "--case", case, "--gradient", answers)
    assert refused.status == 2
    assert refused.err.startswith(f"{case}: ")


def test_the_layout_of_a_case_is_told(here: Path, mlp: Mlp) -> None:
    assert mlp("gradcheck", CONFIG, "--weights", "in-out", "--dump", "case.json").status == 0
    refused = mlp("gradcheck", "--case", "case.json")
    assert refused.status == 2
    assert refused.lines[0].endswith("the arrays fit --weights in-out: add that")


def test_the_first_wrong_array_is_told(here: Path, mlp: Mlp) -> None:
    mlp("gradcheck", CONFIG, "--dump", "case.json", "--answers", "a.json")
    answers = json.loads((here / "a.json").read_text(encoding="utf-8"))
    answers["Z1"] = (np.array(answers["Z1"]) * 1.1).tolist()
    answers["delta2"] = (np.array(answers["delta2"]) * len(answers["Z1"])).tolist()
    answers["loss"] *= len(answers["Z1"])
    (here / "a.json").write_text(json.dumps(answers), encoding="utf-8")
    ran = mlp("gradcheck", "--case", "case.json", "--gradient", "a.json")
    assert ran.status == 0
    assert "returned and right: H1, H2, Z2, delta1, dX" in ran.out
    assert "the first wrong one from the input; it is 1.1 times ours" in " ".join(ran.out.split())
    assert "returned delta2 is right: without 1/N" in ran.out
    assert "it is J summed over rows" in ran.out


@pytest.mark.parametrize("digits", [6, 3])
def test_printed_digits_are_said(here: Path, mlp: Mlp, digits: int) -> None:
    mlp("gradcheck", CONFIG, "--dump", "case.json", "--answers", "a.json")
    answers = json.loads((here / "a.json").read_text(encoding="utf-8"))
    printed = {
        name: np.vectorize(lambda v: float(f"{v:.{digits}g}"))(np.array(array)).tolist()
        for name, array in answers.items()
        if name.startswith(("dW", "db"))
    }
    (here / "g.json").write_text(json.dumps(printed), encoding="utf-8")
    ran = mlp("gradcheck", "--case", "case.json", "--gradient", "g.json")
    assert ran.status == (0 if digits == 6 else 4)
    assert f"the numbers have {digits} significant digits" in ran.out


def test_vector_needs_rows_one_by_one(here: Path, mlp: Mlp) -> None:
    ran = mlp("gradcheck", CONFIG, "--samples", "vector", "--dump", "case.json")
    assert ran.status == 2
    assert "--samples vector: takes one sample at a time" in ran.err
