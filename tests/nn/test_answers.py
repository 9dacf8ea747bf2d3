"""Which answers are right, ties among them."""

from __future__ import annotations

import numpy as np

from mlpcli.nn.answers import each_output, likeliest


def test_one_half_is_a_yes() -> None:
    """As `mlp predict` has it: at a threshold of 1/2 a probability of 1/2 is the label 1."""
    h = np.array([[-1e-15, 0.0, 2.0], [0.0, -3.0, 0.0]])
    y = np.array([[0.0, 1.0, 0.5], [0.0, 1.0, 0.49]])
    assert each_output(h, y).tolist() == [[True, True, True], [False, False, False]]


def test_of_equal_logits_the_first_counts() -> None:
    h = np.array([[1.0, 1.0], [1.0, 1.0], [0.0, 2.0]])
    assert likeliest(h, np.array([[1.0, 0.0], [0.0, 1.0], [0.2, 0.8]])).tolist() == [
        True, False, True,
    ]  # fmt: skip
