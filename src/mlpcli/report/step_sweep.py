"""The sweep of steps in words: which step is best, and what a usual checker would have said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.numeric.step_sweep import USUAL_STEP, some_entries, sweep_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.numeric.step_sweep import StepSweep
    from mlpcli.check.result import GradcheckResult

__all__ = ["sweep_of", "sweep_words"]

_ROUNDING = 1e-14  # of the difference form, when all is well
_USELESS = 0.1  # a relative error at which not one digit is right
_TOLERANCE = 1e-6  # that checkers by hand take


def sweep_of(result: GradcheckResult) -> StepSweep:
    """Return the sweep over some entries of every tensor, the worst one of the check among them."""
    start, ranks = 0, dict[int, tuple[bool, float]]()
    for tensor in result.check.layers:
        place = start + int(np.ravel_multi_index(tensor.worst.index, tensor.shape))
        ranks[place] = (tensor.verdict == "fail", tensor.max_relative_error)
        start += tensor.checked
    worst = max(ranks, key=lambda place: ranks[place])
    return sweep_steps(result.case, result.gradient, some_entries(result.case, worst))


def sweep_words(sweep: StepSweep, result: GradcheckResult) -> Iterator[str]:
    """Yield the verdict on both differences, and on a checker that takes plain ones at 1e-5."""
    names = _names(result)
    worst = sweep.plain.max(axis=1)
    best = int(worst.argmin())
    entry = names[int(sweep.entries[sweep.plain[best].argmax()])]
    if worst[best] >= _USELESS:
        yield (
            f"Plain: no step serves every entry; at the best, {sweep.steps[best]:.0e}, {entry} is "
            f"still off by {_size(worst[best])}."
        )
    else:
        yield (
            f"Plain: best at {sweep.steps[best]:.0e}, where {entry} is off by {_size(worst[best])}."
        )
    yield _carried(sweep)
    yield _usual(sweep, names)


def _carried(sweep: StepSweep) -> str:
    """Return how good the difference form is once its step is small enough, however small."""
    worst = sweep.carried.max(axis=1)
    if worst.min() >= _USELESS:
        return "Difference form: no step serves it either, since this network overflows."
    largest = int(np.argmax(worst <= max(10 * worst.min(), _ROUNDING)))
    found = _size(worst[largest:].max())
    return f"Difference form: within {found} at every step from {sweep.steps[largest]:.0e} down."


def _usual(sweep: StepSweep, names: list[str]) -> str:
    """Return what the plain difference at the usual step would say of the given gradient.

    `sweep.seen` is what it takes for the gradient's error, `sweep.plain` its own.
    """
    at = int(np.abs(np.log(sweep.steps / USUAL_STEP)).argmin())
    seen, own = sweep.seen[at], sweep.plain[at]
    k = int(seen.argmax())
    what = f"sees an error of {_size(seen[k])} in {names[int(sweep.entries[k])]}"
    if seen[k] <= _TOLERANCE:
        said = "and passes"
    elif own[k] > _TOLERANCE and np.isclose(own[k], seen[k], rtol=0.1):
        said = "which is its own: it fails a right number"
    else:
        said = "and fails"
    how = f"plain, h = {USUAL_STEP:.0e}, tolerance {_TOLERANCE:.0e}"
    return f"A usual checker ({how}) {what}, {said}."


def _size(error: float) -> str:
    if not np.isfinite(error):
        return "inf (no number)"
    return f"{error:.0%}" if _USELESS <= error <= 10 else f"{error:.0e}"


def _names(result: GradcheckResult) -> list[str]:
    """Return the name of each entry of theta, such as W1[0,2]."""
    return [
        f"{tensor.name}[{','.join(map(str, index))}]"
        for tensor in result.check.layers
        for index in np.ndindex(tensor.shape)
    ]
