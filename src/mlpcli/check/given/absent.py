"""Which arrays a returned gradient lacks: biases, a layer, or a matrix under its own name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlpcli.check.given.candidate import Candidate, Expected, array_of
from mlpcli.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout

__all__ = ["WANTED", "folded", "missing", "missing_biases", "no_such_array", "wanted"]

WANTED = ("two lists of arrays, (d_weights, d_biases)", "a list of arrays, d_weights")


def wanted(expected: Expected) -> str:
    """Return what was expected in words, with biases or without."""
    return WANTED[0 if expected.biases else 1]


def missing_biases(found: Sequence[Candidate], expected: Expected) -> Iterator[str]:
    """Yield the biases that are forgotten where the matrices are there, and nothing else is."""
    if expected.biases and any(
        tuple(W.shape for W in c.weights) == expected.weights
        and not c.biases
        and all(not name.startswith("[") for name in c.beside)
        for c in found
    ):
        missing = ", ".join(f"db{i}" for i in range(1, expected.depth + 1))
        verb = "is" if expected.depth == 1 else "are"
        yield f"{missing} {verb} missing: expected {wanted(expected)}, got d_weights alone"


def folded(found: Sequence[Candidate], case: Case, layout: Layout) -> Iterator[str]:
    """Yield that matrices have a column more each, where biases are expected beside them."""
    if layout.folded or not case.network.bias:
        return
    ours = (*replace(layout, bias="first").shapes(case.network)[0],)
    if any(tuple(W.shape for W in c.weights) == ours for c in found):
        what = "column" if layout.weights == "out-in" else "row"
        yield (
            f"every matrix has one {what} more, as where biases are folded in: --bias first or "
            "--bias last says in which"
        )


def missing(tree: Any, expected: Expected) -> Iterator[str]:
    """Yield the first array that a dict of named arrays lacks."""
    if not isinstance(tree, dict) or not any(str(key)[-1:].isdigit() for key in tree):
        return
    kinds = "Wb" if expected.biases else "W"
    for name in (f"{kind}{i}" for i in range(1, expected.depth + 1) for kind in kinds):
        if name not in tree and f"d{name}" not in tree:
            yield f'no array "{name}"; it has {", ".join(printable(str(k)) for k in [*tree][:8])}'
            return


def no_such_array(tree: Any, expected: Expected) -> Iterator[str]:
    """Yield the first matrix under its own name that is no array, or has another shape."""
    for i, want in enumerate(expected.weights, start=1):
        value = tree.get(f"W{i}", tree.get(f"dW{i}")) if isinstance(tree, dict) else None
        array = array_of(value)
        if isinstance(value, list) and array is None:
            yield f"W{i}: expected shape {want}, got rows of different lengths, or no numbers"
        elif array is not None and array.shape != want:
            yield f"W{i}: expected shape {want}, got {array.shape}"
        else:
            continue
        return
