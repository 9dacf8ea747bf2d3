"""A function at work: what it may take, what it leaves, and whose its learning rate is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlpcli.check.given.guest import Guest
from mlpcli.check.given.name import name_from
from mlpcli.errors import CaseError

GUESTS = Path(__file__).parent / "guests.py"
SIZES = (2, 3, 1)
W = [np.full((3, 2), 1.0), np.full((1, 3), 2.0)]
b = [np.full(3, 3.0), np.full(1, 4.0)]
SAMPLE = np.ones((4, 2)), np.ones((4, 1))


def guest(function: str, **options: bool) -> Guest:
    return Guest(name_from(f"{GUESTS}:{function}"), **options)


def test_what_a_call_left_as_it_was_is_not_told() -> None:
    for function in ("gradient", "Model.gradient", "Named.backward"):
        host = guest(function)
        host.begin(SIZES)
        (answer,) = host.call((W, b), [SAMPLE], 1.0)
        assert answer.after is None
        assert answer.returned is not None


def test_what_a_step_left_is_told_as_weights_biases_X_and_y() -> None:
    for function in ("in_place", "Model.train"):
        host = guest(function, step=True)
        host.begin(SIZES)
        (answer,) = host.call((W, b), [SAMPLE], 1.0)
        assert answer.after is not None
        weights, biases, X, y = answer.after
        assert [np.shape(a) for a in weights] == [(3, 2), (1, 3)]
        assert [np.shape(a) for a in biases] == [(3,), (1,)]
        np.testing.assert_array_equal(X, SAMPLE[0])
        np.testing.assert_array_equal(y, SAMPLE[1])


def test_a_function_without_biases_is_told_where_they_may_be() -> None:
    def linear(weights: Any, X: Any, y: Any) -> Any:
        del X, y
        return weights

    host = Guest(linear)
    host.begin(SIZES)
    with pytest.raises(CaseError, match=r"linear: takes no biases; --bias says where they are"):
        host.call((W, b), [SAMPLE], 1.0)
    without: list[tuple[Any, ...]] = [(W, []), (W,)]
    for parameters in without:
        (answer,) = host.call(parameters, [SAMPLE], 1.0)
        assert isinstance(answer.returned, list)


@pytest.mark.parametrize(
    ("function", "options", "takes"),
    [
        ("step", {"step": True}, True),
        ("in_place", {"step": True}, True),
        ("Model.train", {"step": True}, True),
        ("Perceptron.fit", {"step": True}, True),  # self.lr
        ("of_its_own_rate", {"step": True}, False),
        ("of_a_global_rate", {"step": True}, False),
        ("Perceptron.loss", {}, False),
        ("gradient", {}, False),
    ],
)
def test_a_rate_is_taken_as_an_argument_or_kept_beside_the_weights(
    function: str, options: dict[str, bool], takes: bool
) -> None:
    """A global of a module whose function is handed its weights is nobody's business."""
    assert guest(function, **options).begin(SIZES).takes_rate == takes


def test_an_object_that_is_called_gets_its_rate() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.eta = 0.1
            self.weights, self.biases = [a * 0 for a in W], [a * 0 for a in b]

        def __call__(self, X: Any, y: Any) -> None:
            del X, y
            for array in (*self.weights, *self.biases):
                array[:] -= self.eta

    host = Guest(Trainer(), step=True)
    assert host.begin(SIZES).takes_rate
    (answer,) = host.call((W, b), [SAMPLE], 0.25)
    assert answer.after is not None
    np.testing.assert_array_equal(answer.after[0][0], W[0] - 0.25)
