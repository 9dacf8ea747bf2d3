"""A gradient that is right for another J is told so, in the options that make it pass."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.bugs.plant import planted
from mlpcli.check.built_in import built_in_cases, drawn_case
from mlpcli.check.convention import Convention
from mlpcli.check.given.intermediates import compare
from mlpcli.check.given.layout import OURS
from mlpcli.check.given.provenance import Provenance
from mlpcli.check.run import gradcheck, gradcheck_each
from mlpcli.check.suggestion import suggest
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.network import Parameters
from mlpcli.report.gradcheck_words import gradcheck_words
from planted import network_case

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.result import GradcheckResult


def as_given(convention: Convention, said: Convention) -> GradcheckResult:
    """Return the check, under what was said, of gradients that are right for a convention."""

    def of(case: Case) -> GradcheckResult:
        return gradcheck(case, convention.applied(case).gradient())

    return gradcheck_each(built_in_cases(said), of)


if TYPE_CHECKING:
    from collections.abc import Callable

MSE = Convention(loss="mse")
LINEAR = Convention(loss="mse", output="identity")
SOFTMAX = Convention(loss="cross_entropy")


@pytest.mark.parametrize(
    ("convention", "said", "options"),
    [
        (replace(MSE, factor=0.5), MSE, "--factor 1/2"),
        (replace(MSE, reduction="sum"), MSE, "--reduction sum"),
        (replace(MSE, reduction="sum", factor=0.5), MSE, "--reduction sum --factor 1/2"),
        (replace(MSE, reduction="mean_all"), MSE, "--reduction mean_all"),
        (replace(MSE, reduction="mean_all", factor=0.5), MSE,
         "--reduction mean_all --factor 1/2"),
        (replace(LINEAR, factor=0.5), LINEAR, "--factor 1/2"),
        (LINEAR, MSE, "--output identity"),
        (replace(LINEAR, reduction="sum"), MSE, "--output identity --reduction sum"),
        (Convention(factor=-1.0), Convention(), "--factor -1"),
        (Convention(reduction="sum"), Convention(), "--reduction sum"),
        (MSE, Convention(), "--loss mse"),
        (replace(MSE, factor=0.5), Convention(), "--loss mse --factor 1/2"),
        (Convention("tanh"), Convention(), "--activation tanh"),
        (Convention("tanh", reduction="sum"), Convention(), "--activation tanh --reduction sum"),
        (Convention("relu", loss="cross_entropy", factor=0.5), SOFTMAX,
         "--activation relu --factor 1/2"),
        (Convention(l2=0.0), Convention(l2=0.1), "--l2 0.0"),
    ],
)  # fmt: skip
def test_the_options_that_make_it_right(
    convention: Convention, said: Convention, options: str
) -> None:
    result = as_given(convention, said)
    assert (result.verdict, result.suggestion) == ("fail", options)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_is_right_gets_none(activation: str) -> None:
    result = as_given(Convention(activation), Convention(activation))
    assert (result.verdict, result.suggestion) == ("pass", None)


def test_what_is_right_for_no_convention_gets_none() -> None:
    case = built_in_cases(Convention())["A"]
    wrong = case.gradient()
    for factor in (1.7, 2.0, 1 / 49):
        scaled = Parameters(wrong.sizes, wrong.bias, wrong.theta * factor)
        assert suggest(case, scaled, 1e-6) is None
    entry = wrong.theta.copy()
    entry[0] *= 1.01
    assert suggest(case, Parameters(wrong.sizes, wrong.bias, entry), 1e-6) is None
    broken = np.full_like(entry, np.nan)
    assert suggest(case, Parameters(wrong.sizes, wrong.bias, broken), 1e-6) is None


def test_the_fewest_options_where_two_come_to_the_same() -> None:
    case = drawn_case([3, 4, 2], Convention(loss="mse"))  # with two outputs 1/K is 1/2
    half = replace(Convention(loss="mse"), factor=0.5).applied(case).gradient()
    assert suggest(case, half, 1e-6) == "--factor 1/2"


def test_the_value_of_the_loss_tells_what_the_gradient_leaves_open() -> None:
    case = drawn_case([3, 4, 1], Convention(l2=0.0), rows=1)  # one row: its mean is its sum
    theirs = replace(Convention(loss="mse"), reduction="sum", factor=0.5).applied(case)
    assert suggest(case, theirs.gradient(), 1e-6) == "--loss mse --factor 1/2"
    assert suggest(case, theirs.gradient(), 1e-6, value=theirs.value()) is not None


@pytest.mark.parametrize(
    ("meant", "options"),
    [(MSE, "--loss mse"), (Convention(factor=0.5), "--factor 1/2")],
)
def test_the_value_decides_between_losses_of_one_gradient(meant: Convention, options: str) -> None:
    """Of one row with p = 1/2, where 2 (p - y) p (1 - p) is (p - y) / 2."""
    case = drawn_case([3, 4, 1], Convention(), rows=1)
    case.network.b[-1][:] -= case.forward().logits[0]
    theirs = meant.applied(case)
    for value in (theirs.value(), theirs.value() * (1 + 5e-5)):
        assert suggest(case, theirs.gradient(), 1e-6, value=value) == options


def test_a_suggestion_holds_on_all_cases() -> None:
    """C has one output, where a mean over outputs is none; A tells."""
    convention = replace(Convention(loss="mse"), reduction="mean_all", factor=0.5)
    result = as_given(convention, Convention(loss="mse"))
    assert result.name == "C"
    assert result.suggestion == "--reduction mean_all --factor 1/2"


def with_loss(convention: Convention, loss: Convention) -> Callable[[Case], GradcheckResult]:
    """Return the check of gradients that are right for one convention, with the loss of another."""

    def of(case: Case) -> GradcheckResult:
        beside = compare({"loss": np.array(loss.applied(case).value())}, case, OURS)
        return gradcheck(case, convention.applied(case).gradient(), known=Provenance(beside=beside))

    return of


def test_the_loss_that_comes_with_it_decides_between_what_fits() -> None:
    """With two outputs a half and a mean over outputs come to the same gradient and loss."""
    case = drawn_case([3, 4, 1], MSE, rows=1)  # and with one row a sum and a mean do
    half = replace(MSE, factor=0.5)
    assert with_loss(half, half)(case).suggestion == "--factor 1/2"


def test_a_loss_that_is_J_owns_no_other_gradient() -> None:
    case = built_in_cases(MSE)["A"]
    words = [*gradcheck_words(with_loss(replace(MSE, factor=0.5), MSE)(case))]
    assert "  but the loss that comes with it is J as above: it is not its gradient" in words
    right = [*gradcheck_words(with_loss(MSE, MSE)(case))]
    assert not any("not its gradient" in line for line in right)


@pytest.mark.parametrize(
    ("meant", "bug", "options"),
    [
        (Convention("tanh"), "one-minus-activation", "--activation tanh"),
        (Convention("tanh", reduction="sum"), "missing-sigma-prime",
         "--activation tanh --reduction sum"),
        (Convention("relu"), "weight-not-transposed", "--activation relu"),
    ],
)  # fmt: skip
def test_a_bug_in_another_network_is_named_there(meant: Convention, bug: str, options: str) -> None:
    """The output layer tells whose network it is; what is wrong below has its name in that."""
    case = drawn_case((3, 4, 4, 1), Convention(), seed=5)
    result = gradcheck(case, planted(meant.applied(case), bug))
    assert result.verdict == "fail"
    assert {each.bug for each in result.diagnosis} == {"unknown"}
    assert result.suggestion is None
    for each in result.diagnosis:
        assert each.fix.startswith(f"with {options} the output layer is right, and what is wrong")
        assert bug in each.fix


def test_an_output_layer_that_is_wrong_for_every_network_tells_nothing() -> None:
    case = drawn_case((3, 4, 4, 1), Convention(), seed=5)
    given = case.network.like(np.random.default_rng(0).standard_normal(case.network.theta.size))
    (only,) = gradcheck(case, given).diagnosis
    assert (only.bug, only.fix[:13]) == ("unknown", "compare delta")


@pytest.mark.parametrize("stated", [True, False])
def test_what_turns_the_sign_comes_after_the_bug(stated: bool) -> None:
    words = [*gradcheck_words(as_given(Convention(factor=-1.0), Convention()), stated=stated)]
    named = next(k for k, line in enumerate(words) if "sign-flipped" in line)
    offered = next(k for k, line in enumerate(words) if "it is right with --factor -1" in line)
    assert named < offered
    assert words[offered].endswith(", if the step is to add it: that is the gradient of -J")


def test_a_penalty_is_offered_in_the_digits_that_people_write() -> None:
    for l2 in (0.1, 1e-3, 0.0375):
        assert as_given(Convention(l2=l2), Convention()).suggestion == f"--l2 {l2}"
    case = built_in_cases(Convention())["A"]
    given, right = Convention(l2=0.1).applied(case).gradient(), case.gradient()
    assert suggest(case, case.network.like(2 * right.theta - given.theta), 1e-6) is None  # l2 < 0
    assert as_given(Convention(l2=0.1 / 7.7), Convention()).suggestion is None


def test_no_rounding_is_spoken_of_where_an_entry_is_far_off() -> None:
    case = built_in_cases(Convention())["A"]
    given = case.gradient().theta * (1 + 1e-4 * np.sin(np.arange(case.network.theta.size)))
    (near,) = gradcheck(case, case.network.like(given)).diagnosis
    assert "so near to 1" in near.explanation
    given[:3] *= 1.3
    (far,) = gradcheck(case, case.network.like(given)).diagnosis
    assert "so near to 1" not in far.explanation


def test_a_gradient_whose_squares_vanish_is_told_its_convention_too() -> None:
    """Of an unscaled table the last layer may hold 1e-218; the division warned of 0/0."""
    case = network_case((3, 2, 1), 6)
    case.network.b[-1][:], case.y[:] = -500.0, 0.0
    summed = case.gradient().theta * case.rows
    assert suggest(case, case.network.like(summed), 1e-6) == "--reduction sum"
