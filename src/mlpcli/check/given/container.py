"""The shapes in which people keep all weights and biases in one argument, such as params."""

from __future__ import annotations

from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    Arrays: TypeAlias = Sequence[Any]

__all__ = ["FORMS", "Form", "first_read", "lists_or_singly"]

Found = TypeVar("Found")
Rest = TypeVar("Rest")
_WRONG_FORM = (KeyError, TypeError, IndexError, AttributeError)
"""What a function raises that looks for its parameters where they are not."""
_UNPACKS = "unpack"  # in the ValueError of a function that expects so many


@dataclass(frozen=True)
class Form:
    """A shape, in words, and what makes it of W_1 .. W_L and b_1 .. b_L."""

    words: str
    made: Callable[[Arrays, Arrays], Any]

    def holding(self, weights: Arrays, biases: Arrays) -> Any:
        """Return all arrays in this shape; without biases the list of weights alone."""
        return self.made(weights, biases) if biases else weights

    def left(self, held: Any, weights: int, biases: int) -> tuple[list[Any], list[Any]]:
        """Return the arrays of so many weights and biases that such a shape holds after a call.

        There are fewer where some are gone, and None after them for what a list has beside them.
        """
        slots = [_Slot(i) for i in range(weights)], [_Slot(i) for i in range(biases)]
        found = dict(_filled(self.holding(*slots), held))
        kept, others = ([found[one] for one in part if one in found] for part in slots)
        return kept + [None] * _grown(self.holding(*slots), held), others


@dataclass(frozen=True, eq=False)
class _Slot:
    """Stands for an array, to see where a form has it."""

    number: int


def _filled(form: Any, held: Any) -> Iterator[tuple[_Slot, Any]]:
    """Yield what stands in the slots of a form, as far as there is something."""
    if isinstance(form, _Slot):
        yield form, held
        return
    now = _items(held)
    for key, part in _items(form).items():
        if key in now:
            yield from _filled(part, now[key])


def _grown(form: Any, held: Any) -> int:
    """Return how many items lists have beyond those of the form; new keys harm nobody."""
    if isinstance(form, _Slot):
        return 0
    now = _items(held)
    more = max(0, len(now) - len(form)) if isinstance(form, list) else 0
    return more + sum(_grown(part, now[k]) for k, part in _items(form).items() if k in now)


def _items(holder: Any) -> dict[Any, Any]:
    """Return what a dict, a list or an object holds, by key, place or name."""
    if isinstance(holder, (list, tuple)):
        return dict(enumerate(holder))
    return holder if isinstance(holder, dict) else getattr(holder, "__dict__", {})


def _by_number(weights: Arrays, biases: Arrays) -> dict[str, Any]:
    named = {f"W{i}": W for i, W in enumerate(weights, start=1)}
    return named | {f"b{i}": b for i, b in enumerate(biases, start=1)}


def _layers(W: str, b: str) -> Callable[[Arrays, Arrays], list[Any]]:
    """Return what makes a list of dicts with these keys, one for each layer."""
    return lambda weights, biases: [
        dict(zip((W, b), layer, strict=True)) for layer in zip(weights, biases, strict=True)
    ]


def _dense(weights: Arrays, biases: Arrays) -> dict[str, Any]:
    layers = _layers("kernel", "bias")(weights, biases)
    return {f"Dense_{i}": layer for i, layer in enumerate(layers)}


def _in_two(weights: Arrays, biases: Arrays) -> dict[str, Any]:
    return {"weights": weights, "biases": biases}


FORMS = (
    Form("a dict of W1, b1, ..", _by_number),
    Form("a list of dicts of W and b", _layers("W", "b")),
    Form("a list of dicts of w and b", _layers("w", "b")),
    Form("a list of pairs (W, b)", lambda weights, biases: [*zip(weights, biases, strict=True)]),
    Form("a pair of lists (weights, biases)", lambda weights, biases: (weights, biases)),
    Form("a dict of weights and biases", _in_two),
    Form("an object of weights and biases", lambda *two: SimpleNamespace(**_in_two(*two))),
    Form("a dict of Dense_0, .. of kernel and bias", _dense),
    Form("the same under params", lambda *two: {"params": _dense(*two)}),
)
"""The usual shapes, the most usual first."""


def first_read(call: Callable[[Form], Found], first: Form, parameter: str) -> tuple[Found, Form]:
    """Return what a call returns with the first form that it can read, and that form.

    Raises what it raises with `first`, and says how else the parameter was given.
    """
    failed: list[BaseException] = []
    for form in (first, *(other for other in FORMS if other is not first)):
        try:
            return call(form), form
        except _WRONG_FORM as error:
            failed.append(error)
        except ValueError as error:
            if _UNPACKS not in str(error):
                raise
            failed.append(error)
    failed[0].add_note(
        f'"{parameter}" was given as {FORMS[0].words}, as a list of layers, and in '
        f"{len(FORMS) - 2} more forms; wrap yours as f(weights, biases, X, y)"
    )
    raise failed[0]


def lists_or_singly(
    lists: Callable[[], tuple[Any, Rest]], single: Callable[[], tuple[Any, Rest]]
) -> tuple[tuple[Any, Rest], bool]:
    """Return what a call with lists of arrays returns, else one with each array by itself, and it.

    Lists that NumPy took for arrays leave an axis more than a matrix has. Raises what the call with
    lists raises where both fail, and says so.
    """
    try:
        found = lists()
    except (*_WRONG_FORM, ValueError) as error:
        try:
            return single(), True
        except (*_WRONG_FORM, ValueError) as second:
            error.add_note(
                "lists of arrays were given, and each array by itself: that raises "
                f"{type(second).__name__}"
            )
        raise
    if _deepest(found[0]) > 2:
        with suppress(*_WRONG_FORM, ValueError):
            return single(), True
    return found, False


def _deepest(value: Any) -> int:
    """Return the most axes that an array has in what was returned."""
    if isinstance(value, (list, tuple, dict)):
        items = value.values() if isinstance(value, dict) else value
        return max(map(_deepest, items), default=0)
    return int(getattr(value, "ndim", 0))
