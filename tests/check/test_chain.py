"""The chain from layer to layer, against closed forms and a plain computation."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check import chain as chain_module
from mlpcli.check.chain import chain
from mlpcli.report.chain import chain_document, chain_words
from planted import CASES, network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case

DEEP = [
    name
    for name, case in CASES.items()
    if len(case.network.W) > 1 and case.objective.loss.name == "bce"
]
TAME = ("two hidden", "square", "outputs", "weighted", "without bias", "wide, soft labels")


def activations(case: Case) -> list[np.ndarray]:
    Z = [case.X]
    for i, W in enumerate(case.network.W):
        b = case.network.b[i] if case.network.bias else 0
        Z.append(1 / (1 + np.exp(-(Z[-1] @ W.T + b))))
    return Z


def deltas(case: Case) -> list[np.ndarray]:
    """delta_1 .. delta_L by the textbook."""
    Z = activations(case)
    omega = 1 if case.omega is None else case.omega
    delta = (Z[-1] - case.y) * omega / len(case.X)
    if case.objective.loss.name == "mse":
        delta = 2 * delta * Z[-1] * (1 - Z[-1])
    found = [delta]
    for i in range(len(case.network.W) - 1, 0, -1):
        found.insert(0, (found[0] @ case.network.W[i]) * Z[i] * (1 - Z[i]))
    return found


@pytest.mark.parametrize("name", [*TAME, "mse", "mse, weighted", "logistic"])
def test_norms_amplification_and_rank_are_those_of_the_definition(name: str) -> None:
    case = CASES[name]
    view, expected, gradient = chain(case).all_rows, deltas(case), case.gradient()
    Z = activations(case)
    assert [layer.layer for layer in view.layers] == list(range(1, len(case.network.W) + 1))
    for i, layer in enumerate(view.layers):
        assert layer.shape == case.network.W[i].shape
        assert layer.delta_norm == pytest.approx(np.linalg.norm(expected[i]), rel=1e-9)
        assert layer.gradient_norm == pytest.approx(np.linalg.norm(gradient.W[i]), rel=1e-9)
        if i + 1 == len(view.layers):
            assert (layer.amplification, layer.rank, layer.recoverable) == (None, None, None)
            assert (layer.recovery_error, layer.max_relative_error) == (None, None)
            continue
        ratio = np.linalg.norm(expected[i]) / np.linalg.norm(expected[i + 1])
        assert layer.amplification == pytest.approx(ratio, rel=1e-9)
        ones = np.ones((len(case.X), int(case.network.bias)))
        assert layer.rank == np.linalg.matrix_rank(np.hstack([Z[i + 1], ones]))
        assert layer.recoverable == (layer.rank == len(case.X))


@pytest.mark.parametrize("name", TAME)
def test_one_row_is_always_enough(name: str) -> None:
    case = CASES[name]
    one = replace(
        case, X=case.X[:1], y=case.y[:1], omega=None if case.omega is None else case.omega[:1]
    )
    gradient = one.gradient()
    if case.network.bias:  # delta is the gradient of the biases, exactly
        for i, delta in enumerate(deltas(one)):
            np.testing.assert_allclose(gradient.b[i], delta[0], rtol=1e-9)
    view = chain(case).one_row
    assert view.rows == 1
    for layer in view.layers[:-1]:
        assert layer.recoverable
        assert layer.rank == 1
        assert layer.recovery_error is not None
        assert layer.recovery_error < 1e-12


@pytest.mark.parametrize("name", DEEP)
def test_full_rank_is_the_largest_number_of_rows_that_can_be_recovered(name: str) -> None:
    case, found = CASES[name], chain(CASES[name])
    rows = found.full_rank.rows
    assert found.all_rows.rows == len(case.X)
    assert all(layer.recoverable is not False for layer in found.full_rank.layers)
    for more in range(rows + 1, min(len(case.X), rows + 4) + 1):
        wider = replace(
            case,
            X=case.X[:more],
            y=case.y[:more],
            omega=None if case.omega is None else case.omega[:more],
        )
        assert any(layer.recoverable is False for layer in chain(wider).all_rows.layers)


@pytest.mark.parametrize("name", TAME)
def test_the_gradient_below_is_rebuilt_where_the_rank_is_full(name: str) -> None:
    for layer in chain(CASES[name]).full_rank.layers[:-1]:
        assert layer.recovery_error is not None
        assert layer.max_relative_error is not None
        assert layer.recovery_error < 1e-3  # [Z 1] is square and may be ill-conditioned
        assert (
            layer.recovery_error <= 1.001 * layer.max_relative_error * np.sqrt(np.prod(layer.shape))
            or layer.recovery_error < 1e-12
        )


def test_the_closed_form_is_right_at_the_last_layer_only() -> None:
    view = chain(CASES["two hidden"]).all_rows
    assert [layer.closed_form_error is None for layer in view.layers] == [False] * 3
    errors = [layer.closed_form_error for layer in view.layers]
    assert errors[2] is not None
    assert errors[2] < 1e-14
    case, Z = CASES["two hidden"], activations(CASES["two hidden"])
    right = case.gradient().W[0] - case.objective.l2 * case.network.W[0]
    closed = (Z[1] - case.y).T @ case.X / len(case.X)
    expected = np.linalg.norm(closed - right) / np.linalg.norm(right)
    assert errors[0] == pytest.approx(expected, rel=1e-9)
    several = chain(CASES["outputs"]).all_rows.layers
    assert several[0].closed_form_error is None  # 7 units, 4 outputs
    assert several[1].closed_form_error is not None
    mse = chain(CASES["mse"]).all_rows.layers[-1].closed_form_error
    assert mse is not None
    assert mse > 0.1  # it lacks 2 sigma'


def test_one_layer_has_nothing_to_connect() -> None:
    found = chain(CASES["logistic"])
    assert found.full_rank.rows == 40
    assert len(found.all_rows.layers) == 1
    assert list(chain_words(found))[-1] == "With one layer there is nothing to connect."


def test_the_document_has_the_keys_of_the_interface() -> None:
    document = chain_document(chain(CASES["two hidden"]))
    assert list(document) == ["schema", "rows", "layers", "views"]
    assert document["schema"] == "mlp.chain/1"
    keys = ["layer", "shape", "delta_norm", "gradient_norm", "amplification", "closed_form_error"]
    keys += ["rank", "recoverable", "recovery_error", "max_relative_error"]
    assert list(document["views"]) == ["one_row", "full_rank", "all_rows"]
    for view in (document, *document["views"].values()):
        assert [list(layer) for layer in view["layers"]] == [keys] * 3
    assert document["views"]["all_rows"] == {k: document[k] for k in ("rows", "layers")}


@pytest.mark.parametrize("features", [(1e300, 1e300), (1e-200, 1e-200), (1e-300, 1e300)])
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e10, 1e200])
def test_extreme_numbers_neither_stop_nor_warn(scale: float, features: tuple[float, float]) -> None:
    case = network_case((3, 4, 3, 1), 9, scale=scale, features=features, l2=0.1)
    found = chain(case)
    json.dumps(chain_document(found), allow_nan=False)
    assert len(list(chain_words(found))) >= 2


def test_overflow_is_null_with_a_reason() -> None:
    found = chain(CASES["two hidden"])
    lowest = replace(found.all_rows.layers[0], delta_norm=np.inf, recovery_error=np.nan)
    view = replace(found.all_rows, layers=(lowest, *found.all_rows.layers[1:]))
    below, above, _ = chain_document(replace(found, all_rows=view))["layers"]
    assert (below["delta_norm"], below["recovery_error"]) == (None, None)
    assert "overflow" in below["reason"]
    assert "reason" not in above


def test_the_largest_full_rank_is_found_by_halving(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    rank = chain_module._rank

    def count(matrix: Any) -> int:
        calls.append(len(matrix))
        return rank(matrix)

    monkeypatch.setattr(chain_module, "_rank", count)
    case = network_case((3, 60, 60, 1), 200)
    assert chain(case).full_rank.rows == 61
    assert len(calls) < 30


def test_words_fit_the_loss() -> None:
    squared = network_case((3, 4, 1), 10, loss="mse")
    first, *_ = chain_words(chain(squared))
    assert "delta_L = 2 (Z_L - Y) * sigma'(H_L)/N" in first
    assert "right nowhere here" in first
    assert (chain(squared).all_rows.layers[-1].closed_form_error or 0) > 0.1
    first, *_ = chain_words(chain(network_case((3, 4, 1), 10)))
    assert "delta_L = (Z_L - Y)/N" in first
    assert "right at the last layer only" in first
