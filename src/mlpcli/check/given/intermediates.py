"""What stands beside a returned gradient, compared with ours: the first wrong array is the place.

    loss      J
    H_i, Z_i  pre-activations and activations, Z_L the outputs       N x n_i
    delta_i   dJ/dH_i                                                N x n_i
    dX        dJ/dX                                                  N x n_0

The forward pass is followed from the input, deltas from the output. An error is relative to the
largest entry of its array, so that what cancels in one cell casts no doubt on the others.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from mlpcli.check.given.candidate import array_of, items_of
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout
    from mlpcli.nn.sigmoid import FloatArray

    Arrays: TypeAlias = Mapping[str, FloatArray]

__all__ = ["Comparison", "compare", "intermediates", "is_known"]

_TOLERANCE = {False: 1e-6, True: 1e-4}  # by whether the array may have been float32
_LOSS_TOLERANCE = 1e-4  # an epsilon inside a logarithm is no other loss


@dataclass(frozen=True)
class Comparison:
    """One array or the loss, by our name for it; `meaning` is empty where there is none to tell.

    `value` is that of the loss, None of an array.
    """

    name: str
    verdict: Literal["pass", "fail"]
    max_relative_error: float
    meaning: str = ""
    value: float | None = None


@np.errstate(all="ignore")  # extreme weights: what comes of them is compared, not hidden
def intermediates(case: Case) -> dict[str, FloatArray]:
    """Return ours by name, rows as samples: loss, H1, Z1, .. ZL from the input, deltaL, .. dX."""
    f, loss = case.forward(), case.objective.loss
    Z = [*f.Z[1:], loss.predict(f.logits)]
    ours: dict[str, FloatArray] = {"loss": np.array(case.value())}
    for i, (h, z) in enumerate(zip(f.H, Z, strict=True), start=1):
        ours |= {f"H{i}": h, f"Z{i}": z}
    deltas = _deltas(case)
    ours |= {f"delta{i}": deltas[i] for i in sorted(deltas, reverse=True)}
    return ours | {"dX": deltas[1] @ case.network.W[0]}


def _deltas(case: Case) -> dict[int, FloatArray]:
    """Return delta_i by layer: each rule of backprop that changes delta is one that keeps it."""
    from mlpcli.nn.backprop import RIGHT

    kept: dict[int, FloatArray] = {}

    def keeping(i: int) -> Callable[[FloatArray], FloatArray]:
        return lambda delta: kept.setdefault(i, delta)

    depth = len(case.network.W)
    rules = RIGHT.also("delta", {i: keeping(i) for i in range(1, depth + 1)})
    case.objective.gradient(case.forward(), case.y, case.omega, rules)
    return kept


_LOSS = re.compile(r"loss|cost|j|objective|error|l", re.IGNORECASE)
_ARRAY = re.compile(
    r"(?P<H>h|pre_?activations?|logits?|nets?|zs)_?(?P<h>\d*)"
    r"|(?P<Z>z|a|activations?|outputs?|out|y_?hat|y_?pred|probs?|probabilities|p)_?(?P<z>\d*)"
    r"|(?P<delta>deltas?|dz|dh|d_z|d_h|dL?_?d[HZ])_?(?P<d>\d*)"
    r"|(?P<dX>dX|d_X|dinputs?)",
    re.IGNORECASE,
)


def is_known(name: str) -> bool:
    """Whether what stands under this name can be compared."""
    return bool(_LOSS.fullmatch(name) or _ARRAY.fullmatch(name))


def compare(beside: Mapping[str, Any], case: Case, layout: Layout) -> tuple[Comparison, ...]:
    """Return how the known arrays beside a gradient compare, in the order of the computation.

    What has an unknown name, or a shape that no layout gives, is left out.
    """
    ours = intermediates(layout.of(case))
    told, beside = "", dict(beside)
    if isinstance(beside.get("loss"), tuple):  # several numbers without names, as loss and accuracy
        beside["loss"], told = _taken_for_the_loss(beside["loss"], case)
    given = dict(_given(beside, ours, layout, len(case.network.W)))
    compared = [_compared(name, given[name], ours, case) for name in ours if name in given]
    if told and compared[:1]:
        compared[0] = replace(
            compared[0], meaning="; ".join(filter(None, (compared[0].meaning, told)))
        )
    return tuple(_placed(compared))


def _given(
    beside: Mapping[str, Any], ours: Arrays, layout: Layout, depth: int
) -> Iterator[tuple[str, Any]]:
    """Yield the arrays by our names, rows as samples."""
    for name, tree in beside.items():
        for ours_name, node in _named(name, tree, depth):
            array = array_of(node)
            shape = None if ours_name not in ours else ours[ours_name].shape
            if array is not None and shape is not None:
                fitted = _fitted(array, shape, layout)
                if fitted is not None:
                    yield ours_name, fitted


def _named(name: str, tree: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield the nodes of a name, one or a list for all layers, by our names."""
    if _LOSS.fullmatch(name):
        yield "loss", tree
    match = _ARRAY.fullmatch(name)
    if match is None:
        return
    kind = str(match.lastgroup and next(k for k in ("H", "Z", "delta", "dX") if match[k]))
    number = match["h"] or match["z"] or match["d"]
    items = items_of(tree) if isinstance(tree, (list, tuple, dict)) else None
    if kind == "dX":
        yield "dX", tree
    elif number:
        yield f"{kind}{int(number)}", tree
    elif items is not None and len(items) in (depth, depth + 1):
        yield from ((f"{kind}{i}", item) for i, item in enumerate(items[-depth:], start=1))
    elif items is None:
        yield f"{kind}{depth}", tree  # outputs, probabilities: those of the last layer


def _fitted(array: Any, shape: tuple[int, ...], layout: Layout) -> Any:
    """Return the array in our layout, without the ones of a folded bias; None if it cannot be."""
    if shape == ():
        return array.reshape(()) if array.size == 1 else None
    rows = layout.own_rows(array) if array.ndim else array
    if rows.ndim == 1 and rows.size == max(shape) == shape[0] * shape[1]:
        return rows.reshape(shape)
    if layout.folded and rows.shape == (shape[0], shape[1] + 1):
        return np.delete(rows, {"first": 0, "last": -1}[layout.bias], axis=1)
    return rows if rows.shape == shape else None


def _compared(name: str, A: FloatArray, ours: Arrays, case: Case) -> Comparison:
    """Return whether it is ours, or in which known way it is not."""
    if name == "loss":
        return _compared_loss(float(A), float(ours["loss"]), case)
    if _same(A, ours[name]):
        return Comparison(name, "pass", _error(A, ours[name]))
    for meaning, expected in _other_meanings(name, ours, case):
        if _same(A, expected):
            return Comparison(name, "pass", _error(A, expected), meaning)
    return Comparison(name, "fail", _error(A, ours[name]), _factor(A, ours[name]))


def _other_meanings(name: str, ours: Arrays, case: Case) -> Iterator[tuple[str, FloatArray]]:
    """Yield what else is called so, with its value: letters and divisors differ between courses."""
    kind, layer = name.rstrip("0123456789"), name.lstrip("HZdeltaX")
    if kind in ("H", "Z"):
        other = f"{'Z' if kind == 'H' else 'H'}{layer}"
        yield f"it is what we call {other}", ours[other]
    else:
        with np.errstate(over="ignore"):
            yield "without 1/N", ours[name] * case.rows


def _taken_for_the_loss(numbers: Sequence[Any], case: Case) -> tuple[Any, str]:
    """Return the one of several numbers that is nearest to J, and which one that is."""
    J = case.value()
    found = [_compared_loss(float(number), J, case) for number in numbers]
    errors = [(one.verdict == "fail", one.meaning.startswith("got"), one.max_relative_error)
              for one in found]  # fmt: skip
    taken = errors.index(min(errors))
    return numbers[taken], f"number {taken + 1} of the {len(numbers)} returned, the nearest to J"


def _compared_loss(F: float, J: float, case: Case) -> Comparison:
    N, K = case.y.shape
    meanings = {"": 1.0, "J summed over rows": N, "J/2": 0.5, "J/K": 1 / K, "N J/2": N / 2,
                "J/(2 K)": 0.5 / K, "N J/K": N / K}  # fmt: skip
    close = [(_distance(F, c * J), words) for words, c in meanings.items()]
    error, words = min(close, key=lambda found: (found[0] > _LOSS_TOLERANCE, found[0]))
    if _distance(F, J) <= _LOSS_TOLERANCE:
        return Comparison("loss", "pass", _distance(F, J), value=F)
    words = f"it is {words}" if error <= _LOSS_TOLERANCE else f"got {F:.9g}, J is {J:.9g}"
    return Comparison("loss", "fail", _distance(F, J), words, F)


def _distance(a: float, b: float) -> float:
    if a == b:
        return 0.0
    size = max(abs(a), abs(b))
    return abs(a - b) / size if np.isfinite(size) else np.inf


def _same(A: FloatArray, B: FloatArray) -> bool:
    with np.errstate(all="ignore"):
        single = bool((A.astype(np.float32) == A).all())
    return _error(A, B) <= _TOLERANCE[single]


def _error(A: FloatArray, B: FloatArray) -> float:
    """Return the largest difference over the largest entry, inf where an entry is not finite."""
    with np.errstate(all="ignore"):
        apart = np.abs(A.astype(np.float64) - B).max()
        error = apart / np.abs(B).max() if apart else 0.0
    return float(error) if np.isfinite(error) else np.inf


def _factor(A: FloatArray, B: FloatArray) -> str:
    """Return by which one number it differs, if by one."""
    with np.errstate(all="ignore"):
        c = float(np.vdot(B, A) / np.vdot(B, B))
    return f"it is {c:.6g} times ours" if np.isfinite(c) and c and _same(A, c * B) else ""


def _placed(compared: list[Comparison]) -> Iterator[Comparison]:
    """Yield the comparisons; the first wrong array of each pass is the place to look at."""
    told: set[bool] = set()
    for found in compared:
        backward = found.name.startswith("d")
        if found.verdict == "pass" or found.name == "loss":
            yield found
            continue
        end = "output" if backward else "input"
        place = f"the first wrong one from the {end}" if backward not in told else "may follow"
        told.add(backward)
        yield replace(found, meaning="; ".join(filter(None, (place, found.meaning))))
