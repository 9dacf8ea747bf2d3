"""With how many digits a gradient was printed before it came here, as far as its numbers tell.

A program in C or JavaScript that prints 6 digits rounds a right gradient by more than any
computation does. The shortest decimals that stand for the numbers show it: all are short, most
have as many significant digits as the longest (%.6g, %e), or end at the same place (%.6f). Then

    q = half a unit of the last digit

is added to what a right entry may be off by, and no more: beyond it, it is wrong as ever. A number
other than 0 ends at the last place of all or at the last digit of the longest, whichever is the
coarser: that is the place where it was cut, in either way to print. A 0 is exact among significant
digits, and half a unit of the last place among decimals, or among digits so few that they may be
decimals. Numbers of 9 digits and fewer may have been float32, of which 9 digits hold every one; how
far float32 goes astray here is seen by trying (`Bounds.as_tried`). Where q is more than a
thousandth of a tensor's norm, the digits do not tell enough to pass it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.verdict.precision import single_precision
from mlpcli.records import dataclass
from mlpcli.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlpcli.check.verdict.rule import TensorResult
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Printed", "printed"]

# By whether the numbers are float32: the most digits that are taken for printed. All numbers of
# full precision have 7 to 9 and 15 to 17 digits, but for a few.
_MOST_DIGITS = {False: 14, True: 6}
_DIGITS_OF_SINGLE = 9
_TOO_FEW = 3  # so many digits pass nothing
_SAMPLE = 2000
_TELLING_SHARE = 1e-3


@dataclass(frozen=True)
class Printed:
    """How the numbers were printed: to so many significant digits, or decimals if `fixed`.

    `doubt` is q over theta, `gradient` what is judged: float32 where 9 digits suffice.
    """

    digits: int
    fixed: bool
    doubt: FloatArray
    gradient: Parameters

    def __str__(self) -> str:
        return counted(self.digits, "decimal" if self.fixed else "significant digit")

    @property
    def share(self) -> float:
        """What q is of the norm of a tensor, the largest that still tells enough."""
        return min(max(self._shares()), _TELLING_SHARE)

    def _shares(self) -> list[float]:
        doubts = self.gradient.like(self.doubt).tensors()
        pairs = zip(doubts, self.gradient.tensors(), strict=True)
        return [_share(q, A) for (_, q), (_, A) in pairs]

    def told(self, layers: Sequence[TensorResult]) -> tuple[TensorResult, ...]:
        """Return the results with those left open of which the digits tell too little."""
        return tuple(
            replace(tensor, verdict="inconclusive")
            if tensor.verdict == "pass" and share > _TELLING_SHARE
            else tensor
            for tensor, share in zip(layers, self._shares(), strict=True)
        )


def printed(gradient: Parameters) -> Printed | None:
    """Return how the gradient was printed, None where its numbers have all their digits."""
    single = bool(single_precision(gradient).all())
    theta = gradient.theta[np.isfinite(gradient.theta) & (gradient.theta != 0)]
    theta = theta[:: max(1, theta.size // _SAMPLE)].astype(np.float32 if single else np.float64)
    written = [_digits_and_place(x) for x in theta[:1]]
    if not written or written[0][0] > _MOST_DIGITS[single]:
        return None
    digits, places = map(np.array, zip(*map(_digits_and_place, theta), strict=True))
    if digits.max() > _MOST_DIGITS[single]:
        return None
    most, last = int(digits.max()), int(places.min())
    fixed = bool((places == last).sum() >= (digits == most).sum())  # of one decade: either
    doubt = _doubt(gradient.theta, most, last, exact=not fixed and most > _TOO_FEW)
    return Printed(
        digits=max(-last, 0) if fixed else most,
        fixed=fixed,
        doubt=doubt,
        gradient=_as_computed(gradient, most, doubt),
    )


def _as_computed(gradient: Parameters, digits: int, doubt: FloatArray) -> Parameters:
    """Return the gradient in float32 if its numbers may have been that before they were printed."""
    with np.errstate(all="ignore"):
        single = gradient.theta.astype(np.float32)
        may = digits <= _DIGITS_OF_SINGLE or (np.abs(single - gradient.theta) <= doubt).all()
    return gradient.like(single) if may else gradient


def _digits_and_place(x: np.floating) -> tuple[int, int]:
    """Return how many digits the shortest decimal has, and at which power of 10 it ends."""
    mantissa, _, exponent = np.format_float_scientific(x, trim="-").partition("e")
    digits = len(mantissa.lstrip("-").replace(".", ""))
    return digits, int(exponent) - digits + 1


def _doubt(theta: FloatArray, digits: int, last: int, *, exact: bool) -> FloatArray:
    """Return half a unit of the last digit of each entry; `exact` says whether zeros have one."""
    size, place = np.abs(theta.astype(np.float64)), 10.0**last / 2
    with np.errstate(all="ignore"):
        doubt = np.fmax(10.0 ** (np.floor(np.log10(size)) + 1 - digits) / 2, place)
    return np.where(np.isfinite(doubt) & (size > 0), doubt, 0.0 if exact else place)


def _share(doubt: FloatArray, tensor: FloatArray) -> float:
    """Return what the norm of q is of that of the tensor, 0 for a tensor of nothing."""
    sizes = np.abs(tensor.astype(np.float64))
    scale = float(np.nanmax(np.fmax(sizes, doubt), initial=0))
    if not 0 < scale < np.inf:
        return 0.0
    norm = np.linalg.norm((sizes + doubt) / scale)
    return float(np.linalg.norm(doubt / scale) / norm)
