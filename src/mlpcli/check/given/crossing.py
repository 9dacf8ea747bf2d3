"""Watches what the labels meet: y (N,) less z (N, 1) is N x N, every row against every label.

NumPy says nothing where that happens, and fails, if it does, lines later.
"""

from __future__ import annotations

from typing import Any, Self, TypeAlias

import numpy as np

__all__ = ["Crossing", "Watched", "watched"]

Crossing: TypeAlias = "tuple[tuple[int, ...], tuple[int, ...]]"
"""The shapes of two arrays that met in all pairs, (N, 1) and (N,)."""


class Watched(np.ndarray[Any, Any]):
    """An array that notes, with all that is made of it, which pairs it met; `seen` is shared."""

    seen: list[Crossing]

    def __array_finalize__(self, made_of: Any) -> None:
        """Share the notes with what this was made of."""
        self.seen = getattr(made_of, "seen", [])

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """Do as plain arrays do, and note pairs."""
        plain = [_plain(one) for one in inputs]
        out = options.get("out", ())
        if out:
            options["out"] = tuple(map(_plain, out))
        shapes = [np.shape(one) for one in plain]
        if method == "__call__" and ufunc.signature is None and _cross(shapes):
            self.seen.append((shapes[0], shapes[1]))
        made = getattr(ufunc, method)(*plain, **options)
        if out:
            return out[0] if len(out) == 1 else out
        return self._also(made) if isinstance(made, np.ndarray) else made

    def _also(self, made: np.ndarray[Any, Any]) -> Self:
        """Return an array that shares these notes."""
        view = made.view(type(self))
        view.seen = self.seen
        return view


def watched(array: np.ndarray[Any, Any]) -> Watched:
    """Return a copy that is watched."""
    copy = array.copy().view(Watched)
    copy.seen = []
    return copy


def _plain(one: Any) -> Any:
    return one.view(np.ndarray) if isinstance(one, Watched) else one


def _cross(shapes: list[tuple[int, ...]]) -> bool:
    """Whether a column of N > 1 numbers meets N numbers without a second axis."""
    if len(shapes) != 2:
        return False
    flat, column = sorted(shapes, key=len)
    return len(flat) == 1 < flat[0] and column == (flat[0], 1)
