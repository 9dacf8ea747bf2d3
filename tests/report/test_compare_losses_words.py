"""Verdicts that a student understands, one by one, and of several dtypes at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlpcli.compare.choices import default_dtypes
from mlpcli.compare.exact import exact_gradients
from mlpcli.compare.summary import summarise
from mlpcli.compare.sweep import Curve, sweep
from mlpcli.nn.losses import BCE_FORMS, LOSSES
from mlpcli.report.compare_losses_words import verdict, verdicts

TAIL = "1 % off for right answers from h = "
VERDICTS = {
    ("naive", "float64", 0): "fine up to |h| = 36.73, nan from |h| = 36.74",
    ("naive", "float32", 0): "fine up to |h| = 16.63, nan from |h| = 16.64",
    ("naive", "float16", 0): "fine up to |h| = 7.621, nan from |h| = 7.625",
    ("naive", "float64", 1): f"fine up to |h| = 36.73, nan from |h| = 36.74; {TAIL}32.5",
    ("epsilon", "float16", 0): "fine up to |h| = 7.621, nan from |h| = 7.625",
    ("epsilon", "float64", 0): (
        "loses 1 % of a wrong answer's gradient from h = 11.62, all of it from h = 36.74; "
        f"{TAIL}-11.62, 0 from h = -384"
    ),
    ("clamped", "float32", 0): (
        "loses all of a wrong answer's gradient from h = 16.64; "
        "but its loss is flat from h = 15.62: loss and gradient disagree"
    ),
    ("fused", "float64", 0): (
        "right on the whole grid, to #; 0 from h = -709.8, where the truth is subnormal"
    ),
    ("fused", "float64", 1): f"right where it matters; {TAIL}32.5, 0 from h = 36.74",
    ("scikit-learn", "float64", 0): (
        "right on the whole grid, to #; 0 from h = -709.8, where the truth is subnormal; "
        "but its loss is flat from h = 35.75: loss and gradient disagree"
    ),
    ("torch", "float64", 0): (
        "loses 1 % of a wrong answer's gradient from h = 27.75, all of it from h = 36.74; "
        f"{TAIL}-27.75, 0 from h = -392"
    ),
    ("keras", "float64", 0): (
        f"loses all of a wrong answer's gradient from h = 16.12; {TAIL}-16.12, 0 from h = -16.12"
    ),
}


@pytest.mark.parametrize(("form", "dtype", "label"), VERDICTS)
def test_verdicts(form: str, dtype: str, label: int) -> None:
    summary = summarise(sweep([form], [dtype], 1e-7)[label])
    worst = f"{summary.max_relative_error:.1e}"  # a matter of the machine's exponential function
    assert verdict(summary).replace(worst, "#") == VERDICTS[form, dtype, label]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_stable_is_right(dtype: str) -> None:
    for summary in map(summarise, sweep(["stable"], [dtype], 1e-7)):
        assert verdict(summary) == f"right on the whole grid, to {summary.max_ulp_error:.1f} ulp"


def made_up(logits: list[float], gradient: list[float]) -> Curve:
    h = np.array(logits)
    loss = BCE_FORMS["stable"].value(h, np.zeros_like(h), 0.0)
    return Curve("fused", "float64", loss, np.array(gradient), exact_gradients(h)[0])


def test_extremes_of_a_curve() -> None:
    nan, inf = np.nan, np.inf
    right = exact_gradients(np.array([1.0, 2.0]))[0].high.tolist()
    said = {
        "nan on the whole grid": [nan, nan],
        "inf on the whole grid": [inf, inf],
        "nan from |h| = 1": [nan, right[1]],
        "fine up to |h| = 1, inf from |h| = 2": [right[0], inf],
        "loses 1 % of a wrong answer's gradient from h = 1; nan from |h| = 2": [
            right[0] * 0.9,
            nan,
        ],
        "loses all of a wrong answer's gradient from h = 1": [0.0, right[1]],
    }
    for words, gradient in said.items():
        assert verdict(summarise(made_up([1.0, 2.0], gradient))) == words


def test_on_a_coarse_grid_fine_ends_where_the_grid_was_fine() -> None:
    (wrong, _) = sweep(["naive"], ["float64"], 1e-7, np.arange(-50.0, 60.0, 10.0))
    assert verdict(summarise(wrong)) == "fine up to |h| = 30, nan from |h| = 40"


SOFTMAX = {
    ("naive", 0): "fine up to |h| = 709.7, nan from |h| = 709.8",
    ("naive", 1): (f"fine up to |h| = 709.7, nan from |h| = 709.8; {TAIL}33.5, 0 from h = 36.74"),
    ("clamped", 0): ("loses 1 % of a wrong answer's gradient from h = 16.25; nan from |h| = 709.8"),
    ("fused", 1): f"right where it matters; {TAIL}32.5, 0 from h = 36.74",
}


@pytest.mark.parametrize(("form", "label"), SOFTMAX)
def test_verdicts_on_softmax(form: str, label: int) -> None:
    curves = sweep([form], ["float64"], 1e-7, loss=LOSSES["cross_entropy"])
    assert verdict(summarise(curves[label])) == SOFTMAX[form, label]


@pytest.mark.skipif("longdouble" not in default_dtypes(), reason="longdouble is float64 here")
def test_a_truth_that_no_float64_holds_is_not_judged() -> None:
    summary = summarise(sweep(["stable"], ["longdouble"], 1e-7, np.array([800.0]))[1])
    assert verdict(summary) == "nothing to judge: the truth is below the smallest normal number"


def test_numbers_of_several_dtypes_are_told_at_once_if_words_agree() -> None:
    one, other = (summarise(sweep(["naive"], [d], 1e-7)[0]) for d in ("float32", "float64"))
    assert verdict(one, other) == "fine up to |h| = 16.63 / 36.73, nan from |h| = 16.64 / 36.74"
    assert (
        verdict(one, replace(one, dtype="float16"))
        == "fine up to |h| = 16.63, nan from |h| = 16.64"
    )
    both = [summarise(curve) for curve in sweep(["naive"], ["float32", "float64"], 1e-7)]
    broken = [replace(s, broken_as="inf") if s.dtype == "float32" else s for s in both]
    assert list(verdicts(broken))[:3] == [
        "naive, y = 0",
        "  float32: fine up to |h| = 16.63, inf from |h| = 16.64",
        "  float64: fine up to |h| = 36.73, nan from |h| = 36.74",
    ]
