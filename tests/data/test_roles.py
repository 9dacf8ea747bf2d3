"""Every column has one role, and a name that the table lacks is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlpcli.data.roles import Roles, assign_roles, needed_columns
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.config import Config

NAMES = ("a", "b", "y", "w", "part")


@pytest.mark.parametrize(
    ("data", "roles"),
    [
        ("", Roles(("a", "b", "w", "part"), ("y",))),
        ("drop: [b, part]", Roles(("a", "w"), ("y",))),
        ("weight: w", Roles(("a", "b", "part"), ("y",), "w")),
        (
            "validation: {column: part, value: v}, test: {column: part, value: t}",
            Roles(("a", "b", "w"), ("y",), None, ("part",)),
        ),
        ("features: [b, a]", Roles(("b", "a"), ("y",))),
        ("group: part", Roles(("a", "b", "w"), ("y",), group="part")),
    ],
)
def test_roles(config_for: Callable[..., Config], data: str, roles: Roles) -> None:
    assert assign_roles(NAMES, config_for("", data).data) == roles


def test_only_named_columns_are_needed_where_features_are_named(
    config_for: Callable[..., Config],
) -> None:
    assert needed_columns(config_for("").data) is None
    config = config_for("", "features: [b], weight: w, test: {column: part, value: 1}, group: g")
    assert needed_columns(config.data) == ("b", "y", "w", "part", "g")


def test_names_hold_each_column_once() -> None:
    assert Roles(("a",), ("y", "z"), "w", ("m", "a")).names == ("a", "y", "z", "w", "m")


def test_all_unknown_names_are_named_at_once(config_for: Callable[..., Config]) -> None:
    config = config_for(
        "", "drop: [bb], weight: weight, validation: {column: parts, value: 1}, features: [x]"
    )
    with pytest.raises(DataError) as caught:
        assign_roles(("a", "b", "z", "part", "length", "width"), config.data)
    some = '"a", "b", "z", "part", "length", ..'
    assert caught.value.lines == (
        f'data.target: no column "y" in the data; it has {some}',
        f'data.features: no column "x" in the data; it has {some}',
        'data.drop: no column "bb" in the data, did you mean "b"?',
        f'data.weight: no column "weight" in the data; it has {some}',
        'data.validation/test: no column "parts" in the data, did you mean "part"?',
    )


def test_no_feature_left(config_for: Callable[..., Config]) -> None:
    with pytest.raises(DataError) as caught:
        assign_roles(("y", "a\n"), config_for("", 'drop: ["a\\n"]').data)
    assert caught.value.lines == ('no feature column is left beside "y", "a\\n"',)
