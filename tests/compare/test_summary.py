"""The summary: which logit is first, what is compared unless said, the t interval against scipy."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.compare.choices import default_dtypes
from mlpcli.compare.dial import EPSILONS
from mlpcli.compare.exact import exact_gradients
from mlpcli.compare.records import TrainingRun
from mlpcli.compare.summary import compare_on_grid, first_logit, paired_differences, summarise
from mlpcli.compare.sweep import Curve, sweep
from mlpcli.nn.losses import BCE_FORMS, LOSSES, Loss

COMPARED = [loss for loss in LOSSES.values() if len(loss.forms) > 1]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("loss", COMPARED, ids=lambda loss: loss.name)
def test_stable_is_right(dtype: str, loss: Loss) -> None:
    for curve in sweep(["stable"], [dtype], 1e-7, loss=loss):
        summary = summarise(curve)
        assert summary.first_lost_logit is None
        assert summary.first_tail_logit is None
        assert summary.first_non_finite_logit is None
        assert summary.first_wrong_dead_logit is None
        assert summary.first_tail_dead_logit is None
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
    for value in (nan, inf):
        nowhere = summarise(made_up([1.0, 2.0], [value, value]))
        assert (nowhere.broken_as, nowhere.ever_finite) == (str(value), False)
    right = exact_gradients(np.array([1.0, 2.0]))[0].high.tolist()
    late = summarise(made_up([1.0, 2.0], [nan, right[1]]))
    assert (late.first_non_finite_logit, late.last_finite_logit) == (1, None)
    assert late.ever_finite
    lost = summarise(made_up([1.0, 2.0], [right[0] * 0.9, nan]))
    assert (lost.first_lost_logit, lost.first_non_finite_logit) == (1, 2)
    assert lost.last_finite_logit == 1
    assert lost.max_relative_error == pytest.approx(0.1)
    assert lost.max_relative_error_logit == 1
    dead = summarise(made_up([1.0], [0.0]))
    assert dead.first_lost_logit == dead.first_dead_logit == dead.first_wrong_dead_logit == 1


def test_a_loss_is_flat_only_if_it_stays_so() -> None:
    flat = sweep(["scikit-learn"], ["float64"], 1e-7, np.arange(30.0, 60.0))
    assert summarise(flat[0]).loss_flat_logit == 36.0
    assert summarise(flat[1]).loss_flat_logit is None  # these are right answers
    for form in ("fused", "stable"):
        assert summarise(sweep([form], ["float64"], 1e-7)[0]).loss_flat_logit is None


def test_what_is_compared_unless_said() -> None:
    result = compare_on_grid(tuple(BCE_FORMS), 1e-7)
    assert result.epsilon == 1e-7
    assert list(dict.fromkeys(c.form for c in result.curves)) == list(BCE_FORMS)
    assert list(dict.fromkeys(c.dtype for c in result.curves)) == list(default_dtypes())
    assert {d.dtype for d in result.dial} == {"float32", "float64"}
    assert sorted({d.epsilon for d in result.dial}) == sorted(EPSILONS)
    assert (result.layers, result.training, result.paired) == ((), (), ())


def test_epsilon_and_dtypes_join_the_dial() -> None:
    result = compare_on_grid(("epsilon", "fused"), 0.25, ("float16",))
    assert {d.dtype for d in result.dial} == {"float16"}
    assert {d.epsilon for d in result.dial} == {*EPSILONS, 0.25}
    assert {d.form for d in result.dial} == {"epsilon"}


def runs(form: str, losses: list[float | None], stopped: str = "epochs") -> list[TrainingRun]:
    return [TrainingRun(form, seed, stopped, 1, loss, None, ()) for seed, loss in enumerate(losses)]


@pytest.mark.parametrize("seeds", [2, 3, 10, 31, 40])
def test_the_interval_is_students(seeds: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(seeds)
    a, b = rng.normal(size=(2, seeds))
    (pair,) = paired_differences([*runs("stable", b.tolist()), *runs("fused", a.tolist())])
    d = a - b
    low, high = stats.t.interval(0.95, seeds - 1, d.mean(), stats.sem(d))
    assert pair.mean == pytest.approx(d.mean())
    tolerance = 1e-3 if seeds <= 31 else 0.05 * (high - low)
    assert (pair.low, pair.high) == pytest.approx((low, high), abs=tolerance)


def test_pairs_need_two_runs_that_ended_well() -> None:
    stable = runs("stable", [1.0, None, 3.0])
    (one,) = paired_differences([*stable, *runs("fused", [1.5, 2.0, None])])
    assert (one.seeds, one.mean, one.low, one.high) == (1, 0.5, None, None)
    (none,) = paired_differences([*stable, *runs("naive", [1.0, 1.0, 1.0], "diverged")])
    assert (none.seeds, none.mean) == (0, None)
    assert paired_differences(runs("fused", [1.0]))[0].seeds == 0
