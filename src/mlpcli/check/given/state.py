"""The weights that an object or a module keeps: found by their names and shapes, set, read.

A function of X and y alone takes W and b from self.weights and self.biases, self.W1 and self.b1,
self.params["W1"], self.layers[0].W, or globals of such names.
"""

from __future__ import annotations

import re
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from mlpcli.check.given.called_by import RATES
from mlpcli.errors import CaseError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["Place", "places", "rate_of"]

_DEEPEST = 4
# Words of a name that say: this is a derivative; or a memory, which is no parameter either.
_DERIVATIVE = {"d", "grad", "grads", "gradient", "gradients", "delta", "deltas", "nabla", "g"}
_MEMORY = {"velocity", "velocities", "momentum", "v", "m", "vw", "vb", "mw", "mb", "cache", "old",
           "prev", "last", "best", "batch", "x", "y", "z", "a", "h"}  # fmt: skip
_WORDS = {"W": ("w", "theta", "kernel", "coef"), "b": ("b", "intercept")}


@dataclass(frozen=True)
class Place:
    """Where an array is kept: keys and attributes that lead to it from its owner."""

    owner: Any
    path: tuple[Any, ...]

    @property
    def name(self) -> str:
        """The path in words, "layers.0.W"."""
        return ".".join(map(str, self.path))

    def get(self) -> Any:
        """Return what is there now."""
        return reduce(_item, self.path, self.owner)

    def put(self, array: np.ndarray[Any, Any]) -> None:
        """Write the numbers into the array that is there, which others may know, too."""
        now = self.get()
        if isinstance(now, np.ndarray) and now.shape == array.shape and now.flags.writeable:
            now[...] = array
        else:
            _items(reduce(_item, self.path[:-1], self.owner))[self.path[-1]] = array.copy()


def _items(holder: Any) -> Any:
    """Return what can be asked for its items: attributes are those of an object."""
    return holder if isinstance(holder, (dict, list, tuple)) else vars(holder)


def _item(holder: Any, key: Any) -> Any:
    return _items(holder)[key]


def places(
    owner: Any,
    weights: Sequence[np.ndarray[Any, Any]],
    biases: Sequence[np.ndarray[Any, Any]],
    *,
    derivatives: bool = False,
) -> tuple[list[Place], list[Place]]:
    """Return where the owner, an object or a module, keeps arrays of these shapes.

    They are W and b, or their `derivatives`. Raises CaseError that names the first not found.
    """
    kept = [p for p in _walk(owner, owner, (), set()) if _is_derivative(p.name) == derivatives]
    return (
        _chosen(kept, "W", [W.shape for W in weights]),
        _chosen(kept, "b", [b.shape for b in biases]),
    )


def rate_of(owner: Any) -> str | None:
    """Return the attribute in which the owner keeps its learning rate, if it has one."""
    for name, value in vars(owner).items():
        if name.strip("_").lower() in RATES and isinstance(value, (float, int)):
            return str(name)
    return None


def _chosen(
    everywhere: Sequence[Place], letter: Literal["W", "b"], shapes: Sequence[tuple[int, ...]]
) -> list[Place]:
    left = [place for place in everywhere if _says(place.name, letter)]
    chosen: list[Place] = []
    for i, shape in enumerate(shapes, 1):
        fitting = next((place for place in left if np.shape(place.get()) == shape), None)
        if fitting is None:
            seen = ", ".join(f"{p.name} {np.shape(p.get())}" for p in left[:6]) or "none"
            raise CaseError(
                f"takes X and y alone, and keeps no array of shape {shape} for {letter}{i} "
                f"(found: {seen}); expected f(weights, biases, X, y), or {_network(left)}"
            )
        left.remove(fitting)
        chosen.append(fitting)
    return chosen


def _network(left: Sequence[Place]) -> str:
    """Return the option that names the network of the matrices that are there, if they are one."""
    shapes = [np.shape(place.get()) for place in left if np.ndim(place.get()) == 2]
    for turned in (shapes, [shape[::-1] for shape in shapes]):
        if turned and all(below[1] == above[0] for below, above in pairwise(turned)):
            return f"--network {'-'.join(map(str, [*(n for n, _ in turned), turned[-1][1]]))}"
    return "another --network"


def _is_derivative(name: str) -> bool:
    return bool(_DERIVATIVE & {*_words(name)[-3:]}) or _words(_last(name))[:1] == ["d"]


def _says(name: str, letter: str) -> bool:
    """Whether the last word of a name that is no number says W, or b."""
    starts = _WORDS[letter]
    return not _MEMORY & {*_words(name)[-3:]} and any(
        word.startswith(starts) for word in _words(_last(name))
    )


def _words(name: str) -> list[str]:
    """Return the words of "layers.0.dW_hidden": layers, d, w, hidden."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=\bd)(?=[wb])|(?<=_d)(?=[wb])", " ", name)
    return [word for word in re.split(r"[^a-z]+", spaced.lower()) if word]


def _last(name: str) -> str:
    """Return the last part of "layers.0.W1" that is no number."""
    return next((part for part in reversed(name.split(".")) if not part.isdigit()), "")


def _walk(owner: Any, holder: Any, path: tuple[Any, ...], seen: set[int]) -> Iterator[Place]:
    """Yield the arrays in an object, and in the lists, dicts and objects that it holds."""
    if id(holder) in seen or len(path) > _DEEPEST:
        return
    seen.add(id(holder))
    items = _items(holder)
    for key, value in [*(items.items() if isinstance(items, dict) else enumerate(items))]:
        if str(key).startswith("__"):
            continue
        longer = (*path, key)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            yield Place(owner, longer)
        elif isinstance(value, (dict, list, tuple)) or _is_own_object(value):
            yield from _walk(owner, value, longer, seen)


def _is_own_object(value: Any) -> bool:
    """Whether somebody's class made it, and not a library's: those are large, and no layers."""
    module = type(value).__module__.partition(".")[0]
    plain = isinstance(getattr(value, "__dict__", None), dict) and not isinstance(value, type)
    return plain and module not in {"builtins", "numpy"}
