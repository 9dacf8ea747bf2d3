"""Builds the objects that a function is a method of: "net:Model.gradient"."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["built"]


def built(
    path: Sequence[Any], attributes: Sequence[str], name: str, sizes: Sequence[int]
) -> Callable[..., Any]:
    """Return the function that a path of attributes ends in, bound to an object where it needs one.

    A class on the path is built without arguments, else of the list of sizes n_0, .. n_L, else of
    the sizes one by one. Raises CaseError where none of these will do.
    """
    for i, owner in enumerate(path):
        if inspect.isclass(owner) and not _is_bound(path, attributes, i):
            if owner is path[-1]:
                _require_call(owner, name)
            found: Any = _object(owner, name, sizes)
            for attribute in attributes[i + 1 :]:
                found = getattr(found, attribute)
            return found  # type: ignore[no-any-return]  # checked when it is called
    return path[-1]  # type: ignore[no-any-return]


def _is_bound(path: Sequence[Any], attributes: Sequence[str], i: int) -> bool:
    """Whether what the i-th of the path is asked for needs no object of it."""
    if i + 1 == len(path):
        return False
    static = inspect.getattr_static(path[i], attributes[i + 1])
    return isinstance(static, (staticmethod, classmethod)) or inspect.isclass(path[i + 1])


def _require_call(cls: type, name: str) -> None:
    if any("__call__" in vars(base) for base in cls.__mro__):
        return
    methods = [n for n, x in vars(cls).items() if inspect.isfunction(x) and not n.startswith("_")]
    raise CaseError(
        f"{name}: {cls.__name__} is a class; name its method, {name}.{(methods or ['METHOD'])[-1]}"
    )


def _object(cls: type, name: str, sizes: Sequence[int]) -> Any:
    try:
        signature = inspect.signature(cls)
    except (TypeError, ValueError):  # a class of compiled code need not tell
        return cls()
    ways: list[tuple[Any, ...]] = [(), (list(sizes),), tuple(sizes)]
    if any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
        ways.reverse()  # *sizes takes none as well
    for arguments in ways:
        if _binds(signature, arguments):
            return cls(*arguments)
    raise CaseError(
        f"{name}: {cls.__name__}{signature} needs more than mlp has; expected a class built "
        "without arguments, or of the list of sizes: give its parameters defaults"
    )


def _binds(signature: inspect.Signature, arguments: tuple[Any, ...]) -> bool:
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True
