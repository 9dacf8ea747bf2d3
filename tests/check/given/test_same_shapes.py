"""A function for another layout, whose arrays fit in this one too, is told the layout."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest

from mlpcli.checked import check_gradient

SOURCE = """
def f(weights, biases, X, y):
    Z, N = [X], X.shape[AXIS]
    for W, b in zip(weights, biases):
        Z.append(1 / (1 + np.exp(-(FORWARD))))
    d, dW, db = (Z[-1] - y) / N, [], []
    for i in reversed(range(len(weights))):
        W, A = weights[i], Z[i]
        dW.insert(0, PRODUCT)
        db.insert(0, d.sum(axis=AXIS))
        d = (CARRIED) * A * (1 - A)
    return dW, db
"""
WORDS = {
    ("rows", "out-in"): ("Z[-1] @ W.T + b", "d.T @ A", "d @ W"),
    ("rows", "in-out"): ("Z[-1] @ W + b", "A.T @ d", "d @ W.T"),
    ("columns", "out-in"): ("W @ Z[-1] + b[:, None]", "d @ A.T", "W.T @ d"),
    ("columns", "in-out"): ("W.T @ Z[-1] + b[:, None]", "A @ d.T", "W @ d"),
}


def function(samples: str, weights: str, scale: str = "1") -> Any:
    text = SOURCE.replace("AXIS", str(int(samples == "columns")))
    for name, code in zip(("FORWARD", "PRODUCT", "CARRIED"), WORDS[samples, weights], strict=True):
        text = text.replace(name, code)
    names = {"np": np}
    exec(text.replace("/ N", f"/ N * {scale}"), names)
    return names["f"]


@pytest.mark.parametrize("samples", ["rows", "columns"])
@pytest.mark.parametrize(("made_for", "said"), [*product(("out-in", "in-out"), repeat=2)])
def test_the_layout_is_told_where_matrices_are_square(
    samples: str, made_for: str, said: str
) -> None:
    f = function(samples, made_for)
    checked = check_gradient(f, sizes=[3, 3, 3, 3], samples=samples, weights_layout=said)
    told = None if said == made_for else f"--weights {made_for}"
    assert (checked.verdict, checked.suggestion) == ("fail" if told else "pass", told)
    obeyed = check_gradient(f, sizes=[3, 3, 3, 3], samples=samples, weights_layout=made_for)
    assert obeyed.verdict == "pass"


def test_a_factor_beside_it_is_told_too() -> None:
    checked = check_gradient(function("rows", "in-out", "N"), sizes=[3, 3, 3])
    assert checked.suggestion == "--weights in-out --reduction sum"


def test_a_bug_in_square_matrices_is_no_other_layout() -> None:
    f = function("rows", "out-in")

    def transposed(*given: Any) -> Any:
        dW, db = f(*given)
        return [W.T.copy() for W in dW], db

    checked = check_gradient(transposed, sizes=[3, 3, 3])
    assert checked.suggestion is None
    assert checked.bug == "gradient-transposed"


def test_the_bias_may_be_the_other_end_of_a_folded_matrix() -> None:
    def last(weights: Any, biases: Any, X: Any, y: Any) -> Any:
        f = function("rows", "out-in")
        dW, db = f([V[:, :-1] for V in weights], [V[:, -1] for V in weights], X, y)
        return [np.column_stack([W, b]) for W, b in zip(dW, db, strict=True)], []

    assert check_gradient(last, sizes=[3, 4, 2], bias="last").verdict == "pass"
    assert check_gradient(last, sizes=[3, 4, 2], bias="first").suggestion == "--bias last"
