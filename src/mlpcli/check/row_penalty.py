"""Tells a penalty that is divided by the number of rows, lambda/N, from one that is not.

Courses and books write (lambda / 2N) sum ||W_i||^2. Here l2 is not divided by N, so that no l2 is
right for such code on cases of several N: on each it is another one, and only times N the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.convention import convention_of
from mlpcli.check.suggestion import fitted_penalties, judged
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.case import Case
    from mlpcli.check.convention import Convention
    from mlpcli.check.suggestion import Given

__all__ = ["RowPenalty", "penalty_over_rows"]

_DIGITS = 6  # of a lambda that people write
_ALL_DIGITS = 15  # so that 0.7/7 is 0.1
_MEANT = 1e-6
_OF_A_PENALTY = {"extra-l2", "l2-strength"}


@dataclass(frozen=True)
class RowPenalty:
    """The strength times N, and the options of a check of one N, under which it is right."""

    strength: float
    options: str

    def told(self, found: Diagnosis) -> Diagnosis:
        """Return a diagnosis that says so, if it is of the penalty's strength."""
        if found.bug not in _OF_A_PENALTY:
            return found
        fix = (
            f"what is added is {self.strength:g}/N W_i, and l2 is not divided by N: if that is "
            f"meant, check it for one N, with {self.options}"
        )
        return replace(found, fix=fix)


def penalty_over_rows(given: Sequence[Given], tolerance: float) -> RowPenalty | None:
    """Return the penalty with which all these gradients, of cases of several N, are right.

    Of cases of one N nothing tells it but an l2 that is stated and stands for lambda, or for
    lambda/2. None where there is no such penalty.
    """
    if not all(np.isfinite(gradient.theta).all() for _, gradient in given):
        return None
    case, gradient = min(given, key=lambda each: each[0].rows)
    own, several = convention_of(case), len({each.rows for each, _ in given}) > 1
    for near, l2 in fitted_penalties(replace(own, l2=0.0), case, gradient):
        strength = float(f"{l2 * case.rows:.{_DIGITS}g}")
        meant = several or _stated(own.l2, strength)
        verdicts = {
            judged(_over(near, strength, each).applied(each), its, tolerance) for each, its in given
        }
        if meant and "pass" in verdicts and "fail" not in verdicts:
            options = _over(near, strength, case).options_from(own)
            network = {"--network": "-".join(map(str, case.network.sizes)), "--rows": case.rows}
            every = {**(network if several else {}), **options}
            return RowPenalty(
                strength, " ".join(f"{name} {value}" for name, value in every.items())
            )
    return None


def _over(near: Convention, strength: float, case: Case) -> Convention:
    return replace(near, l2=float(f"{strength / case.rows:.{_ALL_DIGITS}g}"))


def _stated(l2: float, strength: float) -> bool:
    return any(abs(strength - own) <= _MEANT * own for own in (l2, l2 / 2) if own)
