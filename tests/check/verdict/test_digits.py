"""Printed gradients: right ones pass to their digits, wrong ones fail beyond the last of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from buggy_backprop import buggy
from mlpcli.check.run import gradcheck
from mlpcli.check.verdict.digits import printed
from mlpcli.check.verify import check
from mlpcli.nn.network import Network
from planted import CASES, network_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.nn.network import Parameters

CASE = network_case((3, 4, 5, 2), 9)
RIGHT = CASE.gradient()
FORMATS = ["%.4g", "%.6g", "%g", "%.5e", "%.6f", "%.8f", "%.9g", "%.10g", "%.12g"]


def as_printed(gradient: Parameters, form: str, dtype: Any = np.float64) -> Parameters:
    """Return the gradient as it is read back from a text in this format of C."""
    theta = [dtype(float(form % x)) for x in gradient.theta]
    return gradient.like(np.array(theta))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", FORMATS)
def test_a_right_gradient_passes_as_printed(form: str, dtype: Any) -> None:
    given = as_printed(CASE.gradient(dtype=np.dtype(dtype).name), form)
    result = check(CASE, given)
    assert result.verdict == "pass"


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("%.6g", "6 significant digits"),
        ("%.5e", "6 significant digits"),
        ("%.6f", "6 decimals"),
        ("%.4g", "4 significant digits"),
        ("%.10g", "10 significant digits"),
    ],
)
def test_the_digits_are_seen(form: str, words: str) -> None:
    found = printed(as_printed(RIGHT, form))
    assert found is not None
    assert str(found) == words
    error = np.abs(as_printed(RIGHT, form).theta - RIGHT.theta)
    assert (error <= found.doubt * (1 + 1e-9)).all()
    assert (found.doubt < 20 * error.max()).all()


def test_a_zero_of_significant_digits_is_exact_and_one_of_decimals_is_not() -> None:
    holed = RIGHT.like(RIGHT.theta * (np.arange(RIGHT.theta.size) % 3 > 0))
    for form, exact in (("%.6g", True), ("%.6f", False)):
        found = printed(as_printed(holed, form))
        assert found is not None
        assert (found.doubt[::3] == (0.0 if exact else 5e-7)).all()
        assert (found.doubt >= 0).all()


@pytest.mark.parametrize("form", ["%.4g", "%.5e", "%.9g"])
def test_the_doubt_is_half_a_unit_of_the_last_significant_digit(form: str) -> None:
    found = printed(as_printed(RIGHT, form))
    assert found is not None
    units = [10.0 ** (int(f"{x:.5e}".partition("e")[2]) - found.digits + 1) for x in RIGHT.theta]
    np.testing.assert_allclose(found.doubt, np.array(units) / 2, rtol=1e-12)


def test_zeros_among_large_numbers_end_at_no_place() -> None:
    """Most entries are 0, and none of them says that all end before the point."""
    large = RIGHT.like(1e6 * RIGHT.theta * (np.arange(RIGHT.theta.size) % 3 == 0))
    found = printed(as_printed(large, "%.3g"))
    assert found is not None
    assert str(found) == "3 significant digits"


@pytest.mark.parametrize("form", ["%.15g", "%.17g"])
def test_full_precision_is_not_printed(form: str) -> None:
    assert printed(as_printed(RIGHT, form)) is None
    assert printed(CASE.gradient(dtype="float32")) is None
    assert printed(as_printed(CASE.gradient(dtype="float32"), "%.9g", np.float32)) is None


def test_six_digits_read_as_float32() -> None:
    found = printed(as_printed(RIGHT, "%.6g", np.float32))
    assert found is not None
    assert str(found) == "6 significant digits"
    assert check(CASE, as_printed(RIGHT, "%.6g", np.float32)).verdict == "pass"


@pytest.mark.parametrize("form", ["%.1g", "%.2g", "%.3g", "%.1f", "%.2f"])
def test_too_few_digits_pass_nothing(form: str) -> None:
    result = gradcheck(CASE, as_printed(RIGHT, form))
    assert result.verdict == "inconclusive"


WRONG: dict[str, Callable[[Any], Any]] = {
    "off by 1.0005": lambda t: t * 1.0005,
    "off by 2": lambda t: t * 2,
    "ones": np.ones_like,
    "zeros": np.zeros_like,
    "signs": np.sign,
    "one entry": lambda t: t + 2e-4 * (np.arange(t.size) == np.argmax(abs(t))),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("form", ["%.6g", "%.6f", "%.8f", "%.9g"])
def test_few_digits_let_no_wrong_gradient_pass(form: str, wrong: str) -> None:
    given = as_printed(RIGHT.like(WRONG[wrong](RIGHT.theta)), form)
    result = gradcheck(CASE, given)
    assert result.verdict == "fail"
    if wrong == "off by 2":
        assert result.diagnosis[0].bug == "scaled"


def test_beyond_half_a_unit_of_the_last_digit_an_entry_is_wrong() -> None:
    given = as_printed(RIGHT, "%.6g")
    k = int(np.argmax(np.abs(given.theta)))
    unit = 10.0 ** (np.floor(np.log10(abs(given.theta[k]))) - 5)
    given.theta[k] = float(f"{given.theta[k] + 3 * unit:.6g}")
    (wrong,) = [t for t in check(CASE, given).layers if t.verdict == "fail"]
    assert wrong.mismatched == 1


def test_whole_numbers_are_not_taken_for_printed() -> None:
    """A right gradient of short numbers passes as it stands."""
    network = replace(network_case((2, 1), 4), X=np.eye(4)[:, :2] * 4.0)
    half = network.network.with_theta(np.zeros(3))
    case = replace(network, network=half)
    assert gradcheck(case, case.gradient()).check.printed is None


@pytest.mark.parametrize("name", [n for n, c in CASES.items() if c.network.theta.size < 100])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_no_right_gradient_is_wrong_for_its_digits(name: str, dtype: str) -> None:
    """In either precision, by a textbook's formulas, and whatever is 0 in so few digits."""
    right = buggy(CASES[name], (), dtype)
    for form in ("%.1f", "%.3f", "%.2g", "%.6g", "%.7g", "%.9g"):
        given = as_printed(right, form)
        if given.theta.any():
            assert check(CASES[name], given).verdict != "fail"


@pytest.mark.parametrize(
    "numbers",
    ["0.1 -0.2 0.0 0.3 0.0", "0.5", "123 1.5 2.5 0.0", "12.0 0.5 0.25", "1.5 0.25 100"],
)
def test_few_numbers_are_cut_no_finer_than_any_way_to_print_them(numbers: str) -> None:
    """Each number may be the end of any number that rounds to it, to digits or to decimals."""
    theta = np.array([float(x) for x in numbers.split()])
    network = Network([1, theta.size], False, theta)
    found = printed(network.like(theta))
    assert found is not None
    decimals = max(len(f"{x}".partition(".")[2].rstrip("0")) for x in theta)
    digits = max(len(f"{x}".replace(".", "").strip("-0")) for x in theta)
    for x, q in zip(theta, found.doubt, strict=True):
        significant = 10.0 ** (np.floor(np.log10(abs(x))) + 1 - digits) / 2 if x else 0
        assert q >= 0.999 * max(10.0**-decimals / 2 if x else 0, significant)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", ["%.7g", "%.8g", "%.9g", "%.9f"])
@pytest.mark.parametrize("name", [name for name, _ in RIGHT.tensors()])
def test_one_tensor_off_by_a_hundred_thousandth_is_wrong(name: str, form: str, dtype: str) -> None:
    """Float32 may do that where the bounds of rounding are loose, but here it does not."""
    given = CASE.gradient(dtype=dtype)
    given = given.like(given.theta.astype(np.float64))
    dict(given.tensors())[name][:] *= 1 + 2e-5
    layers = check(CASE, as_printed(given, form)).layers
    assert [tensor.name for tensor in layers if tensor.verdict == "fail"] == [name]


@pytest.mark.parametrize("form", ["%.3f", "%.4f", "%.6f", "%.5g", "%.9g"])
@pytest.mark.parametrize("name", [name for name, _ in RIGHT.tensors()])
def test_the_tensor_that_is_called_unknown_is_one_that_is_wrong(name: str, form: str) -> None:
    """What the last digit leaves open is not wrong, and so is not the first that is."""
    given = RIGHT.like(RIGHT.theta.copy())
    spoiled = dict(given.tensors())[name]
    spoiled[:] += 0.03 * np.random.default_rng(3).standard_normal(spoiled.shape)
    result = gradcheck(CASE, as_printed(given, form))
    assert result.verdict == "fail"
    assert [t.name for t in result.check.layers if t.verdict == "fail"] == [name]
    assert {tensor for each in result.diagnosis for tensor in each.parameters} == {name}


def test_zeros_among_numbers_of_one_digit_may_be_anything_below_the_last_place() -> None:
    """0.01, 0.02 and 0.10 look like one significant digit, of which a 0 would be exact."""
    found = printed(CASE.network.like(np.resize([0.01, 0.0, -0.02, 0.1], RIGHT.theta.size)))
    assert found is not None
    assert (found.doubt >= 0.005).all()
    assert str(found) == "1 significant digit"
