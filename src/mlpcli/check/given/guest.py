"""Somebody's function at work: imported, its object built, called on fresh copies of what it takes.

It lives in a process of its own (`child.py`, which runs `serve` here) or, for debuggers, in ours.
There it needs nothing of this package but this room's modules that know no backprop.
"""

from __future__ import annotations

import inspect
import os
import sys
import traceback
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.given.building import built
from mlpcli.check.given.container import FORMS, first_read
from mlpcli.check.given.host import TIMEOUT, Answer, Facts
from mlpcli.check.given.name import Name
from mlpcli.check.given.signature import Signature, signature_of
from mlpcli.check.given.state import places, rate_of
from mlpcli.check.given.tree import Tree, copied, same, tree_of
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.given.container import Form
    from mlpcli.check.given.host import Sample

__all__ = ["Guest"]

_FAILURES = (Exception, SystemExit)  # a guest must not end the check


class Guest:
    """A function in this process; `source` is the name of one, or a callable."""

    def __init__(self, source: Name | Callable[..., Any], *, step: bool = False) -> None:
        self.source = source
        self.step = step
        self.name = source.text if isinstance(source, Name) else _called(source)
        self._known = set(sys.modules)
        self._function: Callable[..., Any] = _nothing
        self._form = FORMS[0]

    @property
    def left(self) -> float:
        """The seconds that calls may take elsewhere; here nothing ends them."""
        return TIMEOUT

    def begin(self, sizes: Sequence[int]) -> Facts:
        """Import and build anew. Raises CaseError where it cannot be found or called so."""
        if isinstance(self.source, Name):
            self.source.forget(self._known)
            with self._at_home("importing it failed"):
                path = self.source.find(self.source.load())
            with self._at_home("building it failed"):
                self._function = built(path, self.source.attributes, self.name, sizes)
        else:
            self._function = self.source
        signature = self._signature(("weights", "biases", "X", "y"))
        rate = signature.rate
        if self.step and signature.keeps_weights:
            rate = rate or rate_of(self._owner)
        return Facts(rate is not None, *_place(self._function))

    def call(
        self, parameters: tuple[Tree, ...], samples: Sequence[Sample], rate: float, where: str = ""
    ) -> list[Answer]:
        """Call it on each sample. Raises CaseError where it fails, or returns no numbers."""
        signature = self._signature((*("weights", "biases")[: len(parameters)], "X", "y"))
        if not signature.takes_biases and len(parameters) > 1 and parameters[1]:
            raise CaseError(
                f"{self.name}: takes no biases; --bias says where they are: first, last or none"
            )
        keeper = self._keeper(parameters) if signature.keeps_weights else None
        with self._at_home(f"called{where}"):
            return [self._answer(signature, keeper, (*parameters, *s), rate) for s in samples]

    def close(self) -> None:
        """Forget what was imported."""
        if isinstance(self.source, Name):
            self.source.forget(self._known)

    def _answer(
        self, signature: Signature, keeper: _Keeper | None, given: tuple[Tree, ...], rate: float
    ) -> Answer:
        if keeper is not None:
            keeper.put(given[:-2], rate if self.step else None)
        with np.errstate(all="ignore"):
            value, arguments = self._value(signature, given, rate)
            returned = tree_of(value)
        if keeper is not None and not self.step and _is_bare(returned):
            returned = keeper.gradient(returned)
        after = arguments if keeper is None else (*keeper.get(), *arguments[-2:])
        return Answer(returned, None if same(after, given) else tree_of(after))

    def _value(
        self, signature: Signature, given: tuple[Tree, ...], rate: float
    ) -> tuple[Any, tuple[Tree, ...]]:
        """Return what a call returns, and the arguments as it left them.

        A parameter that holds all arrays is given in the first form that the function can read.
        """

        def called(form: Form) -> tuple[Any, tuple[Tree, ...]]:
            arguments = copied(given)
            return signature.call(self._function, arguments, rate, form), arguments

        if signature.holder is None:
            return called(self._form)
        found, self._form = first_read(called, self._form, signature.holder)
        return found

    def _signature(self, roles: Sequence[str]) -> Signature:
        try:
            return signature_of(self._function, roles, self.step)
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

    def _keeper(self, parameters: tuple[Tree, ...]) -> _Keeper:
        try:
            return _Keeper(self._owner, parameters)
        except CaseError as error:
            raise CaseError(f"{self.name}: {error}") from None

    @property
    def _folders(self) -> list[Path]:
        return self.source.folders if isinstance(self.source, Name) else [Path.cwd()]

    @contextmanager
    def _at_home(self, doing: str) -> Iterator[None]:
        """Let the guest find its own modules, print to stderr, and fail in one line."""
        source = self.source
        home = source.on_the_path() if isinstance(source, Name) else nullcontext()
        try:
            with home, redirect_stdout(sys.stderr), _descriptor_to_stderr():
                yield
        except CaseError:
            raise
        except _FAILURES as error:
            raise CaseError(f"{self.name}: {doing}: {_described(error, self._folders)}") from error


class _Keeper:
    """Puts W and b where an object keeps them, and takes them from there after a call."""

    def __init__(self, owner: Any, parameters: tuple[Tree, ...]) -> None:
        self.owner = owner
        self.rate = rate_of(owner)
        self.arrays = (*parameters, [])[:2]
        self.places = places(owner, *self.arrays)

    def put(self, parameters: tuple[Tree, ...], rate: float | None) -> None:
        for held, arrays in zip(self.places, parameters, strict=False):
            for place, array in zip(held, arrays, strict=True):
                place.put(array)
        if rate is not None and self.rate is not None:
            vars(self.owner)[self.rate] = rate

    def get(self) -> tuple[Tree, ...]:
        return tuple([np.array(place.get()) for place in held] for held in self.places)

    def gradient(self, returned: Tree) -> Tree:
        """Return what the object keeps as its gradient, after the loss if that was returned."""
        try:
            kept = places(self.owner, *self.arrays, derivatives=True)
        except CaseError:
            return returned
        found = tuple([np.array(place.get()) for place in held] for held in kept)
        return found if returned is None else (returned, found)


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


def _described(error: BaseException, folders: Sequence[Path]) -> str:
    """Return the error and the last line of the user's own code on the way to it."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"SyntaxError: {error.msg} ({Path(error.filename).name}:{error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _is_own(Path(frame.filename), folders)]
    at = (own or frames)[-1]
    lines = str(error).splitlines() or [""]
    told = f"{type(error).__name__}: {lines[0]} ({Path(at.filename).name}:{at.lineno})"
    return "; ".join([told, *getattr(error, "__notes__", [])])


def _is_own(file: Path, folders: Sequence[Path]) -> bool:
    inside = any(file.is_relative_to(folder) for folder in folders)
    return inside and "site-packages" not in file.parts and file.parent != Path(__file__).parent


@contextmanager
def _descriptor_to_stderr() -> Iterator[None]:
    """Send what compiled code prints, past Python's own stdout, to stderr too."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    try:
        kept = os.dup(1)
    except OSError:  # there is no such descriptor, so nothing can be written to it
        yield
        return
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
