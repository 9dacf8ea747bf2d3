"""Why what a function returned is no gradient of the case: the shapes that give a bug away."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.check.given.absent import folded, missing, missing_biases, no_such_array, wanted
from mlpcli.check.given.candidate import Candidate, Expected, array_of, bias_fits
from mlpcli.text import printable, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout, Shape

__all__ = ["TRANSPOSED", "misfit", "names_a_cause"]

Named: TypeAlias = tuple[str, "Shape", "Shape"]
"""A tensor's name, the shape that it should have, and the one that it has."""
_MOST = 4  # items that are told
_REVERSED = "the layers come in reverse order"
_IT_IS = ": it is "
TRANSPOSED = "it is transposed (gradient-transposed), dJ/dW_i = delta_i^T Z_{i-1}"


def names_a_cause(line: str) -> bool:
    """Whether a line of `misfit` names the mistake, and not only that shapes differ."""
    return any(words in line for words in (_REVERSED, _IT_IS, TRANSPOSED))


def misfit(tree: Any, found: Sequence[Candidate], case: Case, layout: Layout) -> list[str]:
    """Return what was expected and what came, one line per fault; nothing in `found` fits.

    The case is that of the layout. The first explanation that holds is told.
    """
    expected = _expected(case, layout)
    nearest = _nearest(found, expected)
    tensors = [] if nearest is None else _named(nearest, expected)
    return next(
        lines
        for lines in (
            [*_dtypes(tree)],
            [*_reversed(tensors)],
            [*_ravelled(found, expected)],
            [*_transposed(tensors)],
            [*_shapes(tensors, case)],
            [*folded(found, case, layout)],
            [*missing_biases(found, expected)],
            [*missing(tree, expected)],
            [*no_such_array(tree, expected)],
            [f"expected {wanted(expected)}, got {described(tree)}; shapes {_of_shapes(expected)}"],
        )
        if lines
    )


def _nearest(found: Sequence[Candidate], expected: Expected) -> Candidate | None:
    """Return the candidate of which most tensors fit, if it has as many as it should."""
    whole = [
        c
        for c in found
        if (len(c.weights), len(c.biases)) == (len(expected.weights), len(expected.biases))
        and not c.packed
        and all(W.ndim >= 2 for W in c.weights)
    ]
    return max(whole, key=lambda c: sum(map(_fits, _named(c, expected))), default=None)


def _named(candidate: Candidate, expected: Expected) -> list[Named]:
    """Return every tensor in the order W1, b1, W2, .."""
    kinds = (("W", expected.weights, candidate.weights), ("b", expected.biases, candidate.biases))
    each = [
        (i, (f"{kind}{i}", want, array.shape))
        for kind, shapes, arrays in kinds
        for i, (want, array) in enumerate(zip(shapes, arrays, strict=True), start=1)
    ]
    return [named for _, named in sorted(each, key=lambda numbered: numbered[0])]


def _fits(tensor: Named) -> bool:
    name, want, got = tensor
    return got == want if name[0] == "W" else bias_fits(got, want)


def _dtypes(tree: Any) -> Iterator[str]:
    """Yield the first array of half precision, of complex numbers, of text or of objects."""
    for where, array in _leaves(tree):
        half = array.dtype.kind == "f" and array.dtype.itemsize == 2
        if half or array.dtype.kind not in "biuf":
            yield f"{where}expected float32 or float64, got {array.dtype}"
            return


def _leaves(tree: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from _leaves(value, f"{shorten(str(key))}: ")
    elif isinstance(tree, (list, tuple)):
        for value in tree:
            yield from _leaves(value, where)
    elif isinstance(tree, np.ndarray):
        yield where, tree


def _reversed(tensors: Sequence[Named]) -> Iterator[str]:
    """Yield one line where every tensor has the shape of the mirrored layer."""
    mirrored = []
    for kind in "Wb":
        own = [tensor for tensor in tensors if tensor[0][0] == kind]
        shapes = [got for _, _, got in own]
        mirrored += [
            (name, want, got) for (name, want, _), got in zip(own, shapes[::-1], strict=True)
        ]
    wrong = [tensor for tensor in tensors if not _fits(tensor)]
    if wrong and all(map(_fits, mirrored)):
        name, want, got = wrong[0]
        yield (
            f"{name}: expected shape {want}, got {got}: {_REVERSED} (layers-reversed); "
            "layer 1 is the one next to X"
        )


def _expected(case: Case, layout: Layout) -> Expected:
    return Expected(*map(tuple, layout.shapes(layout.of(case).network)))


def _ravelled(found: Sequence[Candidate], expected: Expected) -> Iterator[str]:
    """Yield the first matrix that has its numbers, in one row or column."""
    for c in found:
        pairs = [*zip(c.weights, expected.weights, strict=False)]
        flat = [
            (f"W{i}", want, W.shape)
            for i, (W, want) in enumerate(pairs, start=1)
            if W.shape not in {want, want[::-1]} and W.size == max(W.shape, default=0) == prod(want)
        ]
        right = sum(W.shape == want for W, want in pairs)
        if flat and not c.packed and len(flat) + right == len(c.weights) == expected.depth:
            (name, want, got), *others = flat
            also = f", and so {_are(others)}" if others else ""
            yield (
                f"{name}: expected shape {want}, got {got}{_IT_IS}ravelled{also}; give it its "
                "shape, as in dW.reshape(W.shape)"
            )
            return


def _are(tensors: Sequence[Named]) -> str:
    names = ", ".join(name for name, _, _ in tensors)
    return f"{'is' if len(tensors) == 1 else 'are'} {names}"


def _transposed(tensors: Sequence[Named]) -> Iterator[str]:
    """Yield one line where every matrix has its shape turned round, and every bias its own."""
    turned = [(n, want[::-1] if n[0] == "W" else want, got) for n, want, got in tensors]
    wrong = [tensor for tensor in tensors if not _fits(tensor)]
    if wrong and all(map(_fits, turned)):
        name, want, got = wrong[0]
        yield f"{name}: expected shape {want}, got {got}; {TRANSPOSED}"


def _shapes(tensors: Sequence[Named], case: Case) -> Iterator[str]:
    """Yield what is wrong with the first tensor of a wrong shape, and the names of the others."""
    wrong = [tensor for tensor in tensors if not _fits(tensor)]
    if wrong:
        (name, want, got), *others = wrong
        also = f" (and {', '.join(name for name, _, _ in others)})" if others else ""
        yield f"{name}{also}: expected shape {want}, got {got}{_betrayed(name, want, got, case)}"


def _betrayed(name: str, want: Shape, got: Shape, case: Case) -> str:
    """Return the bug that a wrong shape gives away."""
    rows, layer = case.rows, int(name[1:])
    width, fan_in = case.network.W[layer - 1].shape
    wrong_axis = f"summed over the wrong axis: {rows} is the number of rows"
    of_rows: set[Shape] = {(rows,), (1, rows), (rows, 1)} if name[0] == "b" else set()
    each = {(rows, width), (width, rows)} if name[0] == "b" else set()
    told = dict.fromkeys(of_rows, wrong_axis) | {
        want[::-1]: "transposed; W_i is n_i x n_{i-1}, so dJ/dW_i = delta_i^T Z_{i-1}",
        (width, rows): f"n_{layer} x N: delta_{layer} before it meets Z_{layer - 1}",
        (rows, width): f"N x n_{layer}: delta_{layer} before it meets Z_{layer - 1}",
        (fan_in, rows): f"n_{layer - 1} x N: Z_{layer - 1} before it meets delta_{layer}",
        (rows, fan_in): f"N x n_{layer - 1}: Z_{layer - 1} before it meets delta_{layer}",
        (rows, rows): "N x N: a product that sums over units, not over rows",
        (rows, *want): "one gradient per row; sum over rows",
        (*want, rows): "one gradient per row; sum over rows",
        **dict.fromkeys(each, "one gradient per row; sum over rows"),
    }
    return f"{_IT_IS}{told[got]}" if got in told else ""


def _of_shapes(expected: Expected) -> str:
    lists = (part for part in (expected.weights, expected.biases) if part)
    return " and ".join(", ".join(map(str, part)) for part in lists)


def described(tree: Any, depth: int = 0) -> str:
    """Return what a tree is, in a few words."""
    if isinstance(tree, dict):
        return f"a dict of {', '.join(printable(str(key)) for key in [*tree][:8]) or 'nothing'}"
    if isinstance(tree, (list, tuple)):
        inner = ", ".join(described(item, depth + 1) for item in tree[:_MOST])
        more = ", .." if len(tree) > _MOST else ""
        name = type(tree).__name__
        return f"a {name} of ({inner}{more})" if depth < 3 and tree else name
    if isinstance(tree, str):
        return printable(tree)
    array = array_of(tree)
    if array is None:
        return type(tree).__name__
    return f"shape {array.shape}" if array.ndim else "a number"
