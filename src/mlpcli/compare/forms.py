"""All forms of the BCE derivative that can be compared, by name, and as what training minimises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np  # here, not first below others: at that depth CPython 3.11 takes 15 ms more

from mlpcli.errors import UsageError
from mlpcli.nn.losses import BCE_FORMS, LIBRARY_EPSILON, LIBRARY_FORMS, LOSSES, Form
from mlpcli.nn.objective import Objective
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EPSILON", "FORMS", "OTHER_LOSS", "objective_by", "parse_epsilon", "parse_forms"]

FORMS: dict[str, Form] = {**BCE_FORMS, **LIBRARY_FORMS}
OTHER_LOSS = "mse"  # whose gradients and training stand beside those of the forms
EPSILON = 1e-7  # of the forms that have one, unless a config or the command line says another


def parse_forms(names: Sequence[str] | None, epsilon: str | None) -> tuple[str, ...]:
    """Return the names, by default the five of our own, and the library whose epsilon is used.

    UsageError with the nearest form where one is none.
    """
    for name in names or ():
        if name not in FORMS:
            guess = did_you_mean(name, FORMS) or f"; expected one of {', '.join(FORMS)}"
            raise UsageError(f'--form: unknown form "{name}"{guess}')
    library = [epsilon] if epsilon in LIBRARY_EPSILON else []
    return tuple(dict.fromkeys([*(names or BCE_FORMS), *library]))


def parse_epsilon(text: str) -> float:
    """Return the number, or that of the library of this name; UsageError where it is neither."""
    if text in LIBRARY_EPSILON:
        return LIBRARY_EPSILON[text]
    try:
        epsilon, guess = float(text), ""
    except ValueError:
        epsilon, guess = np.nan, did_you_mean(text, LIBRARY_EPSILON)
    if not 0 < epsilon < 0.5:
        expected = f"a number > 0 and < 0.5, or {', '.join(LIBRARY_EPSILON)}"
        raise UsageError(f'--epsilon: expected {expected}, got "{text}"{guess}')
    return epsilon


def objective_by(form: str, epsilon: float, l2: float = 0.0) -> Objective:
    """Return the objective whose derivative is computed by a form, or that of another loss."""
    if form in LOSSES:
        return Objective.exact(form, l2)
    return Objective(LOSSES["bce"], FORMS[form], epsilon, l2)
