"""The words, the table, the document and the chart of a check."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from buggy_backprop import Plant
from mlpcli.check.built_in import built_in_cases
from mlpcli.check.convention import Convention
from mlpcli.check.run import gradcheck
from mlpcli.report.gradcheck import error_chart, forms_table, gradcheck_marks, gradcheck_table
from mlpcli.report.gradcheck_document import gradcheck_document
from mlpcli.report.gradcheck_words import gradcheck_notes, gradcheck_words, objective_line
from planted import CASES
from results import checked, doubtful


def test_words_of_a_pass_a_failure_and_a_doubt() -> None:
    (verdict,), (opinion, *spots) = gradcheck_words(checked()), gradcheck_notes(checked())
    assert verdict == "PASS: every tensor is right"
    assert opinion.startswith("second opinion: complex-step agrees with central on ")
    assert all(line.startswith("cannot be seen here: ") for line in spots)
    verdict, diagnosis, *_ = gradcheck_words(checked("square", Plant("bias-averaged", (2,))))
    assert verdict == "FAIL: wrong: b2"
    assert diagnosis == (
        "  bias-averaged: dJ/db_i is the mean of delta over rows, and not their sum (b2). "
        "Fix: sum delta_i over the rows."
    )
    (verdict,), (opinion, *_) = (
        words(doubtful(checked())) for words in (gradcheck_words, gradcheck_notes)
    )
    assert verdict.startswith("INCONCLUSIVE: two numeric methods disagree")
    assert "DISAGREES" in opinion


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_float64_gradient_is_advised_only_where_it_was_float32(dtype: str) -> None:
    right = checked()
    gradient = right.gradient.like(right.gradient.theta.astype(dtype))
    verdict, *_ = gradcheck_words(replace(right, verdict="inconclusive", gradient=gradient))
    assert verdict.startswith("INCONCLUSIVE: nothing is wrong")
    assert ("a float64 gradient" in verdict) == (dtype == "float32")


def test_the_names_of_bugs_stand_out_beside_the_verdict() -> None:
    marks = gradcheck_marks(checked("square", Plant("bias-averaged", (2,))))
    assert marks["bias-averaged"] == "name"
    assert marks["FAIL"] == "bad"
    assert "name" not in gradcheck_marks(checked()).values()


@pytest.mark.parametrize("width", [200, 120, 80, 60, 40])
def test_given_and_numeric_stay_side_by_side_however_narrow(width: int) -> None:
    result = checked("square", Plant("sign-flipped", (1,)))
    pieces = gradcheck_table(result).pieces(width)
    assert sum("given" in piece.header for piece in pieces) == 1
    assert all(piece.header[-2:] == ("given", "numeric") or "given" not in piece.header
               for piece in pieces)  # fmt: skip
    assert (len(pieces) == 1) or width == 40
    assert ("shape" in pieces[0].header) is (width >= 120)
    assert ("worst at" in pieces[0].header) is (width >= 60)


def test_the_table_has_a_row_per_tensor() -> None:
    table = gradcheck_table(checked("without bias", Plant("zero-gradient", (2,))))
    assert [row[0] for row in table.rows] == ["W1", "W2", "W3"]
    assert [row[2] for row in table.rows] == ["5x6", "5x5", "1x5"]
    assert [row[1] for row in table.rows] == ["pass", "fail", "pass"]
    assert "given gradient against central: 60 parameters, 50 rows" in table.title
    compared = gradcheck(CASES["saturated"], compare_losses=True)
    assert compared.forms is not None
    forms = forms_table(compared.forms)
    assert forms.header == ("form", "W1", "b1", "W2", "b2")
    assert [row[0] for row in forms.rows] == ["naive", "epsilon", "clamped", "fused", "stable"]
    assert any(cell.endswith(" !") for cell in forms.rows[1])


@pytest.mark.parametrize("bug", ["non-finite", "zero-gradient", "sign-flipped"])
def test_documents_are_strict_json(bug: str) -> None:
    result = checked("square", Plant(bug, (1,)))
    document = json.loads(json.dumps(gradcheck_document(result), allow_nan=False))
    assert [layer["verdict"] for layer in document["layers"]] == [
        "fail", "fail", "pass", "pass", "pass", "pass",
    ]  # fmt: skip
    assert ("reason" in document["layers"][0]) == (bug == "non-finite")


def test_the_chart_has_a_bar_per_tensor() -> None:
    title, *bars = error_chart(checked("square", Plant("sign-flipped", (1,)))).splitlines()
    assert "logarithmic" in title
    lengths = {bar.split()[0]: bar.count("#") for bar in bars}
    assert lengths["W1"] == lengths["b1"] == 48
    assert all(n < 12 for name, n in lengths.items() if name not in {"W1", "b1"})
    assert bars[0].endswith("2.0e+00 fail")
    endless = error_chart(checked("square", Plant("non-finite", (1,))))
    assert "inf fail" in endless


SAID = {
    Convention(): "J = 1/N sum_rows sum_outputs -(y log z + (1-y) log(1-z)), Z_L = sigmoid(H_L): "
    "binary cross-entropy of sigmoid outputs, mean over rows, sigmoid hidden layers",
    Convention("tanh", loss="cross_entropy", reduction="sum", l2=0.1): "J = sum_rows sum_outputs "
    "-y log z + 0.1/2 sum_i |W_i|^2, Z_L = softmax(H_L): cross-entropy of softmax outputs, "
    "sum over rows, tanh hidden layers",
    Convention("leaky_relu", 0.2, "identity", "mse", "mean_all", 0.5): "J = 1/(2 N K) sum_rows "
    "sum_outputs (z - y)^2, Z_L = H_L: 1/2 squared error of identity outputs, mean over rows and "
    "outputs, leaky_relu (slope 0.2) hidden layers",
    Convention(loss="mse", reduction="sum", factor=-0.5): "J = -1/2 sum_rows sum_outputs "
    "(z - y)^2, Z_L = sigmoid(H_L): -1/2 squared error of sigmoid outputs, sum over rows, "
    "sigmoid hidden layers",
}


@pytest.mark.parametrize("convention", SAID)
def test_J_in_letters_and_in_words(convention: Convention) -> None:
    assert objective_line(built_in_cases(convention)["A"]) == SAID[convention]


def test_J_of_one_output_sums_over_none() -> None:
    case = built_in_cases(Convention(reduction="mean_all", factor=3.5))["C"]
    assert objective_line(case).startswith("J = 7/(2 N) sum_rows -(y log z")


def test_a_tolerance_that_there_is_none_of_is_a_dash() -> None:
    """Of a gradient that vanished, given and right, R is finite and R / m is not."""
    result = checked()
    first, *rest = result.check.layers
    layers = (replace(first, tolerance=float("inf")), *rest)
    shown = gradcheck_table(replace(result, check=replace(result.check, layers=layers)))
    assert [row[5] for row in shown.rows].count("-") == 1
    assert not any("inf" in cell for row in shown.rows for cell in row)
