"""`dataclass(frozen=True)` at a quarter of its cost: a run loads 80 records, a check 110.

The standard one writes and compiles six methods for every class, which takes 0.3 ms. Here only
`__init__` is made for each, and the others are written once; to set a field takes it 0.1 us more.
So what is made by the thousand is a dataclass of the standard library, as is what others inherit
from, also from outside.
"""

from __future__ import annotations

import dataclasses
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen, eq=True, repr=True):  # noqa: A002  the standard one's names
        """Return what makes a class immutable, comparable by its fields, and shown by them."""
        assert frozen, "others are dataclasses of the standard library"
        methods = {"__setattr__": _set, "__delattr__": _delete}
        methods |= {"__eq__": _equal, "__hash__": _hash} if eq else {}
        methods |= {"__repr__": _repr} if repr else {}

        def made(cls):
            for name, method in methods.items():
                if vars(cls).get(name) is None:  # Python gives a class with __eq__ no hash: None
                    setattr(cls, name, method)
            return dataclasses.dataclass(eq=False, repr=False)(cls)

        return made


def _set(self: Any, name: str, value: object) -> None:
    if name in vars(self) or name not in self.__dataclass_fields__:  # __init__ sets each once
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    object.__setattr__(self, name, value)


def _delete(_self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _values(self: Any) -> tuple[Any, ...]:
    return tuple(getattr(self, f.name) for f in dataclasses.fields(self) if f.compare)


def _equal(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_values(self))


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"
