"""Somebody's function at work: imported, its object built, called on fresh copies of what it takes.

It lives in a process of its own (`child.py`, which runs `serve` here) or, for debuggers, in ours.
There it needs nothing of this package but this room's modules that know no backprop.
"""

from __future__ import annotations

import inspect
import sys
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.given.building import built
from mlpcli.check.given.container import FORMS, first_read, lists_or_singly
from mlpcli.check.given.crossing import watched
from mlpcli.check.given.failure import described, is_from_outside
from mlpcli.check.given.host import TIMEOUT, Answer, Facts
from mlpcli.check.given.keeper import Keeper
from mlpcli.check.given.name import Name
from mlpcli.check.given.prints import printing_to_stderr
from mlpcli.check.given.signature import Signature, signature_of
from mlpcli.check.given.state import rate_of
from mlpcli.check.given.tree import (
    Refused,
    Tree,
    copied,
    in_new_lists,
    refilled,
    same,
    tree_of,
    tree_or_name,
)
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.given.container import Form
    from mlpcli.check.given.crossing import Crossing
    from mlpcli.check.given.host import Sample

__all__ = ["Guest"]


class Guest:
    """A function in this process; `source` is the name of one, or a callable."""

    def __init__(self, source: Name | Callable[..., Any], *, step: bool = False) -> None:
        self.source = source
        self.step = step
        self.name = source.text if isinstance(source, Name) else _called(source)
        self._known = set(sys.modules)
        self._function: Callable[..., Any] = _nothing
        self._form = FORMS[0]
        self._singly = False
        self._sizes: Sequence[int] = ()
        self._keeper: Keeper | None = None
        self._arrays: Tree = None  # that it was called with, and the numbers of X and y in them
        self._last: Tree = None

    @property
    def left(self) -> float:
        """The seconds that calls may take elsewhere; here nothing ends them."""
        return TIMEOUT

    def begin(self, sizes: Sequence[int]) -> Facts:
        """Import and build anew. Raises CaseError where it cannot be found or called so."""
        self._sizes, self._keeper = sizes, None
        self._arrays = self._last = None
        if isinstance(self.source, Name):
            self.source.forget(self._known)
            with self._at_home("importing it failed"):
                path = self.source.find(self.source.load())
            with self._at_home("building it failed"):
                self._function = built(path, self.source.attributes, self.name, sizes)
        else:
            self._function = self.source
        with self._at_home("looking at it failed"):
            signature = self._first_signature(len(sizes) - 1)
            rate = signature.rate
            if self.step and signature.keeps_weights:
                rate = rate or rate_of(self._owner)
            return Facts(rate is not None, *_place(self._function))

    def call(
        self, parameters: tuple[Tree, ...], samples: Sequence[Sample], rate: float, where: str = ""
    ) -> list[Answer]:
        """Call it on each sample. Raises CaseError where it fails, or returns no numbers."""
        roles = (*("weights", "biases")[: len(parameters)], "X", "y")
        signature = self._signature(roles, [*map(len, parameters)])
        if self._singly and signature.single is not None:
            signature = signature.single
        if not signature.takes_biases and len(parameters) > 1 and parameters[1]:
            raise CaseError(
                f"{self.name}: takes no biases; --bias says where they are: first, last or none"
            )
        self._keeper = None
        with self._at_home(f"called{where}"):
            return [self._answer(signature, (*parameters, *sample), rate) for sample in samples]

    def crossing(self, parameters: tuple[Tree, ...], sample: Sample) -> Crossing | None:
        """Return which shapes met in all pairs when the labels of a sample were used."""
        X, y = sample
        noting = watched(np.asarray(y))
        with suppress(CaseError):
            self.call(parameters, [(X, noting)], 1.0)
        return noting.seen[0] if noting.seen else None

    def close(self) -> None:
        """Forget what was imported."""
        if isinstance(self.source, Name):
            self.source.forget(self._known)

    def _answer(self, signature: Signature, given: tuple[Tree, ...], rate: float) -> Answer:
        keeper = self._kept(given[:-2]) if signature.keeps_weights else None
        if keeper is not None:
            keeper.put(given[:-2], rate if self.step else None)
        with np.errstate(all="ignore"):
            value, after = self._value(signature, given, rate)
            returned = copied(self._returned(value))
        if keeper is not None:
            if not self.step and _is_bare(returned):
                returned = keeper.gradient(returned)
            after = (*keeper.get(), *after[-2:])
            if keeper.is_torn and isinstance(self.source, Name):
                self.begin(self._sizes)  # for other rows it is made anew
        return Answer(returned, None if same(after, given) else copied(tree_or_name(after)))

    def _returned(self, value: Any) -> Tree:
        """Return what was returned as a tree. Raises CaseError that says where it is none."""
        try:
            return tree_of(value)
        except Refused as refused:
            where = f"returned {refused.place}".strip()
            raise CaseError(f"{self.name}: {where}: {refused.why}") from None

    def _value(
        self, signature: Signature, given: tuple[Tree, ...], rate: float
    ) -> tuple[Any, tuple[Tree, ...]]:
        """Return what a call returns, and (weights, biases, X, y) as it left them.

        A parameter that holds all arrays is given in the first form that the function can read.
        On the same rows as in the call before, the arrays are the same, too, as in training, where
        weights change in their places: who knows an array by its place takes new numbers for old.
        """
        again = self._arrays if same(given[-2:], self._last) else None
        self._last = given[-2:]

        def called(form: Form) -> tuple[Any, tuple[Tree, ...]]:
            self._arrays = refilled(again, given)
            arguments = tuple(map(in_new_lists, self._arrays))
            if signature.holder is None:
                return signature.call(self._function, arguments, rate), arguments
            held = form.holding(*arguments[:2])
            value = signature.call(self._function, arguments, rate, held)
            return value, (*form.left(held, *map(len, arguments[:2])), *arguments[-2:])

        if signature.holder is not None:
            found, self._form = first_read(called, self._form, signature.holder)
            return found
        if signature.single is None:
            return called(self._form)
        single = partial(self._value, signature.single, given, rate)
        found, self._singly = lists_or_singly(partial(called, self._form), single)
        return found

    def _first_signature(self, layers: int) -> Signature:
        """Return how it takes arrays of so many layers, with biases or without."""
        roles = ("weights", "biases", "X", "y")
        try:
            return self._signature(roles, (layers, layers))
        except CaseError:
            with suppress(CaseError):
                return self._signature(roles, (layers, 0))
            raise

    def _signature(self, roles: Sequence[str], arrays: Sequence[int]) -> Signature:
        try:
            return signature_of(self._function, roles, self.step, arrays)
        except CaseError as error:
            raise CaseError(*(f"{self.name}: {line}" for line in error.lines)) from None

    @property
    def _owner(self) -> Any:
        """Whatever keeps the weights of a function that takes none: its object, or its module."""
        owner = getattr(self._function, "__self__", None)
        if owner is None and not inspect.isroutine(self._function):
            owner = self._function  # an object that is called
        if owner is None:
            owner = sys.modules[self._function.__module__]
        return owner

    def _kept(self, parameters: tuple[Tree, ...]) -> Keeper:
        """Return what keeps the weights, looked for once in a series of calls."""
        if self._keeper is None:
            try:
                self._keeper = Keeper(self._owner, parameters)
            except CaseError as error:
                raise CaseError(f"{self.name}: {error}") from None
        return self._keeper

    @property
    def _folders(self) -> list[Path]:
        return self.source.folders if isinstance(self.source, Name) else [Path.cwd()]

    @contextmanager
    def _at_home(self, doing: str) -> Iterator[None]:
        """Let the guest find its own modules, print to stderr, and fail in one line."""
        source = self.source
        home = source.on_the_path() if isinstance(source, Name) else nullcontext()
        try:
            with home, printing_to_stderr():
                yield
        except CaseError:
            raise
        except Refused as refused:
            raise CaseError(f"{self.name}: {doing}: {refused.why}") from None
        except BaseException as error:
            if is_from_outside(error):
                raise
            raise CaseError(f"{self.name}: {doing}: {described(error, self._folders)}") from error


def _is_bare(returned: Tree) -> bool:
    """Whether it is nothing, or a single number such as the loss."""
    return returned is None or (isinstance(returned, np.ndarray) and returned.ndim == 0)


def _nothing(*_: Any) -> None:
    raise AssertionError("begin comes first")


def _called(function: Any) -> str:
    return getattr(function, "__qualname__", None) or type(function).__name__


def _place(function: Any) -> tuple[str | None, int | None]:
    """Return the file and the line where a function is defined, as far as it tells."""
    code = getattr(inspect.unwrap(getattr(function, "__func__", function)), "__code__", None)
    return (None, None) if code is None else (code.co_filename, code.co_firstlineno)
