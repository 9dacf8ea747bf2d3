"""Puts a mutant into functions that are loaded already, which spares a new start for each."""

from __future__ import annotations

import functools
import gc
import inspect
import warnings
from types import CodeType, FunctionType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Loaded"]


class Loaded:
    """All functions, and all caches of functions, of the files under a folder."""

    def __init__(self, source: Path) -> None:
        self._functions: dict[str, list[FunctionType]] = {}
        self._caches = []
        for found in gc.get_objects():
            if isinstance(found, functools._lru_cache_wrapper):
                self._caches.append(found)
            elif isinstance(found, FunctionType):
                name = found.__code__.co_filename
                if name.startswith(str(source)):
                    self._functions.setdefault(name, []).append(found)

    def swap(self, path: Path, good: str, changed: str) -> bool:
        """Let the functions of a file do what its changed text says.

        False where that is not enough: the change is in what ran when the file was loaded.
        """
        functions = self._functions.get(str(path), [])
        try:
            new = dict(_changes(_compiled(good, path), _compiled(changed, path)))
            if not new or not new.keys() <= {function.__code__ for function in functions}:
                return False
            for function in functions:
                function.__code__ = new.get(function.__code__, function.__code__)
        except ValueError:  # other variables of a closure, or another number of functions
            return False
        for cache in self._caches:
            cache.cache_clear()
        return True


def _compiled(text: str, path: Path) -> CodeType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(text, str(path), "exec", dont_inherit=True)


def _changes(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    """Yield the outermost functions that differ. Raises ValueError where other code does."""
    if old.co_flags & inspect.CO_OPTIMIZED:
        if old != new:
            yield old, new
        return
    if _bare(old) != _bare(new):
        raise ValueError(old.co_name)
    for pair in zip(_inner(old), _inner(new), strict=True):
        yield from _changes(*pair)


def _inner(code: CodeType) -> list[CodeType]:
    return [const for const in code.co_consts if isinstance(const, CodeType)]


def _bare(code: CodeType) -> CodeType:
    consts = (None if isinstance(const, CodeType) else const for const in code.co_consts)
    return code.replace(co_consts=tuple(consts))
