"""Ask another method about a sample: code that the check and backprop share must hide no error.

Two numeric values of one entry may differ by the rounding of each, 4u K, by the estimated error of
each, and by truncation. Truncation of `central` and `complex-step` is below 1e-15 of the entry at
their own steps; 1e-9 of it is allowed, a thousandth of the usual tolerance and far less than any
bug of a formula would show. A `step` that was chosen too large is noticed here, as it should be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.case import Case
    from mlpcli.check.numeric.methods import Numeric
    from mlpcli.check.numeric.units import Mask
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.check.verdict.rule import TensorResult

__all__ = ["SecondOpinion", "sample", "second_opinion"]

ENTRIES_PER_TENSOR = 12
AGREEMENT = 1e-9


@dataclass(frozen=True)
class SecondOpinion:
    """`max_relative_error` is over the sampled entries that are clear of rounding."""

    method: str
    checked: int
    max_relative_error: float
    agrees: bool


def sample(case: Case, layers: Sequence[TensorResult], rng: np.random.Generator) -> Mask:
    """Return a mask over theta: some entries of every tensor, its worst one always among them."""
    mask = np.zeros(case.network.theta.size, np.bool_)
    start = 0
    for layer in layers:
        size = min(layer.checked, ENTRIES_PER_TENSOR)
        mask[start + rng.choice(layer.checked, size, replace=False)] = True
        mask[start + int(np.ravel_multi_index(layer.worst.index, layer.shape))] = True
        start += layer.checked
    return mask


def second_opinion(first: Numeric, second: Numeric, bounds: Bounds, mask: Mask) -> SecondOpinion:
    """Compare two numeric gradients where `mask` says."""
    a, b = first.values[mask], second.values[mask]
    rounding = bounds.stable(np.zeros_like(mask))[mask]
    doubt = first.doubt[mask] + second.doubt[mask] + 2 * rounding
    size, error = np.maximum(np.abs(a), np.abs(b)), np.abs(a - b)
    agrees = (error <= AGREEMENT * size + doubt) | (np.isnan(a) & np.isnan(b))
    clear = (doubt <= size / 10) & (size > 0)
    worst = float((error[clear] / size[clear]).max(initial=0))
    return SecondOpinion(second.method, int(mask.sum()), worst, bool(agrees.all()))
