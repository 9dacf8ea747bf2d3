"""What a function returned as a plain tree: dicts, lists and tuples of arrays, nothing alive in it.

A leaf is a real array (a number is one without axes; its precision stays what it was), None, or the
name of a type that holds no numbers. A list of numbers is an array of one axis; a matrix in lists
is a list of such rows. An object that has arrays as attributes is a dict of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from typing import Any, TypeAlias

import numpy as np

__all__ = [
    "Refused",
    "Tree",
    "copied",
    "holds_arrays",
    "in_new_lists",
    "refilled",
    "same",
    "tree_of",
    "tree_or_name",
]

Tree: TypeAlias = (
    Any  # recursive: None | str | ndarray | list[Tree] | tuple[Tree, ..] | dict[.., Tree]
)


_LONGEST_PLACE = 48
_DEEPEST = 16
_LONGEST = 100_000  # items of one list, and characters of one key
_NUMBERS = (bool, int, float, np.generic)


class Refused(ValueError):
    """What we do not take, at a `place` such as [0][1]; nothing that somebody's code raised."""

    def __init__(self, why: str, place: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.place = place

    def under(self, key: int | str) -> Refused:
        """Return the same one level further up."""
        return Refused(self.why, f"[{key!r:.40}]{self.place}"[:_LONGEST_PLACE])


def tree_of(value: Any, depth: int = 0, inside: tuple[object, ...] = ()) -> Tree:
    """Return the value as a tree. Raises Refused for what is too large or not real.

    `inside` are the objects that it is an attribute of.
    """
    if depth > _DEEPEST:
        raise Refused(f"it is nested more than {_DEEPEST} deep")
    if value is None or isinstance(value, str):
        return None if value is None else "str"
    if isinstance(value, _NUMBERS):
        return _real(np.asarray(value))
    if isinstance(value, Mapping):
        return {(k := _key(key)): _node(k, x, depth, inside) for key, x in value.items()}
    if isinstance(value, (list, tuple, Iterator)) or _holds_objects(value):
        return _sequence(value, depth, inside)
    array = _array(value)
    return _object(value, depth, inside) if array is None else _real(array)


def tree_or_name(value: Any, levels: int = 2) -> Tree:
    """Return the value as a tree; for what is not taken, within lists too, the name of its type."""
    if levels and isinstance(value, (list, tuple)):
        return type(value)(tree_or_name(item, levels - 1) for item in value)
    try:
        return tree_of(value)
    except Refused:
        return str(getattr(value, "dtype", type(value).__name__))[:100]


def _object(value: Any, depth: int, inside: tuple[object, ...]) -> Tree:
    """Return the public attributes of an object that has arrays among them, else its type's name.

    Objects may refer to each other, so that it stands once on the way down to itself.
    """
    name = type(value).__name__[:100]
    if depth == _DEEPEST or isinstance(value, type) or any(value is one for one in inside):
        return name
    slots = (getattr(kind, "__slots__", ()) for kind in type(value).__mro__)
    names = [*chain.from_iterable(slots), *getattr(value, "__dict__", ())]
    public = {one: getattr(value, one, None) for one in names if not one.startswith("_")}
    tree = tree_of(public, depth, (*inside, value))
    return tree if holds_arrays(tree) else name


def _node(key: int | str, item: Any, depth: int, inside: tuple[object, ...]) -> Tree:
    """Return the tree of what stands under a key, which is told where it is refused."""
    try:
        return tree_of(item, depth + 1, inside)
    except Refused as refused:
        raise refused.under(key) from None


def _key(key: Any) -> int | str:
    return key if isinstance(key, int) and abs(key) < _LONGEST else str(key)[:_LONGEST]


def _sequence(value: Any, depth: int, inside: tuple[object, ...]) -> Tree:
    items = list(islice(value, _LONGEST + 1))
    if items and all(isinstance(item, _NUMBERS) for item in items):
        return _real(np.asarray(items))
    if len(items) > _LONGEST:
        raise Refused(f"a list has more than {_LONGEST:,} items")
    nodes = [_node(i, item, depth, inside) for i, item in enumerate(items)]
    return tuple(nodes) if isinstance(value, tuple) else nodes


def _holds_objects(value: Any) -> bool:
    """Whether it is an array of arrays, which NumPy's dtype object makes."""
    return isinstance(value, np.ndarray) and value.dtype == object and value.ndim > 0


def _array(value: Any) -> np.ndarray[Any, Any] | None:
    """Return an array of any library as one of NumPy's; None for what is no array."""
    for release in ("detach", "cpu"):  # torch: from its graph, from its device
        if callable(getattr(value, release, None)):
            value = getattr(value, release)()
    try:
        if hasattr(value, "__array__"):
            return np.asarray(value)
    except (
        TypeError
    ):  # a dtype that NumPy has not, as torch's bfloat16; every such tensor has float()
        return np.asarray(value.float())
    if hasattr(value, "__dlpack__"):
        return np.from_dlpack(value)
    try:
        return np.asarray(memoryview(value))  # array.array, ctypes
    except (TypeError, ValueError):
        return None


def _real(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return a plain array of a dtype that a file may hold: float16, 32, 64, integers, booleans."""
    array = np.asarray(array)
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16, as JAX has it
        array = array.astype(np.float32)
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    if array.dtype == object and all(isinstance(number, int) for number in array.flat):
        array = array.astype(np.float64)  # integers of more than 64 bits
    if array.dtype.kind not in "biuf":
        raise Refused(f"expected real numbers, got {array.dtype}")
    return array


def holds_arrays(tree: Tree) -> bool:
    """Whether there is an array in it that is more than one number."""
    if isinstance(tree, dict):
        return any(map(holds_arrays, tree.values()))
    if isinstance(tree, (list, tuple)):
        return any(map(holds_arrays, tree))
    return isinstance(tree, np.ndarray) and tree.ndim > 0


def copied(tree: Tree) -> Tree:
    """Return the tree with arrays of its own, which may be written to."""
    if isinstance(tree, dict):
        return {key: copied(node) for key, node in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(copied(node) for node in tree)
    return tree.copy() if isinstance(tree, np.ndarray) else tree


def refilled(kept: Tree, tree: Tree) -> Tree:
    """Return the tree in the arrays of another one where they have its shapes, else in new ones."""
    if isinstance(tree, (list, tuple)):
        as_long = isinstance(kept, (list, tuple)) and len(kept) == len(tree)
        pairs = zip(kept if as_long else [None] * len(tree), tree, strict=True)
        return type(tree)(refilled(*pair) for pair in pairs)
    if not isinstance(tree, np.ndarray):
        return copied(tree)
    alike = isinstance(kept, np.ndarray) and (kept.shape, kept.dtype) == (tree.shape, tree.dtype)
    if not alike or not kept.flags.writeable:
        return tree.copy()
    kept[...] = tree
    return kept


def in_new_lists(tree: Tree) -> Tree:
    """Return the same arrays in lists of their own."""
    return [*map(in_new_lists, tree)] if isinstance(tree, list) else tree


def same(a: Tree, b: Tree) -> bool:
    """Whether two trees are equal, number for number."""
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=True)
    if isinstance(a, (list, tuple)):
        return (
            isinstance(b, (list, tuple))
            and len(a) == len(b)
            and all(same(x, y) for x, y in zip(a, b, strict=True))
        )
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a is b or (isinstance(a, str) and isinstance(b, str) and a == b)
