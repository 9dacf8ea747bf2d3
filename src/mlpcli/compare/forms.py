"""All forms of the BCE derivative that can be compared, by name, and as what training minimises."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from mlpcli.errors import UsageError, did_you_mean
from mlpcli.nn.library_forms import LIBRARY_EPSILON, LIBRARY_FORMS
from mlpcli.nn.losses import BCE_FORMS, MSE, Form, Loss

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EPSILON", "FORMS", "loss_by", "parse_epsilon", "parse_forms"]

FORMS: dict[str, Form] = {**BCE_FORMS, **LIBRARY_FORMS}
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
        epsilon, guess = math.nan, did_you_mean(text, LIBRARY_EPSILON)
    if not 0 < epsilon < 0.5:
        expected = f"a number > 0 and < 0.5, or {', '.join(LIBRARY_EPSILON)}"
        raise UsageError(f'--epsilon: expected {expected}, got "{text}"{guess}')
    return epsilon


def loss_by(form: str, epsilon: float) -> Loss:
    """Return the loss whose derivative is computed by a form; "mse" is another loss altogether."""
    if form == MSE.name:
        return Loss(MSE, MSE, epsilon)
    return Loss(BCE_FORMS["stable"], FORMS[form], epsilon)
