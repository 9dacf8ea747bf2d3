"""Each layer's gradient under each form against autograd of what the form means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mlpcli.check.case import Case, analytic_gradient, case_from
from mlpcli.compare.forms import FORMS
from mlpcli.compare.layers import LayerComparison, compare_layers, scale_weights
from mlpcli.errors import UsageError
from mlpcli.nn.network import Network, Parameters


def case(scale: float = 1.0, seed: int = 0, **options: object) -> Case:
    rng = np.random.default_rng(seed)
    sizes = (3, 4, 2)
    network = Network(sizes, True, rng.normal(size=Parameters.count(sizes, True)) * scale)
    X = rng.normal(size=(30, 3))
    return case_from(network, X, rng.integers(0, 2, (30, 2)).astype(float), **options)  # type: ignore[arg-type]  # whatever a test wants


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_five_forms_agree_with_the_gradient_of_a_case(dtype: str, weighted: bool) -> None:
    omega = np.linspace(0.1, 2, 60).reshape(30, 2) if weighted else None
    found = case(2.0, omega=omega, l2=0.01)
    forms = ("naive", "epsilon", "clamped", "fused", "stable")
    rows = compare_layers(found, forms, 1e-3, dtype)
    truth = dict(analytic_gradient(found).tensors())
    for row in rows:
        if row.form == "mse":
            continue
        name = f"{row.parameter}{row.layer}"
        got = dict(analytic_gradient(found, row.form, dtype, 1e-3).tensors())[name]
        size = np.maximum(np.abs(got), np.abs(truth[name]))
        wanted = float((np.abs(got.astype(float) - truth[name]) / size).max())
        assert row.max_relative_error == pytest.approx(wanted, rel=1e-3, abs=1e-7)
        assert row.gradient_norm == pytest.approx(float(np.linalg.norm(got)), rel=1e-5)
        assert row.non_finite == 0
    tensors = [(r.parameter, r.layer) for r in rows if r.form == "mse"]
    assert tensors == [("W", 1), ("b", 1), ("W", 2), ("b", 2)]


def test_mse_has_only_a_norm_and_saturates() -> None:
    mild, hard = (compare_layers(case(s), ("stable",), 1e-7, "float64") for s in (1.0, 30.0))
    for rows in (mild, hard):
        assert all(r.max_relative_error is None for r in rows if r.form == "mse")

    def share(rows: tuple[LayerComparison, ...]) -> float:
        norms = {r.form: r.gradient_norm for r in rows if (r.layer, r.parameter) == (2, "W")}
        return (norms["mse"] or 0) / (norms["stable"] or 1)

    assert share(hard) < 0.1 * share(mild)


def test_saturation_breaks_naive_and_bends_epsilon() -> None:
    hard = scale_weights(case(), 60.0, "float32")
    rows = compare_layers(hard, tuple(FORMS), 1e-7, "float32")
    by_form = {r.form: r for r in rows if (r.layer, r.parameter) == (2, "b")}
    assert by_form["naive"].non_finite > 0
    assert by_form["naive"].gradient_norm is None
    assert by_form["epsilon"].max_relative_error == pytest.approx(1, abs=0.9)
    assert by_form["keras"].max_relative_error == pytest.approx(1, abs=0.9)
    assert (by_form["stable"].max_relative_error or 0) < 1e-5
    assert list(dict.fromkeys(r.form for r in rows)) == [*FORMS, "mse"]


def test_what_cannot_be_compared() -> None:
    with pytest.raises(UsageError, match=r"loss.kind: expected bce"):
        compare_layers(case(kind="mse"), ("stable",), 1e-7, "float64")
    soft = case()
    with pytest.raises(UsageError, match=r"data.target: expected labels 0 and 1"):
        compare_layers(replace(soft, y=soft.y * 0.5), ("stable",), 1e-7, "float64")
    with pytest.raises(UsageError, match=r"--weight-scale 1e\+40: makes weights of .*float32"):
        scale_weights(case(), 1e40, "float32")
