"""Each cause gets its own sentence, and every sentence the numbers that a reader needs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlpcli.config import LossConfig
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.objective import Objective
from mlpcli.training.build import objective_from
from mlpcli.training.divergence import Divergence, diagnose

RATE_TOO_HIGH = "the learning rate is too high; set training.optimizer.learning_rate lower"


def diagnosed(form: str = "stable", epsilon: float = 1e-7, **known: Any) -> Divergence:
    config = LossConfig.model_validate({"derivative": form, "epsilon": epsilon})
    facts: dict[str, Any] = {
        "epoch": 2,
        "batch": 7,
        "rate": 0.1,
        "loss": 1.0,
        "norms": [np.nan, np.nan],
        "X": np.ones((3, 2)),
        "logits": np.zeros((3, 1)),
        "inputs": ("age", "income"),
    }
    return diagnose(objective=objective_from(config, np.zeros((3, 1))), **(facts | known))


def test_the_whole_line() -> None:
    assert diagnosed().message() == (
        "training diverged: the gradient is not finite at epoch 2, batch 7, layer 2, "
        f"gradient norm nan, learning rate 0.1: {RATE_TOO_HIGH}"
    )


@pytest.mark.parametrize(
    ("norms", "layer"),
    [([np.nan] * 3, 3), ([np.inf, np.nan, 2.0], 2), ([np.inf, 1.0, 2.0], 1), ([1.0, 1.0, 2.0], 3)],
)
def test_the_layer_is_the_first_wrong_one_from_the_output(norms: list[float], layer: int) -> None:
    found = diagnosed(norms=norms, loss=np.inf)
    assert found.layer == layer
    assert f"layer {layer}, gradient norm {norms[layer - 1]:.3g}, " in found.message()
    assert "the loss is not finite" in found.message()


@pytest.mark.parametrize(
    ("form", "dtype", "epsilon", "logit"),
    [
        ("naive", "float64", 1e-7, 40.0),
        ("naive", "float32", 1e-7, 17.0),
        ("naive", "float64", 1e-7, -800.0),
        ("clamped", "float32", 1e-9, 20.0),  # 1 - 1e-9 rounds to 1
        ("epsilon", "float32", 1e-46, 20.0),  # 1e-46 rounds to 0
    ],
)
def test_a_form_that_breaks_names_itself_and_the_logit(
    form: str, dtype: str, epsilon: float, logit: float
) -> None:
    logits = np.array([[0.5], [logit], [1.0]], dtype)
    message = diagnosed(form, epsilon, logits=logits).message()
    assert f"the {form} derivative is 0/0 at the saturated logit {logit:g}; " in message


def test_under_a_softmax_the_largest_logit_of_the_broken_row_is_named() -> None:
    logits = np.array([[0.5, 0, 0], [1.0, 750, -3]])
    objective = Objective(LOSSES["cross_entropy"], LOSSES["cross_entropy"].forms["clamped"], 1e-7)
    found = diagnose(
        epoch=1, batch=1, rate=0.1, loss=1.0, objective=objective, norms=[np.nan],
        X=np.ones((2, 2)), logits=logits, inputs=("age", "income"),
    )  # fmt: skip
    assert "the clamped derivative is 0/0 at the saturated logit 750; " in found.message()


def test_a_form_that_is_sound_here_is_not_blamed() -> None:
    assert diagnosed("naive", logits=np.full((3, 1), 36.0)).cause == RATE_TOO_HIGH
    assert diagnosed("naive", logits=np.full((3, 1), np.nan)).cause == RATE_TOO_HIGH
    assert diagnosed("stable", logits=np.full((3, 1), 800.0)).cause == RATE_TOO_HIGH


@pytest.mark.parametrize("value", [-2e4, 1e30, np.inf, np.nan])
def test_the_largest_input_is_named(value: float) -> None:
    X = np.ones((3, 2))
    X[:, 0] = 1001
    X[1, 1] = value
    shown = "inf" if np.isnan(value) else f"{abs(value):.3g}"
    expected = f'input "income" is as large as {shown}; set data.standardize to true'
    assert diagnosed(X=X).cause == expected


def test_ordinary_inputs_are_not_blamed() -> None:
    assert diagnosed(X=np.full((3, 2), 999.0)).cause == RATE_TOO_HIGH


def test_without_a_batch() -> None:
    after = Divergence(4, None, "the validation loss", None, None, 0.5, "so it is")
    assert after.message() == (
        "training diverged: the validation loss is not finite at epoch 4, "
        "learning rate 0.5: so it is"
    )
