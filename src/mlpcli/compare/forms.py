"""All forms of the BCE derivative that can be compared, by name, and as what training minimises."""

from __future__ import annotations

from mlpcli.errors import UsageError, did_you_mean
from mlpcli.nn.library_forms import LIBRARY_FORMS
from mlpcli.nn.losses import BCE_FORMS, MSE, Form, Loss

__all__ = ["FORMS", "loss_by", "parse_form"]

FORMS: dict[str, Form] = {**BCE_FORMS, **LIBRARY_FORMS}


def parse_form(name: str) -> str:
    """Return the name if it is a form; UsageError with the nearest one if not."""
    if name not in FORMS:
        guess = did_you_mean(name, FORMS) or f"; expected one of {', '.join(FORMS)}"
        raise UsageError(f'--form: unknown form "{name}"{guess}')
    return name


def loss_by(form: str, epsilon: float) -> Loss:
    """Return the loss whose derivative is computed by a form; "mse" is another loss altogether."""
    if form == MSE.name:
        return Loss(MSE, MSE, epsilon)
    return Loss(BCE_FORMS["stable"], FORMS[form], epsilon)
