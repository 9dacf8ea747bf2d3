"""The summary: which logit is first, and verdicts that a student understands."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.compare.exact import exact_gradients
from mlpcli.compare.summary import first_logit, summarise
from mlpcli.compare.sweep import Curve, sweep
from mlpcli.nn.losses import BCE_FORMS

TAIL = "1 % off for right answers from h = "
VERDICTS = {
    ("naive", "float64", 0): "fine up to |h| = 36.74, then nan",
    ("naive", "float32", 0): "fine up to |h| = 16.64, then nan",
    ("naive", "float16", 0): "fine up to |h| = 7.625, then nan",
    ("naive", "float64", 1): f"fine up to |h| = 36.74, then nan; {TAIL}32.5",
    ("epsilon", "float16", 0): "fine up to |h| = 7.625, then nan",
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
    assert summary.verdict.replace(worst, "#") == VERDICTS[form, dtype, label]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_stable_is_right(dtype: str) -> None:
    for curve in sweep(["stable"], [dtype], 1e-7):
        summary = summarise(curve)
        assert summary.verdict == f"right on the whole grid, to {summary.max_ulp_error:.1f} ulp"
        assert summary.first_non_finite_logit is None
        assert summary.first_dead_logit is None
        assert summary.loss_first_non_finite_logit is None


def made_up(logits: list[float], gradient: list[float], label: int = 0) -> Curve:
    h = np.array(logits)
    return Curve(
        "fused", "float64", BCE_FORMS["stable"].value(h, np.zeros_like(h), 0.0),
        np.array(gradient), exact_gradients(h)[label],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("where", "first"),
    [
        ([False] * 5, None),
        ([True] * 5, 0.0),
        ([True, False, False, False, True], 2.0),
        ([False, True, False, True, False], 1.0),
        ([True, True, False, False, False], -1.0),
    ],
)
def test_the_first_logit_is_the_nearest_to_zero_and_positive_of_two(
    where: list[bool], first: float | None
) -> None:
    assert first_logit(np.array([-2.0, -1, 0, 1, 2]), np.array(where)) == first


def test_extremes_of_a_curve() -> None:
    nan, inf = np.nan, np.inf
    assert summarise(made_up([1.0, 2.0], [nan, nan])).verdict == "nan on the whole grid"
    assert summarise(made_up([1.0, 2.0], [inf, inf])).verdict == "inf on the whole grid"
    right = exact_gradients(np.array([1.0, 2.0]))[0].high.tolist()
    assert summarise(made_up([1.0, 2.0], [nan, right[1]])).verdict == "nan from |h| = 1"
    assert summarise(made_up([1.0, 2.0], [right[0], inf])).verdict == (
        "fine up to |h| = 2, then inf"
    )
    lost = summarise(made_up([1.0, 2.0], [right[0] * 0.9, nan]))
    assert lost.verdict == "loses 1 % of a wrong answer's gradient from h = 1; nan from |h| = 2"
    assert lost.max_relative_error == pytest.approx(0.1)
    assert lost.max_relative_error_logit == 1
    assert summarise(made_up([1.0], [0.0])).verdict == (
        "loses all of a wrong answer's gradient from h = 1"
    )


def test_a_loss_is_flat_only_if_it_stays_so() -> None:
    flat = sweep(["scikit-learn"], ["float64"], 1e-7, np.arange(30.0, 60.0))
    assert summarise(flat[0]).loss_flat_logit == 36.0
    assert summarise(flat[1]).loss_flat_logit is None  # these are right answers
    for form in ("fused", "stable"):
        assert summarise(sweep([form], ["float64"], 1e-7)[0]).loss_flat_logit is None
