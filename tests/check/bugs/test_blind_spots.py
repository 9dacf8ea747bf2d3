"""Blind spots come out of running the mutants, and each has its reason."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.bugs.blind_spots import _Eye, blind_spots
from mlpcli.check.bugs.candidates import made
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.check.numeric.methods import numeric_gradient
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.rule import EntryVerdict, judge
from mlpcli.nn.backprop import RIGHT
from mlpcli.ranks import Ranks
from planted import CASES, network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case


def spots(case: Case, dtype: str = "float64") -> dict[str, str]:
    found = blind_spots(case, numeric_gradient(case).values, rounding_bounds(case), 1e-6, dtype)
    return {spot.bug: spot.reason for spot in found}


def test_one_row() -> None:
    found = spots(CASES["one row"])
    reason = "there is one row: its mean and its sum are the same"
    for bug in ("sum-instead-of-mean", "mean-twice", "bias-averaged", "bias-not-summed"):
        assert found[bug] == reason
    assert not {"row-dropped", "zero-gradient", "sign-flipped"} & set(found)
    assert not {"sum-instead-of-mean", "bias-averaged"} & set(spots(CASES["two rows"]))


def test_one_output_no_penalty_zero_biases() -> None:
    assert spots(CASES["logistic"])["mean-over-outputs"] == "there is one output"
    assert "mean-over-outputs" not in spots(CASES["outputs"])
    without = spots(CASES["square"])
    assert without["missing-l2"] == without["l2-on-bias"] == "there is no L2 penalty"
    case = network_case((3, 4, 1), 9, l2=0.1)
    assert not {"missing-l2", "l2-on-bias"} & set(spots(case))
    for b in case.network.b:
        b[:] = 0
    found = spots(case)
    assert found["l2-on-bias"] == "all biases are zero"
    assert "missing-l2" not in found


def test_zero_output_weights_hide_every_bug_of_a_hidden_layer() -> None:
    case = network_case((3, 4, 4, 4), 9)
    case.network.W[-1][:] = 0
    found = spots(case)
    for bug in ("missing-sigma-prime", "sigma-prime-of-activation", "activation-as-derivative",
                "weight-not-transposed", "sigma-prime-wrong-layer"):  # fmt: skip
        assert found[bug] == "the output weights are zero, so no delta reaches a hidden layer"
    for bug in ("scaled", "sign-flipped"):  # of a hidden layer
        assert found[bug] == found["missing-sigma-prime"]
    one = network_case((3, 4, 1), 9)
    one.network.W[-1][:] = 0
    assert spots(one)["mean-over-outputs"] == "there is one output"
    assert not {"sum-instead-of-mean", "squared-error-loss"} & set(found)


def test_probabilities_hide_the_forms_that_break_at_the_ends() -> None:
    found = spots(CASES["logistic"])
    assert found["naive-derivative"] == "no probability rounds to 0 or 1"
    assert found["torch-bce-derivative"] == "every p (1-p) is above 1e-12"
    for bug in ("clamped-loss", "clamped-derivative"):
        assert found[bug].startswith("no probability lies outside [epsilon, 1 - epsilon]")
    assert found["epsilon-derivative"].endswith("changes less than the tolerance on these rows")
    saturated = set(spots(network_case((4, 6, 3), 50, scale=200, seed=7)))
    assert not {"naive-derivative", "torch-bce-derivative", "clamped-loss"} & saturated


def test_logits_within_the_range_of_exp_hide_a_softmax_that_overflows() -> None:
    near = network_case((3, 4, 3), 9, loss="cross_entropy", output="softmax")
    assert spots(near)["softmax-overflow"] == "no logit is beyond the range of exp"


def test_less_is_seen_in_float32() -> None:
    for name in ("logistic", "square", "many rows"):
        double, single = spots(CASES[name]), spots(CASES[name], "float32")
        assert set(double) <= set(single)
        assert double["epsilon-derivative"] != single["epsilon-derivative"]


@pytest.mark.parametrize("name", CASES)
def test_no_right_gradient_is_needed_and_no_bug_unknown(name: str) -> None:
    found = spots(CASES[name])
    assert set(found) <= set(BUGS)
    assert all(reason and np.isfinite(len(reason)) for reason in found.values())


class _Three(Ranks):
    """A job of three ranks; their work is done by threads of this process."""

    size = 3


def test_ranks_share_the_bugs_and_tell_of_them_in_the_same_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    case = network_case((3, 3, 3), 7, scale=2)
    alone = spots(case)
    monkeypatch.setattr("mlpcli.check.bugs.blind_spots.job", _Three)
    for least in (case.network.theta.size * case.rows, 2**30):
        monkeypatch.setattr("mlpcli.check.bugs.blind_spots.WORTH_RANKS", least)
        assert [*spots(case).items()] == [*alone.items()]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("scale", "features", "l2"),
    [(1.0, 1.0, 0.1), (30.0, 1.0, 0.1), (1.0, 1e-40, 0.0), (1.0, 1e-300, 0.0)],
)
def test_the_eye_sees_what_the_rule_calls_a_mismatch(
    dtype: str, scale: float, features: float, l2: float
) -> None:
    """Among the smallest numbers of either precision, too, where no rule judges."""
    case = network_case((3, 3, 3, 3), 7, seed=4, scale=scale, features=(features, 1), l2=l2)
    scene, bounds, numeric = scene_of(case), rounding_bounds(case), case.gradient().theta
    eye = _Eye(case.network, numeric, bounds, 1e-6, dtype)
    seen = []
    for mutant in (m for bug in BUGS.values() for m in chain(*made(scene, bug))):
        theta = scene.theta(mutant.bend(RIGHT))
        with np.errstate(all="ignore"):
            given = case.network.like(theta.astype(dtype))
        entries = judge(given, numeric, bounds, 1e-6)
        seen.append(eye.sees(theta, 1))
        assert seen[-1] == (entries.verdict == EntryVerdict.MISMATCH).any()
    assert any(seen)
    assert not all(seen)
