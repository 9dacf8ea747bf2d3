"""Every bug of the catalogue, planted by other hands on many networks: none passes, each is named.

Of five one is named here; `python -m planted` in this folder's parent names all of them and prints
one table over all networks.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from buggy_backprop import Plant, buggy, plants_for
from mlpcli.check.bugs.registry import BUGS
from mlpcli.nn.network import Network, Parameters
from planted import CASES, Examiner, network_case, table, tally

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import FloatArray

pytestmark = pytest.mark.usefixtures("unmeasured")

GROUPS = [list(CASES)[k::8] for k in range(8)]


def test_the_networks_are_as_different_as_they_should_be() -> None:
    depths = {len(case.network.W) for case in CASES.values()}
    assert {1, 2, 3, 4, 6} - {4} <= depths
    widths = {n for case in CASES.values() for n in case.network.sizes[1:]}
    assert min(widths) == 1
    assert max(widths) == 40
    assert {len(case.X) for case in CASES.values()} >= {1, 2, 300}
    weights = [max(float(np.abs(W).max()) for W in case.network.W) for case in CASES.values()]
    assert min(weights) < 1e-5
    assert max(weights) > 8
    sizes = [float(np.abs(case.X).max()) for case in CASES.values()]
    assert max(sizes) > 1e4
    assert len(CASES) >= 20


def test_every_bug_of_the_catalogue_is_planted() -> None:
    planted = {plant.bug for case in CASES.values() for plant in plants_for(case)}
    assert planted <= {*BUGS, "non-finite"}


@pytest.mark.parametrize("names", GROUPS, ids=lambda names: names[0])
def test_no_planted_bug_passes_and_each_is_named(names: list[str]) -> None:
    counts = tally(names, every=5)
    print(table(counts))
    total = sum(counts.values(), Counter())
    seen = total["named"] + total["detected"]
    assert total["missed"] == total["false alarm"] == 0
    assert total["inconclusive"] <= seen / 100
    assert total["misnamed"] <= total["named"] / 100
    assert total["named"] >= 40
    assert seen >= 200
    assert total["blind spot"] + total["no effect"] < seen / 2


@pytest.mark.parametrize("names", GROUPS[::2], ids=lambda names: names[0])
def test_no_planted_bug_passes_in_float32(names: list[str]) -> None:
    counts = tally(names, "float32", every=None)
    print(table(counts))
    total = sum(counts.values(), Counter())
    assert total["missed"] == total["false alarm"] == 0
    assert total["detected"] >= 200
    assert total["inconclusive"] < total["detected"] / 20


PAIRS = [
    (Plant("missing-sigma-prime", (1,)), Plant("bias-averaged", (3,))),
    (Plant("gradient-transposed", (1,)), Plant("epsilon-derivative", (3,), number=1e-4)),
    (Plant("scaled", (2,), "delta", 0.7), Plant("bias-not-summed", (3,), number=0)),
    (Plant("sign-flipped", (1,), "weights"), Plant("activation-as-derivative", (2,))),
    (Plant("zero-gradient", (1,), "bias"), Plant("output-sigma-prime-kept", (3,))),
    (Plant("wrong-input-activation", (2,)), Plant("squared-error-loss", (3,))),
    (Plant("last-layer-closed-form", (1,), "local"), Plant("scaled", (3,), "weights", 1.5)),
    (Plant("non-finite", (3,), "bias"), Plant("missing-sigma-prime", (2,))),
    (Plant("sigma-prime-of-activation", (1,)), Plant("weight-not-transposed", (3,))),
    (Plant("scaled", (1,), "", 2.5), Plant("mean-twice", (1, 2, 3))),
]


@pytest.mark.parametrize(("lower", "upper"), PAIRS, ids=lambda plant: plant.bug)
def test_two_bugs_at_once_are_both_found(lower: Plant, upper: Plant) -> None:
    examiner = Examiner(CASES["square"])
    gradient = buggy(examiner.case, (lower, upper))
    assert examiner.verdict(gradient) == "fail"
    found = {d.bug: d.layers for d in examiner.diagnosis(gradient)}
    assert {lower.bug, upper.bug} <= set(found)
    assert "unknown" not in found
    assert set(lower.layers) <= set(found[lower.bug])


def test_three_bugs_at_once() -> None:
    plants = (
        Plant("bias-averaged", (3,)),
        Plant("sign-flipped", (2,), "weights"),
        Plant("gradient-transposed", (1,)),
    )
    examiner = Examiner(CASES["square"])
    found = [d.bug for d in examiner.diagnosis(buggy(examiner.case, plants))]
    assert {plant.bug for plant in plants} <= set(found)


@pytest.mark.parametrize("name", ["logistic", "square", "wide", "outputs", "weights x 8, deep"])
def test_truncation_and_rounding_are_called_no_bug(name: str) -> None:
    examiner = Examiner(CASES[name])
    case, right = examiner.case, examiner.right
    rng = np.random.default_rng(1)
    rounded = [
        right.theta.astype(np.float16).astype(np.float64),
        right.theta * (1 + 1e-5 * rng.standard_normal(right.theta.size)),
        right.theta + 1e-7 * rng.standard_normal(right.theta.size),
        forward_difference(examiner, 1e-4),
        forward_difference(examiner, 1e-7),
    ]
    for theta in rounded:
        gradient = Parameters(case.network.sizes, case.network.bias, theta)
        if examiner.verdict(gradient) == "fail":
            assert {d.bug for d in examiner.diagnosis(gradient)} <= {"unknown", "zero-gradient"}
    near = Parameters(
        case.network.sizes, case.network.bias,
        right.theta * (1 + 1e-7 * rng.standard_normal(right.theta.size)),
    )  # fmt: skip
    assert examiner.verdict(near) == "pass"


def forward_difference(examiner: Examiner, h: float) -> FloatArray:
    """(J(theta + h e) - J(theta)) / h, the way a beginner does it."""
    case, slopes = examiner.case, []
    for k in range(case.network.theta.size):
        theta = case.network.theta.copy()
        theta[k] += h
        moved = replace(case, network=Network(case.network.sizes, case.network.bias, theta))
        slopes.append((moved.value() - case.value()) / h)
    return np.array(slopes)


def test_a_factor_is_told_and_recognised() -> None:
    examiner = Examiner(CASES["outputs"])
    case, layers = examiner.case, (1, 2)
    rows, outputs = len(case.X), case.network.sizes[-1]
    names = {
        float(rows): "= N, the number of rows",
        1 / rows: "= 1/N",
        2.0: "factor 2",
        0.5: "= 1/2",
        float(outputs): "= K, the number of outputs",
        0.01: "= the learning rate",
        0.37: "factor 0.37",
    }
    for factor, text in names.items():
        found = examiner.diagnosis(buggy(case, (Plant("scaled", layers, number=factor),)))
        scaled = next(d for d in found if d.bug == "scaled")
        assert scaled.factor == pytest.approx(factor, rel=1e-12)
        assert text in scaled.explanation
    bugs = [d.bug for d in examiner.diagnosis(buggy(case, (Plant("sum-instead-of-mean", layers),)))]
    assert bugs == ["sum-instead-of-mean", "scaled"]


@pytest.mark.parametrize("epsilon", [3e-8, 2.5e-4, 7.34e-6, 1.23456e-5, 1e-3, 1e-7])
@pytest.mark.parametrize("name", ["weights x 8", "saturated outputs"])
def test_an_epsilon_is_told_to_three_digits(name: str, epsilon: float) -> None:
    examiner = Examiner(CASES[name])
    for bug in ("epsilon-derivative", "clamped-derivative"):
        depth = len(examiner.case.network.W)
        gradient = buggy(examiner.case, (Plant(bug, (depth,), number=epsilon),))
        if examiner.verdict(gradient) == "fail":
            found = {d.bug: d for d in examiner.diagnosis(gradient)}
            assert found[bug].epsilon == pytest.approx(epsilon, rel=5e-4)
            assert f"epsilon {epsilon:.3g}" in found[bug].explanation
        else:
            assert bug in examiner.blind


@pytest.mark.parametrize("eta", [1e-3, 0.01, 0.1, 3.0])
@pytest.mark.parametrize("name", ["two hidden", "square", "wide", "six layers", "mse, weighted"])
def test_the_learning_rate_of_an_early_update_is_recovered(name: str, eta: float) -> None:
    examiner = Examiner(CASES[name])
    hidden = tuple(range(1, len(examiner.case.network.W)))
    gradient = buggy(examiner.case, (Plant("weights-updated-too-early", hidden, number=eta),))
    assert examiner.verdict(gradient) == "fail"
    (found,) = examiner.diagnosis(gradient)
    assert (found.bug, found.layers) == ("weights-updated-too-early", hidden)
    assert found.learning_rate == pytest.approx(eta, rel=1e-6)
    assert (", the one given" in found.explanation) == (eta == 0.01)


def explanations(name: str, bug: str, how: str = "") -> set[str]:
    examiner = Examiner(CASES[name])
    layers = tuple(range(1, len(examiner.case.network.W) + 1))
    return {d.bug for d in examiner.diagnosis(buggy(examiner.case, (Plant(bug, layers, how),)))}


def test_bugs_that_compute_the_same_are_both_listed() -> None:
    assert explanations("one row", "row-dropped", "first, N") == {"row-dropped", "zero-gradient"}
    assert {"sum-instead-of-mean", "scaled"} <= explanations("two rows", "sum-instead-of-mean")
    square = network_case((3, 4, 4), 4)
    examiner = Examiner(square)
    gradient = buggy(square, (Plant("mean-twice", (1, 2)),))
    assert {"mean-twice", "mean-over-outputs"} <= {d.bug for d in examiner.diagnosis(gradient)}


def test_half_the_squared_error_is_half_of_the_kept_factor_near_one_half() -> None:
    """2 (z-y) s with s = 1/4 is (z-y) / 2: with p near 1/2 several names explain one gradient."""
    examiner = Examiner(CASES["weights of 1e-6"])
    depth = len(examiner.case.network.W)
    gradient = buggy(examiner.case, (Plant("squared-error-loss", (depth,)),))
    found = {d.bug: d.factor for d in examiner.diagnosis(gradient)}
    assert found["squared-error-loss"] is None
    assert found["scaled"] == pytest.approx(0.5, rel=1e-5)


def test_right_float32_gradients_are_never_called_a_bug() -> None:
    rng, verdicts = np.random.default_rng(3), Counter[str]()
    for trial in range(120):
        sizes = (*rng.integers(1, 5, rng.integers(1, 4)).tolist(), int(rng.integers(1, 3)))
        rows = int(rng.integers(1, 4))
        case = network_case(sizes, rows, scale=float(10 ** rng.uniform(0, 2.5)), seed=trial)
        examiner = Examiner(case, "float32")
        verdicts[examiner.verdict(examiner.right)] += 1
    assert verdicts["fail"] == 0
    assert min(verdicts["pass"], verdicts["inconclusive"]) > 10
