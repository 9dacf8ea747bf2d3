"""A split is a partition of the right sizes, alike in every stratum, and fixed by its seed."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedShuffleSplit

from mlpcli.config import parse_config
from mlpcli.data import split as module
from mlpcli.data.examples import Examples
from mlpcli.data.split import fold_numbers, split_rows
from mlpcli.errors import DataError

strata = st.lists(st.integers(0, 4), max_size=200).map(lambda rows: np.array(rows, np.int64))
shares = st.sampled_from(
    [(), (0.2,), (0.2, 0.2), (0.0, 0.3), (0.5, 0.49), (0.01, 0.01), (0.9, 0.05)]
)


def split(rows: Any, fractions: tuple[float, ...], seed: int = 0) -> tuple[Any, ...]:
    return split_rows(rows, fractions, np.random.default_rng(seed))


@given(strata, shares, st.integers(0, 2**32))
def test_every_row_is_in_one_part(rows: Any, fractions: tuple[float, ...], seed: int) -> None:
    parts = split(rows, fractions, seed)
    assert len(parts) == 1 + len(fractions)
    assert all(np.array_equal(part, np.sort(part)) for part in parts)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(rows.size))


@given(strata, shares)
def test_sizes(rows: Any, fractions: tuple[float, ...]) -> None:
    _, *held_out = split(rows, fractions)
    wanted = [max(1, round(f * rows.size)) if f else 0 for f in fractions]
    event(f"enough rows: {sum(wanted) <= rows.size}")
    if sum(wanted) <= rows.size:
        assert [part.size for part in held_out] == wanted
    else:
        assert sum(part.size for part in held_out) == rows.size


@given(strata, shares, st.integers(0, 2**32))
def test_every_stratum_is_shared_out_alike(
    rows: Any, fractions: tuple[float, ...], seed: int
) -> None:
    for part in split(rows, fractions, seed):
        for stratum in np.unique(rows):
            size = np.count_nonzero(rows == stratum)
            share = size * part.size / rows.size
            assert abs(np.count_nonzero(rows[part] == stratum) - share) <= 2


@pytest.mark.parametrize("positives", [3, 50, 411])
def test_shares_of_the_classes_are_those_of_scikit_learn(positives: int) -> None:
    y = np.zeros(1000, np.int64)
    y[:positives] = 1
    _, held_out = split(y, (0.2,))
    ((_, theirs),) = StratifiedShuffleSplit(1, test_size=0.2, random_state=0).split(y, y)
    assert abs(int(y[held_out].sum()) - int(y[theirs].sum())) <= 1


def test_the_seed_decides() -> None:
    rows = np.zeros(100, np.int64)
    once, again, other = (split(rows, (0.3,), seed)[1].tolist() for seed in (1, 1, 2))
    assert once == again != other


def test_rows_are_drawn_alike() -> None:
    rows = np.array([0, 1] * 10, np.int64)
    drawn = np.concatenate([split(rows, (0.2,), seed)[1] for seed in range(2000)])
    counts = np.bincount(drawn, minlength=20)
    assert counts.min() > 340
    assert counts.max() < 460  # each row is drawn 400 times of 2000 give or take 18


@given(strata, shares, st.integers(1, 40))
def test_pieces_are_of_no_consequence(rows: Any, fractions: tuple[float, ...], piece: int) -> None:
    whole = split(rows, fractions)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_PIECE", piece)
        assert all(map(np.array_equal, split(rows, fractions), whole))


def test_more_strata_than_fit_into_16_bits() -> None:
    """Of 70,000 strata of two rows each, a half is one row of each, or nearly so."""
    rows = np.repeat(np.arange(70_000), 2)
    rest, half = split(np.random.default_rng(0).permutation(rows), (0.5,))
    assert half.size == rest.size == 70_000
    counts = np.bincount(np.random.default_rng(0).permutation(rows)[half], minlength=70_000)
    assert counts.tolist() == [1] * 70_000


labels = st.integers(1, 9).flatmap(
    lambda k: st.lists(
        st.lists(st.sampled_from([0, 0.2, 0.5, 1]), min_size=k, max_size=k), min_size=1
    ).map(np.array)
)


@given(labels)
def test_strata_are_the_combinations_of_labels(y: Any) -> None:
    """As numpy numbers different rows, and soft labels belong to the nearest class."""
    combinations, expected = np.unique(y >= 0.5, axis=0, return_inverse=True)
    np.testing.assert_array_equal(module._strata(y, stratify=True), expected.reshape(-1))
    event(f"strata: {len(combinations)}")


@pytest.mark.parametrize(("rows", "stratify"), [(0, True), (0, False), (5, False)])
def test_one_stratum_where_none_is_asked_for(rows: int, stratify: bool) -> None:
    assert module._strata(np.ones((rows, 2)), stratify=stratify).tolist() == [0] * rows


@given(labels, st.integers(2, 10), st.integers(0, 2**32))
def test_folds_are_even_and_alike_in_every_stratum(y: Any, folds: int, seed: int) -> None:
    examples = Examples(Mock(), y, None)
    config = parse_config(f"data: {{train: t, target: y}}\ntraining: {{seed: {seed % 2**31}}}\n")
    if len(y) < folds:
        with pytest.raises(DataError):
            fold_numbers(examples, config, folds)
        return
    fold_of = fold_numbers(examples, config, folds)
    assert np.ptp(np.bincount(fold_of, minlength=folds)) <= 1
    strata = module._strata(y, stratify=True)
    for stratum in np.unique(strata):
        counts = np.bincount(fold_of[strata == stratum], minlength=folds)
        assert np.ptp(counts) <= 1
