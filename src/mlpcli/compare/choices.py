"""What can be compared, by the names that the command line has for it: forms, dtypes, logits."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.errors import UsageError
from mlpcli.names import DTYPES
from mlpcli.nn.losses import LIBRARY_EPSILON, LOSSES
from mlpcli.text import did_you_mean, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import NDArray

    from mlpcli.nn.losses import Form, Loss

__all__ = [
    "EPSILON",
    "LOSS",
    "OTHER_LOSS",
    "REFERENCE",
    "comparable",
    "default_dtypes",
    "known_forms",
    "parse_dtypes",
    "parse_epsilon",
    "parse_forms",
    "parse_grid",
]

LOSS = LOSSES["bce"]  # the loss whose forms are compared unless another is named
REFERENCE = "stable"  # the form that the others are held to
OTHER_LOSS = "mse"  # whose gradients and training stand beside those of the forms
EPSILON = 1e-7  # of the forms that have one, unless a config or the command line says another
_MOST_LOGITS = 1_000_000


def comparable(name: str, source: str) -> Loss:
    """Return the loss of a name that `source`, an option or a key, gives.

    UsageError where there is no such loss, or nothing to compare: it is computed in one way only.
    """
    several = [loss.name for loss in LOSSES.values() if len(loss.forms) > 1]
    if name not in several:
        expected = f"{' or '.join(several)} to compare the forms of its derivative"
        raise UsageError(f"{source}: expected {expected}, got {name}")
    return LOSSES[name]


def known_forms(loss: Loss) -> dict[str, Form]:
    """Return the forms that can be compared: ours, and those of libraries."""
    return {**loss.forms, **loss.libraries}


def parse_forms(
    names: Sequence[str] | None, epsilon: str | None, loss: Loss = LOSS
) -> tuple[str, ...]:
    """Return the names, by default the five of our own, and the library whose epsilon is used.

    UsageError with the nearest form where one is none of the loss.
    """
    known = known_forms(loss)
    for name in names or ():
        if name not in known:
            raise UsageError(f'--form: {loss.name} has no form "{name}"{one_of(name, known)}')
    library = [epsilon] if epsilon in loss.libraries else []
    return tuple(dict.fromkeys([*(names or loss.forms), *library]))


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


def default_dtypes() -> tuple[str, ...]:
    """Return float16, float32, float64, and longdouble where it has more bits than float64."""
    wide = np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant
    return DTYPES if wide else DTYPES[:-1]


def parse_dtypes(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names, each once; UsageError where one is none of `DTYPES`, or none of its own."""
    for name in names:
        if name not in DTYPES:
            raise UsageError(f'--dtype: unknown dtype "{name}"{one_of(name, DTYPES)}')
        if name not in default_dtypes():
            raise UsageError(f"--dtype {name}: here it is float64 by another name; use float64")
    return tuple(dict.fromkeys(names))


def parse_grid(text: str) -> NDArray[np.float64]:
    """Return the logits LO, LO + STEP, .. up to HI of "LO:HI:STEP", each the nearest float64.

    UsageError where that is no grid, or one of more than a million logits.
    """
    try:
        low, high, step = map(_as_written, text.split(":"))
    except (ValueError, OverflowError):
        raise UsageError(
            f'--logits: expected LO:HI:STEP, three finite numbers such as -50:50:0.5, got "{text}"'
        ) from None
    if low >= high:
        raise UsageError(f"--logits {text}: expected LO < HI")
    if step <= 0:
        raise UsageError(f"--logits {text}: expected a step > 0, got {float(step):g}")
    points = (high - low) // step + 1
    if points > _MOST_LOGITS:
        raise UsageError(
            f"--logits {text}: expected at most {_MOST_LOGITS:,} logits, got {points:,}; "
            "choose a larger step"
        )
    whole = math.lcm(low.denominator, step.denominator)
    first, stride = int(low * whole), int(step * whole)
    return np.array([(first + k * stride) / whole for k in range(points)], np.float64)


def _as_written(text: str) -> Fraction:
    """Return the decimal itself: 0.1 is a tenth, so that 0 is met on the way."""
    from fractions import Fraction

    near = float(text)  # huge and tiny exponents end here, not in a Fraction of a billion digits
    return Fraction(text.strip()) if near and math.isfinite(near) else Fraction(near)
