"""What each epsilon costs: from which wrong-side logit on the gradient is lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.nn.losses import BCE_FORMS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EPSILONS", "Dial", "dial"]

EPSILONS = (1e-3, 1e-5, 1e-7, 1e-8, 1e-12, 1e-15)
_FORMS = ("epsilon", "clamped")
_POINTS = np.concatenate([np.arange(0, 64, 1 / 64), np.arange(64, 800, 1)])


@dataclass(frozen=True)
class Dial:
    """Logits h > 0, for label 0, from which a form has lost 1 %, 50 % and all of the gradient.

    The truth there is sigma(h), near 1. `non_finite` is where the form gives nan or inf instead.
    None where it does not happen up to 800.
    """

    form: str
    epsilon: float
    dtype: str
    lost_1_percent: float | None
    lost_50_percent: float | None
    lost_all: float | None
    non_finite: float | None


def dial(epsilons: Sequence[float], dtypes: Sequence[str]) -> tuple[Dial, ...]:
    """Return a row for each form, epsilon and dtype, on a grid of 1/64 where things happen."""
    return tuple(
        _row(form, epsilon, dtype) for form in _FORMS for epsilon in epsilons for dtype in dtypes
    )


def _row(form: str, epsilon: float, dtype: str) -> Dial:
    h = np.unique(_POINTS.astype(dtype))
    with np.errstate(all="ignore"):  # where it breaks is the question
        gradient = BCE_FORMS[form].derivative(h, np.zeros_like(h), epsilon)
        kept = gradient / BCE_FORMS["stable"].derivative(h, np.zeros_like(h), epsilon)

    def first(where: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float | None:
        return float(h[where][0]) if where.any() else None

    return Dial(
        form=form,
        epsilon=epsilon,
        dtype=dtype,
        lost_1_percent=first(kept <= 0.99),
        lost_50_percent=first(kept <= 0.5),
        lost_all=first(gradient == 0),
        non_finite=first(~np.isfinite(gradient)),
    )
