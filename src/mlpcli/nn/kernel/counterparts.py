"""Which of our records the kernel has in C, by the numbers that kernel.c gives them.

Records are looked up by their very type: a class made of one of them may compute something else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from mlpcli.nn.activations import Identity, LeakyRelu, Relu, Sigmoid, Tanh
from mlpcli.nn.answers import each_output, likeliest
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS
from mlpcli.nn.optimizers import Adam, Momentum, Nesterov, Sgd

if TYPE_CHECKING:
    from mlpcli.nn.activation import Activation
    from mlpcli.nn.answers import Answers
    from mlpcli.nn.objective import Objective
    from mlpcli.nn.optimizers import Optimizer

__all__ = ["Codes", "counterparts"]

Codes: TypeAlias = dict[str, Any]

_ACTIVATIONS: dict[Any, int] = {Sigmoid: 0, Tanh: 1, Relu: 2, LeakyRelu: 2, Identity: 3}
_LOSSES: dict[Any, int] = {
    type(LOSSES["bce"]): 0,
    type(LOSSES["cross_entropy"]): 1,
    type(LOSSES["mse"]): 2,
    type(OTHER_OUTPUTS["mse", "identity"]): 3,
}
_RULES: dict[Any, int] = {Sgd: 0, Momentum: 1, Nesterov: 2, Adam: 3}
_ANSWERS: dict[Any, int] = {each_output: 0, likeliest: 1}


def counterparts(
    activation: Activation,
    objective: Objective | None = None,
    optimizer: Optimizer | None = None,
    answers: Answers | None = None,
) -> Codes | str:
    """Return the fields of a job that say these; of what is not asked for, -1.

    Or in words, which of them exists in Python alone.
    """
    lacking: list[str] = []
    codes: Codes = {"slope": activation.chosen_slope or 0.0}
    kinds: list[tuple[str, dict[Any, int], Any]] = [
        ("activation", _ACTIVATIONS, type(activation)),
        ("loss", _LOSSES, objective and type(objective.loss)),
        ("rule", _RULES, optimizer and type(optimizer)),
        ("answers", _ANSWERS, answers),
    ]
    for kind, table, key in kinds:
        codes[kind] = table.get(key, -1)
        if key is not None and key not in table:
            lacking.append(f"{kind} {key.__name__}")
    if objective is not None and objective.form is not objective.loss.truth:
        lacking.append(f"derivative {objective.form.name}")
    if optimizer is not None:
        codes["constants"] = tuple(vars(optimizer).values())
    return f"{', '.join(lacking)} has no counterpart in C" if lacking else codes
