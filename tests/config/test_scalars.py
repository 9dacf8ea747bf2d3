from __future__ import annotations

import math
from typing import Any

import pytest

from mlpcli.config.scalars import reads_as_number, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E+2", 100.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-0.5", -0.5),
        ("010", 10),
        ("+7", 7),
        ("0o17", 15),
        ("0x1f", 31),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("true", True),
        ("False", False),
        ("", None),
        ("~", None),
        ("Null", None),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("2020-01-01", "2020-01-01"),
        ("0b11", "0b11"),
        ("0x", "0x"),
        (".", "."),
        ("1e", "1e"),
        ("١", "١"),
        ("tRue", "tRue"),
        ("1\n", "1\n"),
    ],
)
def test_a_plain_scalar_means_what_yaml_1_2_says(text: str, value: Any) -> None:
    assert resolve(text) == value
    assert type(resolve(text)) is type(value)


def test_nan_is_read_as_nan() -> None:
    value = resolve(".nan")
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", True), ("1e3", True), ("true", True), ("9" * 400, True), ("five", False), ("", False)],
)
def test_what_reads_as_a_number(text: str, number: bool) -> None:
    assert reads_as_number(text) is number
