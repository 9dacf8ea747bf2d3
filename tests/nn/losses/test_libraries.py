"""The libraries' forms against plain formulas, and the troubles that are known of them."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

from mlpcli.nn.losses import BCE_FORMS, LIBRARY_EPSILON, LIBRARY_FORMS

SAFE = np.linspace(-12, 12, 97)


def at(form: str, h: float, y: float, dtype: str = "float64") -> tuple[float, float]:
    logit, label = np.array([h], dtype), np.array([y], dtype)
    with np.errstate(all="ignore"):
        value = LIBRARY_FORMS[form].value(logit, label, 0.0)
        return float(value[0]), float(LIBRARY_FORMS[form].derivative(logit, label, 0.0)[0])


def numeric(form: str, h: float, y: float, step: float = 1e-4) -> float:
    return (at(form, h + step, y)[0] - at(form, h - step, y)[0]) / (2 * step)


def test_names() -> None:
    assert list(LIBRARY_FORMS) == list(LIBRARY_EPSILON) == ["torch", "keras", "scikit-learn"]
    assert all(form.name == name for name, form in LIBRARY_FORMS.items())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("label", [0.0, 1.0])
@pytest.mark.parametrize("form", LIBRARY_FORMS)
def test_where_nothing_is_clipped_all_are_cross_entropy(
    form: str, label: float, dtype: str
) -> None:
    h, y = SAFE.astype(dtype), np.full(SAFE.size, label, dtype)
    eps = float(np.finfo(dtype).eps)
    value, slope = (
        f(h, y, 0.5) for f in (LIBRARY_FORMS[form].value, LIBRARY_FORMS[form].derivative)
    )
    assert value.dtype == slope.dtype == h.dtype
    off = np.abs(value - BCE_FORMS["stable"].value(h, y, 0))
    assert (off <= 2 * eps * (1 + np.exp(np.abs(h)))).all()  # of p and 1-p, one is cancelled
    exact = [float(1 / (1 + mpmath.exp(-mpmath.mpf(float(x)))) - label) for x in h]
    assert slope == pytest.approx(np.array(exact), abs=4 * eps)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("label", [0.0, 1.0])
def test_plain_formulas_everywhere(dtype: str, label: float) -> None:
    h = np.arange(-60, 60, 0.25).astype(dtype)
    y = np.full_like(h, label)
    eps = np.finfo(dtype).eps
    with np.errstate(all="ignore"):
        p = 1 / (1 + np.exp(-h))
        floor = h.dtype.type(1e-12)
        wanted: dict[str, Any] = {
            "torch": (
                -(y * np.maximum(np.log(p), -100) + (1 - y) * np.maximum(np.log(1 - p), -100)),
                (p - y) / np.maximum((1 - p) * p, floor) * (p * (1 - p)),
            ),
            "scikit-learn": (
                -np.where(y == 1, np.log(np.clip(p, eps, 1 - eps)),
                          np.log(1 - np.clip(p, eps, 1 - eps))),
                p - y,
            ),
        }  # fmt: skip
        for form, (value, slope) in wanted.items():
            found = LIBRARY_FORMS[form]
            np.testing.assert_array_equal(found.value(h, y, 0.1), value)
            np.testing.assert_array_equal(found.derivative(h, y, 0.1), slope)


def test_torch_as_published() -> None:
    loss, gradient = at("torch", -50, 1)
    assert f"{gradient:.4e}" == "-1.9287e-10"  # -1 is right
    assert f"{gradient / 8:.4e}" == "-2.4109e-11"  # the mean over 8 rows, -0.125 is right
    assert loss == pytest.approx(50)
    assert at("torch", 50, 0) == (100.0, 0.0)  # the logarithm is clamped at -100
    assert at("torch", 36.7, 0)[0] == pytest.approx(36.7, rel=0.02)


def test_scikit_learn_takes_the_gradient_of_another_function() -> None:
    assert numeric("scikit-learn", 40, 0) == 0
    assert at("scikit-learn", 40, 0)[1] == 1
    assert numeric("scikit-learn", 5, 0) == pytest.approx(at("scikit-learn", 5, 0)[1], rel=1e-6)


@pytest.mark.parametrize(("h", "y"), [(16.2, 0), (16.2, 1), (-16.2, 0), (-16.2, 1), (700, 0)])
def test_keras_is_exactly_flat_outside_its_clip(h: float, y: float) -> None:
    assert at("keras", h, y)[1] == 0
    assert numeric("keras", h, y) == 0
    inside = 16.0 if h > 0 else -16.0
    assert at("keras", inside, y)[1] != 0
    assert at("keras", h, y)[0] == pytest.approx(-np.log(1e-7) if (h > 0) != y else 1e-7, rel=1e-6)
