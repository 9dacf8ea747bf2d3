"""Rows go to a file beyond half of the limit, and are refused where the disk is too small."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from mlpcli.data.encoder import Encoder, NumberRule, TextRule
from mlpcli.data.memory import Estimate, Place, estimate, place_for
from mlpcli.data.table import Outlook
from mlpcli.errors import StorageError

OUTLOOK = Outlook((Path("a.csv"),), 1000, {"x": 1, "t": 4, "y": 1}, 40_000)


def encoder(*levels: int) -> Encoder:
    """Return an encoder of two numbers and a text column for each number of levels."""
    rules = [NumberRule(name, 0, 1, None) for name in ("a", "b")]
    texts = [
        TextRule(f"t{i}", tuple(map(str, range(count))), None) for i, count in enumerate(levels)
    ]
    return Encoder((*rules, *texts), "error")


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=size))


@pytest.mark.parametrize(
    ("features", "dtype", "inputs", "size"),
    [
        (["x", "t"], "float32", 5, 20_000),
        (["x", "t"], "float64", 5, 40_000),
        (["x"], "float32", 1, 4_000),
    ],
)
def test_estimate(features: list[str], dtype: str, inputs: int, size: int) -> None:
    expected = Estimate((Path("a.csv"),), 1000, inputs, size, 20_000)
    assert estimate(OUTLOOK, features, dtype) == expected
    assert expected.in_file is (size > 20_000)


def test_what_just_fits_stays_in_memory() -> None:
    place = Place(10 * 5 * 4, Path())
    assert place_for(10, encoder(3), "float32", place) is None
    assert place_for(11, encoder(3), "float32", place) is place
    assert place_for(10, encoder(3), "float64", place) is place
    assert place_for(10, encoder(4), "float32", place) is place


@pytest.mark.parametrize("levels", [(3,), (100, 7)])
def test_a_disk_that_is_too_small(monkeypatch: pytest.MonkeyPatch, levels: tuple[int, ...]) -> None:
    inputs = 2 + sum(levels)
    needed = 2 * 10**6 * inputs * 8
    place = Place(1, Path("runs"))
    free(monkeypatch, needed)
    assert place_for(10**6, encoder(*levels), "float64", place) is place
    free(monkeypatch, needed - 1)
    with pytest.raises(StorageError) as caught:
        place_for(10**6, encoder(*levels), "float64", place)
    assert caught.value.lines == (
        f"runs: no room for {needed / 1e9:.1f} GB, 1000000 rows of {inputs} inputs twice",
    )


def test_the_column_of_many_texts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 10**9)
    with pytest.raises(StorageError) as caught:
        place_for(10**6, encoder(4, 500, 101), "float32", Place(1, Path("runs")))
    assert str(caught.value) == (
        'runs: no room for 4.9 GB, 1000000 rows of 607 inputs twice; column "t1" alone makes 500, '
        "leave it out with data.drop"
    )


def test_where_the_system_keeps_such_files_there_must_be_room_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Place(1, None)
    assert place_for(10, encoder(), "float32", place) is place
    free(monkeypatch, 0)
    with pytest.raises(StorageError) as caught:
        place_for(10, encoder(), "float32", place)
    assert str(caught.value).startswith(f"{tempfile.gettempdir()}: no room for ")
