"""What J is, in the words that a config, the command line and a case file have for it.

There are many J for one network: of another loss, summed or averaged, halved, with other hidden
layers. A gradient is right or wrong for one of them only, so that a check says which it meant.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from mlpcli.errors import CaseError
from mlpcli.nn.activations import ACTIVATIONS, activation_by
from mlpcli.nn.objective import Objective
from mlpcli.records import dataclass
from mlpcli.text import one_of, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlpcli.check.case import Case

__all__ = ["Convention", "convention_of", "factor_text", "negates", "read_convention"]

_LARGEST_DENOMINATOR = 1000
_TYPES = {"activation": str, "loss": str, "output": str, "reduction": str}


@dataclass(frozen=True)
class Convention:
    """The hidden activation with its slope, loss and output, reduction, factor c and penalty.

    `slope` is None where the activation has none to choose; `output` None is the loss's usual one.
    """

    activation: str = "sigmoid"
    slope: float | None = None
    output: str | None = None
    loss: str = "bce"
    reduction: str = "mean"
    factor: float = 1.0
    l2: float = 0.0

    def applied(self, case: Case) -> Case:
        """Return the case under this convention. Raises CaseError where it cannot be."""
        if self.activation not in ACTIVATIONS:
            hint = one_of(self.activation, ACTIVATIONS)
            raise CaseError(f'activation: got "{shorten(self.activation)}"{hint}')
        slope = {} if self.slope is None else {"slope": self.slope}
        objective = Objective.exact(self.loss, self.l2, self.output, self.reduction, self.factor)
        case = case.with_activation(activation_by(self.activation, **slope))
        return replace(case, objective=objective)

    def settled(self) -> Convention:
        """Return the same with the output that None stands for."""
        return replace(self, output=Objective.exact(self.loss, output=self.output).loss.output)

    def with_said(self, **said: Any) -> Convention:
        """Return it with what was said, None for what was not; another loss has its own output."""
        changes = {name: value for name, value in said.items() if value is not None}
        if "loss" in changes and "output" not in changes:
            changes["output"] = None
        return replace(self, **changes)

    def document(self) -> dict[str, Any]:
        """Return it as the `objective` of JSON documents and of case files."""
        return asdict(self)

    def options_from(self, other: Convention) -> dict[str, str]:
        """Return the options of `mlp gradcheck` that turn another convention into this one."""
        options = {}
        for name, value in vars(self).items():
            implied = name == "output" and Convention(loss=self.loss).settled().output == value
            if value is not None and value != getattr(other, name) and not implied:
                options[f"--{name}"] = factor_text(value) if name == "factor" else f"{value}"
        return options


def convention_of(case: Case) -> Convention:
    """Return what J is in a case."""
    objective, activation = case.objective, case.network.activation
    return Convention(
        activation=activation.name,
        slope=activation.chosen_slope,
        output=objective.loss.output,
        loss=objective.loss.name,
        reduction=objective.reduction,
        factor=objective.factor,
        l2=objective.l2,
    )


def read_convention(text: str) -> Convention:
    """Return the convention that the `objective` of a case file says.

    Raises CaseError for what is no JSON object of these keys.
    """
    try:
        said = json.loads(text)
    except ValueError as error:
        raise CaseError(f"objective: expected JSON: {error}") from None
    if not isinstance(said, dict):
        raise CaseError("objective: expected a JSON object, as --dump writes it")
    _refuse(said)
    return Convention().with_said(**said)


def _refuse(said: Mapping[str, Any]) -> None:
    known = [*vars(Convention())]
    for name, value in said.items():
        if name not in known:
            raise CaseError(f'objective: unknown key "{shorten(name)}"{one_of(name, known)}')
        kind = _TYPES.get(name, (int, float))
        if value is not None and (not isinstance(value, kind) or isinstance(value, bool)):
            raise CaseError(f"objective: {name}: got {shorten(json.dumps(value))}")


def factor_text(factor: float) -> str:
    """Return a factor as people write it: 1/2, -1/6, 7/2; a decimal where that is none."""
    near = Fraction(factor).limit_denominator(_LARGEST_DENOMINATOR)
    return str(near) if float(near) == factor else f"{factor!r}"


def negates(options: str | None) -> bool:
    """Return whether these options, as `options_from` has them in a line, turn the sign of J."""
    return "--factor -" in (options or "")
