"""Each form on a case: gradients of every tensor against the truth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.case import Case, case_from
from mlpcli.compare.choices import LOSS, OTHER_LOSS, known_forms
from mlpcli.compare.objective import objective_by
from mlpcli.compare.on_data import compare_layers, scale_weights
from mlpcli.errors import UsageError
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import Network, Parameters

if TYPE_CHECKING:
    from mlpcli.compare.records import LayerComparison

FORMS = known_forms(LOSS)


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
    truth = dict(found.gradient().tensors())
    for row in rows:
        if row.form == "mse":
            continue
        name = f"{row.parameter}{row.layer}"
        got = dict(found.gradient(row.form, dtype, 1e-3).tensors())[name]
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
    soft = case()
    with pytest.raises(UsageError, match=r"data.target: expected labels 0 and 1"):
        compare_layers(replace(soft, y=soft.y * 0.5), ("stable",), 1e-7, "float64")
    with pytest.raises(UsageError, match=r"--weight-scale 1e\+40: makes weights of .*float32"):
        scale_weights(case(), 1e40, "float32")


@pytest.mark.parametrize("form", [*FORMS, OTHER_LOSS])
def test_the_loss_of_a_form_is_measured_by_the_truth(form: str) -> None:
    objective = objective_by(LOSSES["bce"], form, 1e-3, l2=0.5)
    assert objective.form.name == form
    assert objective.loss is LOSSES[form if form == OTHER_LOSS else "bce"]
    assert objective.l2 == 0.5
    assert form == OTHER_LOSS or objective.epsilon == 1e-3


def test_the_forms_on_data_are_those_of_its_loss() -> None:
    loss = LOSSES["cross_entropy"]
    assert objective_by(loss, "naive", 1e-3).form is loss.forms["naive"]
    with pytest.raises(UsageError, match='cross_entropy has no form "torch"'):
        objective_by(loss, "torch", 1e-3)
    rng = np.random.default_rng(0)
    network = Network((3, 4, 3), True, rng.normal(size=Network.count((3, 4, 3), True)))
    X, y = rng.normal(size=(9, 3)), np.eye(3)[rng.integers(0, 3, 9)]
    softmax = case_from(network, X, y, loss="cross_entropy")
    rows = {(r.form, r.name): r for r in compare_layers(softmax, list(loss.forms), 1e-3, "float64")}
    assert (rows["fused", "W1"].max_relative_error or 0) < 1e-12
    assert (rows["epsilon", "W2"].max_relative_error or 0) > 1e-4
    norm = np.linalg.norm(softmax.gradient().W[0])
    assert rows["stable", "W1"].gradient_norm == pytest.approx(norm, rel=1e-12)
