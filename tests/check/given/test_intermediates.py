"""What is returned beside a gradient: known under many names, and the first wrong one is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlpcli.check.given.intermediates import compare, intermediates, is_known
from mlpcli.check.given.layout import OURS, Layout
from planted import network_case
from reference_mlp import ACTIVATIONS

CASE = network_case((3, 4, 5, 2), 7, activation="tanh")


def by_hand(case: Any = CASE) -> dict[str, Any]:
    """Return the arrays by formulas of their own."""
    (W1, W2, W3), (b1, b2, b3), X, y = case.network.W, case.network.b, case.X, case.y
    H1 = X @ W1.T + b1
    Z1 = np.tanh(H1)
    H2 = Z1 @ W2.T + b2
    Z2 = np.tanh(H2)
    H3 = Z2 @ W3.T + b3
    Z3 = ACTIVATIONS["sigmoid"][0](H3)
    loss = -(y * np.log(Z3) + (1 - y) * np.log(1 - Z3)).sum() / len(X)
    delta3 = (Z3 - y) / len(X)
    delta2 = (delta3 @ W3) * (1 - Z2**2)
    delta1 = (delta2 @ W2) * (1 - Z1**2)
    return {"loss": loss, "H1": H1, "Z1": Z1, "H2": H2, "Z2": Z2, "H3": H3, "Z3": Z3,
            "delta3": delta3, "delta2": delta2, "delta1": delta1, "dX": delta1 @ W1}  # fmt: skip


RIGHT = by_hand()


def test_ours_are_those_of_the_formulas() -> None:
    ours = intermediates(CASE)
    assert [*ours] == [*RIGHT]
    for name, array in RIGHT.items():
        np.testing.assert_allclose(ours[name], array, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("layout", [OURS, Layout("columns"), Layout("columns", "in-out", "last")])
def test_right_ones_in_any_layout(layout: Layout, dtype: str) -> None:
    laid = {n: layout.rows(a).astype(dtype) if np.ndim(a) else a for n, a in RIGHT.items()}
    found = compare(laid, CASE, layout)
    assert [c.name for c in found] == [*RIGHT]
    assert all(c.verdict == "pass" and not c.meaning for c in found)
    assert max(c.max_relative_error for c in found) < (1e-12 if dtype == "float64" else 1e-5)


def test_float32_is_known_by_its_digits_and_not_by_its_errors() -> None:
    """An error of 1e-5 may come from float32 where all entries are of that kind, and only there."""
    off = (RIGHT["H2"] * (1 + 1e-5)).astype(np.float32)
    assert compare({"H2": off}, CASE, OURS)[0].verdict == "pass"
    exact = off.astype(np.float64)
    for tiny in (-1e-12, 1e-12):  # rounded to float32 all entries rise, or all of them fall
        beside = {"H2": exact + tiny * np.abs(exact)}
        assert compare(beside, CASE, OURS)[0].verdict == "fail"


@pytest.mark.parametrize(
    ("beside", "name", "verdict", "meaning"),
    [
        ({"cost": RIGHT["loss"] * 7}, "loss", "fail", "it is J summed over rows"),
        ({"J": RIGHT["loss"] / 4}, "loss", "fail", "it is J/(2 K)"),
        ({"loss": RIGHT["loss"] * (1 + 1e-6)}, "loss", "pass", ""),
        ({"loss": 3.0}, "loss", "fail", "got 3, J is "),
        ({"A1": RIGHT["Z1"]}, "Z1", "pass", ""),
        ({"Z1": RIGHT["H1"]}, "Z1", "pass", "it is what we call H1"),
        ({"y_hat": RIGHT["Z3"]}, "Z3", "pass", ""),
        ({"dZ2": RIGHT["delta2"] * 7}, "delta2", "pass", "without 1/N"),
        ({"delta1": -RIGHT["delta1"]}, "delta1", "fail", "it is -1 times ours"),
        ({"dX": RIGHT["dX"] * np.nan}, "dX", "fail", "the first wrong one from the output"),
        ({"H2": RIGHT["H2"] + 1e-3}, "H2", "fail", "the first wrong one from the input"),
    ],
)
def test_names_and_meanings(beside: Any, name: str, verdict: str, meaning: str) -> None:
    (found,) = compare(beside, CASE, OURS)
    assert (found.name, found.verdict) == (name, verdict)
    assert meaning in found.meaning
    assert bool(meaning) == bool(found.meaning)
    assert is_known(next(iter(beside)))


@pytest.mark.parametrize(
    ("c", "meaning"),
    [(7, "J summed over rows"), (1 / 2, "J/2"), (1 / 3, "J/K"), (7 / 2, "N J/2"),
     (1 / 6, "J/(2 K)"), (7 / 3, "N J/K")],
)  # fmt: skip
def test_a_loss_of_another_factor_is_told_by_it(c: float, meaning: str) -> None:
    case = network_case((3, 4, 3), 7)
    (found,) = compare({"loss": c * case.value()}, case, OURS)
    assert (found.verdict, found.meaning) == ("fail", f"it is {meaning}")


def test_of_one_output_the_loss_is_called_by_its_simplest_name() -> None:
    """J/2 is J/(2 K) there."""
    case = network_case((3, 4, 1), 7)
    (found,) = compare({"loss": np.array(case.value() / 2)}, case, OURS)
    assert (found.verdict, found.meaning) == ("fail", "it is J/2")


def test_lists_of_all_layers_with_the_input_or_without() -> None:
    lists = {
        "zs": [RIGHT[f"H{i}"] for i in (1, 2, 3)],
        "activations": [CASE.X, *(RIGHT[f"Z{i}"] for i in (1, 2, 3))],
        "deltas": [RIGHT[f"delta{i}"] for i in (1, 2, 3)],
    }
    found = compare(lists, CASE, OURS)
    assert len(found) == 9
    assert all(c.verdict == "pass" for c in found)


def test_the_ones_of_a_folded_bias_are_left_out() -> None:
    ones = np.ones((7, 1))
    for bias, parts in (("first", (ones, RIGHT["Z1"])), ("last", (RIGHT["Z1"], ones))):
        layout = Layout("rows", "out-in", bias)  # type: ignore[arg-type]
        (found,) = compare({"Z1": np.hstack(parts)}, CASE, layout)
        assert found.verdict == "pass"


def test_a_column_may_be_a_vector() -> None:
    case = network_case((3, 4, 1), 7)
    ours = intermediates(case)
    flat = {name: ours[name].ravel() for name in ("H2", "Z2", "delta2")}
    found = compare(flat, case, OURS)
    assert [(c.name, c.verdict) for c in found] == [(name, "pass") for name in flat]


def test_the_first_wrong_array_of_each_pass_is_the_place() -> None:
    wrong = RIGHT | {n: RIGHT[n] * 1.1 + 0.01 for n in ("Z2", "H3", "Z3", "delta2", "delta1")}
    told = {c.name: c.meaning.partition(";")[0] for c in compare(wrong, CASE, OURS)}
    assert told["Z2"] == "the first wrong one from the input"
    assert told["H3"] == told["Z3"] == "may follow"
    assert told["delta2"] == "the first wrong one from the output"
    assert told["delta1"] == "may follow"
    assert not told["Z1"]
    assert not told["delta3"]


def test_what_is_no_array_of_ours_is_left_out() -> None:
    strange = {
        "cache": object(),
        "H1": np.ones((2, 2)),
        "H9": RIGHT["H1"],
        "Z1": "text",
        "dX": None,
    }
    assert compare(strange, CASE, OURS) == ()
    assert not is_known("cache")


def test_extreme_weights_say_nothing_of_overflow() -> None:
    """Warnings are errors here."""
    case = network_case((3, 4, 2), 7, loss="mse", output="identity", activation="identity")
    case.network.theta[:] *= 1e200
    assert not np.isfinite(intermediates(case)["dX"]).all()


@pytest.mark.parametrize(
    ("numbers", "verdict", "meaning"),
    [
        ((1.0, 0.4), "pass", "number 1 of the 2 returned, the nearest to J"),
        ((0.4, 1.0), "pass", "number 2 of the 2 returned, the nearest to J"),
        ((0.9, 0.4, 1.0), "pass", "number 3 of the 3 returned, the nearest to J"),
        ((np.nan, 1.0), "pass", "number 2 of the 2 returned, the nearest to J"),
        ((1.1, 0.5), "fail", "it is J/2; number 2 of the 2 returned, the nearest to J"),
        ((0.1, 1.3), "fail", "number 2 of the 2 returned, the nearest to J"),
    ],
)
def test_of_several_numbers_the_loss_is_the_nearest(
    numbers: tuple[float, ...], verdict: str, meaning: str
) -> None:
    """An accuracy stands before the loss, or after it; here they are in units of J."""
    case = network_case((3, 2, 1), 5)
    J = case.value()
    (found,) = compare({"loss": tuple(np.array(c * J) for c in numbers)}, case, OURS)
    assert found.verdict == verdict
    assert found.meaning.endswith(meaning)
    assert found.value is not None
    assert any(found.value == c * J for c in numbers)
