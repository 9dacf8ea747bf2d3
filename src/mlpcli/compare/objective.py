"""The objective under a form of the derivative, or under another loss."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.compare.choices import OTHER_LOSS
from mlpcli.errors import UsageError
from mlpcli.nn.objective import Objective

if TYPE_CHECKING:
    from mlpcli.nn.losses import Loss

__all__ = ["objective_by"]


def objective_by(loss: Loss, form: str, epsilon: float, l2: float = 0.0) -> Objective:
    """Return the objective whose derivative is computed by a form of the loss, or another loss's.

    Raises UsageError where the loss has no such form.
    """
    if form == OTHER_LOSS:
        return Objective.exact(OTHER_LOSS, l2)
    known = {**loss.wild, **loss.forms}
    if form not in known:
        forms = ", ".join(loss.forms)
        raise UsageError(f'--form: {loss.name} has no form "{form}"; expected one of {forms}')
    return Objective(loss, known[form], epsilon, l2)
