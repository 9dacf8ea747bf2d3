"""Classes are built as far as they can be; what more they need is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlpcli.check.given.guest import Guest
from mlpcli.check.given.name import name_from
from mlpcli.errors import CaseError

GUESTS = Path(__file__).parent / "guests.py"


def found(name: str) -> object:
    guest = Guest(name_from(f"{GUESTS}:{name}"))
    try:
        guest.begin((4, 5, 3))
    finally:
        guest.close()
    return guest._function


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        ("Plain.gradient", "__class__.__name__", "Plain"),
        ("Model.gradient", "sizes", [4, 5, 3]),
        ("model.gradient", "sizes", [3, 2]),
        ("Named.backward", "params.keys", {"W1", "b1", "W2", "b2"}),
    ],
)
def test_a_class_is_built_without_arguments_or_of_the_sizes(
    name: str, attribute: str, value: object
) -> None:
    at = found(name).__self__  # type: ignore[attr-defined]  # it is a method
    for part in attribute.split("."):
        at = getattr(at, part)
    assert (set(at()) if callable(at) else at) == value


def test_a_static_method_needs_no_object() -> None:
    assert not hasattr(found("Model.static"), "__self__")


@pytest.mark.parametrize("untold", ["class Model(dict):", "class Model:\n    __signature__ = 7"])
def test_a_class_that_does_not_tell_what_it_takes_is_built_of_nothing(
    untold: str, tmp_path: Path
) -> None:
    file = tmp_path / "untold.py"
    file.write_text(f"{untold}\n    def gradient(self, weights, biases, X, y): ...\n")
    guest = Guest(name_from(f"{file}:Model.gradient"))
    guest.begin((4, 5, 3))
    assert type(guest._function.__self__).__name__ == "Model"  # type: ignore[attr-defined]
    guest.close()


def test_an_object_that_can_be_called_is_the_function() -> None:
    assert type(found("Model")).__name__ == "Model"


def test_a_class_that_needs_more_is_refused() -> None:
    with pytest.raises(
        CaseError, match=r"Demanding\(hidden: .* needs more than mlp has; expected a"
    ):
        found("Demanding.gradient")
