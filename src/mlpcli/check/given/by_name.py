"""The readings of dicts, by the names of their keys."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from mlpcli.check.given.candidate import Candidate, Expected, as_candidate, items_of, of_length

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


__all__ = ["by_name", "flattened", "sorted_out"]

_NAME = re.compile(
    r"(?P<of>(?:d|g|grads?|gradients?|nabla|delta|dJ_?d|dL_?d|∂)_?)*"
    r"(?P<what>weights?|w|thetas?|kernels?|bias(?:es)?|b)_?(?P<layer>\d*)(?P<after>_?grads?)?",
    re.IGNORECASE,
)
Named: TypeAlias = dict[tuple[bool, str], dict[int, Any]]
"""By whether a name says that it is a derivative, and W or b: what each number names, -1 none."""


def by_name(tree: Any, expected: Expected) -> Iterator[Candidate]:
    """Yield what the keys of dicts say: W1, dW1, grad_W1, dTheta1, from 0 or 1, or whole lists."""
    flat = flattened(tree)
    named, beside = sorted_out(flat)
    for derivative, words in ((True, "dW1, db1, .."), (False, "W1, b1, ..")):
        weights = _layers(named.get((derivative, "W")), expected.depth)
        biases = _layers(named.get((derivative, "b"), {}), expected.depth)
        if weights is not None and biases is not None:
            yield from as_candidate(f"the names {words}", (weights, biases), beside)


def flattened(tree: Any) -> dict[str, Any]:
    """Return a dict by its keys; of one dict per layer, by their keys with the layer's number."""
    layers = items_of(tree) or (list(tree.values()) if isinstance(tree, dict) else [])
    if layers and all(isinstance(layer, dict) and not _holds_dicts(layer) for layer in layers):
        return {f"{key}{i}": x for i, layer in enumerate(layers, 1) for key, x in layer.items()}
    return {str(key): x for key, x in tree.items()} if isinstance(tree, dict) else {}


def _holds_dicts(layer: dict[Any, Any]) -> bool:
    """Whether it is no layer, but holds layers."""
    return any(isinstance(item, dict) for item in layer.values())


def sorted_out(flat: Mapping[str, Any]) -> tuple[Named, dict[str, Any]]:
    """Return what the keys name as weights and biases, and what stands beside them."""
    named: Named = {}
    beside = {}
    for key, value in flat.items():
        match = _NAME.fullmatch(key)
        if match is None:
            beside[key] = value
            continue
        says = match.groupdict()
        of = (bool(says["of"] or says["after"]), "b" if says["what"][0] in "bB" else "W")
        named.setdefault(of, {})[int(says["layer"] or -1)] = value
    return named, beside


def _layers(numbered: dict[int, Any] | None, depth: int) -> list[Any] | None:
    """Return what the numbers name in their order, or the list of a name without a number."""
    if numbered is None:
        return None
    if set(numbered) == {-1}:
        whole = numbered[-1]
        single = depth == 1 and isinstance(whole, np.ndarray) and whole.ndim < 3
        return [whole] if single else of_length(whole, depth) or of_length(whole, 0)
    numbers = sorted(numbered)
    consecutive = len(numbers) == depth == numbers[-1] - numbers[0] + 1 if numbers else True
    return [numbered[i] for i in numbers] if consecutive else None
