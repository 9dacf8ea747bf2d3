"""The rule that tells a wrong gradient from rounding, entry by entry, and its summary per tensor.

A is the given entry, B the numeric one, m = max(|A|, |B|), of which |B| is all where A is nan or
inf, T the relative tolerance, R = 4u K and R* = 4u K* what rounding can do to A (`bounds.py`, which
adds what underflow and a kink can do), q the numeric method's own error (0 unless it is `plain`).

    mismatch        |A-B| > T m + R* + q, or A is nan or inf
    match           |A-B| <= T m + R + q, and R + q <= m/10 (or A = B = 0 and q = 0)
    inconclusive    all else, and m so small that A or B may be subnormal

A tensor fails if any entry mismatches. It is inconclusive if entries that cannot be judged may hold
more than a thousandth of its norm; else it passes. The norm is that of m + q, not of B: where B is
rounded to 0, or is drowned by q, it says nothing of what was not seen.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mlpcli.check.verdict.precision import SMALLEST, single_precision
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = [
    "Entries",
    "EntryVerdict",
    "OfTensor",
    "TensorResult",
    "Verdict",
    "Worst",
    "judge",
    "overall",
    "split_name",
    "summarise",
]

Verdict: TypeAlias = Literal["pass", "fail", "inconclusive"]
# The share of a tensor's norm that may stay unjudged without casting doubt on the whole.
UNJUDGED_SHARE = 1e-3


class EntryVerdict(IntEnum):
    """What can be said of one entry."""

    MATCH = 0
    MISMATCH = 1
    INCONCLUSIVE = 2


@dataclass(frozen=True)
class Entries:
    """The judgement of every entry, as arrays over theta.

    `verdict` holds EntryVerdict, `error` is |A-B| (inf where A is not finite), `tolerance` is the
    T m + R + q that it had to keep, `size` is m, and `doubt` is q.
    """

    verdict: NDArray[np.integer[Any]]
    error: FloatArray
    tolerance: FloatArray
    size: FloatArray
    doubt: FloatArray

    def relative(self, values: FloatArray) -> FloatArray:
        """Return values / m, with 0/0 = 0."""
        with np.errstate(all="ignore"):
            ratio: FloatArray = np.where(values == 0, 0, values / self.size)
        return np.where(np.isinf(values), np.inf, ratio)


@dataclass(frozen=True)
class Worst:
    """The entry with the largest error over its tolerance; `index` counts from 0."""

    index: tuple[int, ...]
    analytic: float
    numeric: float


class OfTensor:
    """What is said of one tensor: W_i or b_i of layer i, counted from 1."""

    layer: int
    parameter: Literal["W", "b"]

    @property
    def name(self) -> str:
        """The tensor's name, such as W1."""
        return f"{self.parameter}{self.layer}"


def split_name(name: str) -> tuple[int, Literal["W", "b"]]:
    """Return the layer and the parameter that a tensor's name says."""
    return int(name[1:]), "W" if name[0] == "W" else "b"


@dataclass(frozen=True)
class TensorResult(OfTensor):
    """One row of the report; W has `shape` (n_i, n_{i-1}), `layer` counts from 1.

    `max_relative_error` (|A-B|/m, 0/0 = 0) and `max_absolute_error` are over the entries that are
    not inconclusive (0 if there are none) and inf where an entry is nan or inf; `tolerance` is the
    relative tolerance of the worst entry. `errors` are all relative errors in that shape, and
    `verdicts` the EntryVerdict of each entry.
    """

    layer: int
    parameter: Literal["W", "b"]
    shape: tuple[int, ...]
    checked: int
    mismatched: int
    inconclusive: int
    max_relative_error: float
    max_absolute_error: float
    tolerance: float
    worst: Worst
    verdict: Verdict
    errors: FloatArray
    verdicts: NDArray[np.integer[Any]]


def judge(
    gradient: Parameters,
    numeric: FloatArray,
    bounds: Bounds,
    tolerance: float,
    doubt: FloatArray | None = None,
) -> Entries:
    """Judge every entry of `gradient` by the rule above; all arrays are over theta.

    `doubt` is q, the estimated error of `numeric` (None: 0).
    """
    single = single_precision(gradient)
    stable, textbook = bounds.stable(single), bounds.textbook(single)
    smallest = np.where(single, SMALLEST[True], SMALLEST[False])
    A, q = gradient.theta.astype(np.float64), np.zeros_like(numeric) if doubt is None else doubt
    with np.errstate(all="ignore"):  # nan and inf in A are findings, not accidents
        finite = np.isfinite(A)
        m = np.fmax(np.abs(np.where(finite, A, 0.0)), np.abs(numeric))
        error = np.where(finite, np.abs(A - numeric), np.inf)
        match, mismatch = (tolerance * m + reach + q for reach in (stable, textbook))
        zero = (m == 0) & (q == 0)
        clear = (stable + q <= m / 10) & (m >= smallest) | zero
        verdict = np.where((error <= match) & clear, EntryVerdict.MATCH, EntryVerdict.INCONCLUSIVE)
        wrong = (error > mismatch) & (m >= smallest) | ~finite
    return Entries(np.where(wrong, EntryVerdict.MISMATCH, verdict), error, match, m, q)


def summarise(
    gradient: Parameters, numeric: FloatArray, entries: Entries
) -> tuple[TensorResult, ...]:
    """Return one result per tensor in the order W1, b1, .. WL, bL."""
    results, start = [], 0
    for name, tensor in gradient.tensors():
        place = slice(start, start + tensor.size)
        own = Entries(*(array[place] for array in vars(entries).values()))
        results.append(_tensor(name, tensor, numeric[place], own))
        start += tensor.size
    return tuple(results)


def overall(verdicts: Sequence[Verdict]) -> Verdict:
    """Return fail before inconclusive before pass."""
    return next((v for v in ("fail", "inconclusive") if v in verdicts), "pass")


def _tensor(name: str, tensor: FloatArray, numeric: FloatArray, entries: Entries) -> TensorResult:
    errors = entries.relative(entries.error)
    judged = entries.verdict != EntryVerdict.INCONCLUSIVE
    worst = _worst(entries, judged)
    layer, parameter = split_name(name)
    return TensorResult(
        layer=layer,
        parameter=parameter,
        shape=tensor.shape,
        checked=tensor.size,
        mismatched=int((entries.verdict == EntryVerdict.MISMATCH).sum()),
        inconclusive=int((~judged).sum()),
        max_relative_error=float(errors[judged].max(initial=0)),
        max_absolute_error=float(entries.error[judged].max(initial=0)),
        tolerance=float(entries.relative(entries.tolerance)[worst]),
        worst=Worst(
            tuple(int(i) for i in np.unravel_index(worst, tensor.shape)),
            float(tensor.ravel()[worst]),
            float(numeric[worst]),
        ),
        verdict=_verdict(entries, judged),
        errors=errors.reshape(tensor.shape),
        verdicts=entries.verdict.reshape(tensor.shape),
    )


def _worst(entries: Entries, judged: NDArray[np.bool_]) -> int:
    """Return the largest error over its tolerance among the judged entries, if there are any."""
    with np.errstate(all="ignore"):
        excess = np.where(entries.error == 0, 0, entries.error / entries.tolerance)
    excess = np.where(np.isnan(excess), np.inf, excess)
    return int(np.argmax(np.where(judged, excess, -1) if judged.any() else excess))


def _verdict(entries: Entries, judged: NDArray[np.bool_]) -> Verdict:
    if (entries.verdict == EntryVerdict.MISMATCH).any():
        return "fail"
    reach = entries.size + entries.doubt
    scale = float(reach.max())  # so that squares of tiny entries do not vanish
    if not np.isfinite(scale):
        return "inconclusive"
    if scale == 0 or judged.all():
        return "pass"
    share = np.linalg.norm(reach[~judged] / scale) / np.linalg.norm(reach / scale)
    return "inconclusive" if share > UNJUDGED_SHARE else "pass"
