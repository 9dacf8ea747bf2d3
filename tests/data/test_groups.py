"""Rows of a group stay together, and parts still get their share of every stratum."""
# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from mlpcli.data import groups as module
from mlpcli.data.groups import deal_groups
from mlpcli.data.material import open_material
from mlpcli.data.split import fold_numbers, share_out
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.config import Config

rows = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=150)
shares = st.sampled_from([(1.0,), (0.5, 0.5), (0.6, 0.2, 0.2), (0.9, 0.1), (0.2,) * 5])


def numbered(values: Any) -> Any:
    return np.unique(np.array(values), return_inverse=True)[1]


def deal(groups: Any, strata: Any, parts: Any, seed: int = 0) -> Any:
    return deal_groups(groups, strata, parts, np.random.default_rng(seed))


@given(rows, shares, st.integers(0, 2**32))
def test_a_group_stays_in_one_part(pairs: Any, parts: Any, seed: int) -> None:
    groups, strata = map(numbered, zip(*pairs, strict=True))
    part_of = deal(groups, strata, parts, seed)
    for group in np.unique(groups):
        assert np.unique(part_of[groups == group]).size == 1
    assert part_of.min() >= 0
    assert part_of.max() < len(parts)
    enough = groups.max() + 1 >= len(parts)
    event(f"enough groups: {enough}")
    if enough:
        assert np.unique(part_of).size == len(parts)


def unevenness(part_of: Any, strata: Any, parts: Any) -> float:
    """The largest distance of a part's share of a stratum from what it should be."""
    counts = np.array([np.bincount(strata[part_of == k], minlength=2) for k in range(len(parts))])
    return float(np.abs(counts / counts.sum(axis=0) - np.array(parts)[:, None]).max())


@pytest.mark.parametrize("seed", range(5))
def test_shares_are_at_least_as_even_as_those_of_scikit_learn(seed: int) -> None:
    """30 groups of 1 to 60 rows, each with its own share of positives, into five folds."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, 60, 30)
    groups = rng.permutation(np.repeat(np.arange(30), sizes))
    y = (rng.random(groups.size) < rng.random(30)[groups]).astype(np.int64)
    ours = deal(groups, y, (0.2,) * 5, seed)
    theirs = np.zeros(groups.size, np.int64)
    folds = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(y, y, groups)
    for fold, (_, held_out) in enumerate(folds):
        theirs[held_out] = fold
    parts = (0.2,) * 5
    assert unevenness(ours, y, parts) <= unevenness(theirs, y, parts) + 0.02
    assert unevenness(ours, y, parts) < 0.05


def test_fractions_are_kept_where_groups_are_small() -> None:
    groups = np.arange(1000) // 2
    y = (np.arange(1000) % 7 == 0).astype(np.int64)
    part_of = deal(groups, y, (0.6, 0.2, 0.2))
    assert np.abs(np.bincount(part_of) - [600, 200, 200]).max() <= 4
    assert unevenness(part_of, y, (0.6, 0.2, 0.2)) < 0.01


def test_many_groups_are_bundled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_LOTS", 64)
    groups = np.random.default_rng(1).permutation(np.repeat(np.arange(5000), 3))
    y = (groups % 3 == 0).astype(np.int64)
    part_of = deal(groups, y, (0.75, 0.25))
    assert all(np.unique(part_of[groups == group]).size == 1 for group in range(0, 5000, 50))
    assert unevenness(part_of, y, (0.75, 0.25)) < 0.05


def test_the_seed_decides() -> None:
    groups, strata = np.arange(40) // 2, np.arange(40) % 2
    once, again, other = (deal(groups, strata, (0.5, 0.5), seed).tolist() for seed in (1, 1, 2))
    assert once == again != other


TABLE = "x,who,y\n" + "".join(f"{i},{'abcdefgh'[i % 8]},{i // 8 % 2}\n" for i in range(80))


@pytest.mark.parametrize("who", ["abcdefgh", "12345678"])
def test_the_parts_of_a_config_share_no_group(config_for: Callable[..., Config], who: str) -> None:
    table = "x,who,y\n" + "".join(f"{i},{who[i % 8]},{i // 8 % 2}\n" for i in range(80))
    config = config_for(table, "group: who, validation: 0.25, test: 0.25")
    with open_material(config) as material:
        assert material.roles.features == ("x",)
        found = share_out(material.whole, material.config)
        rows = [[] if part.rows is None else part.rows.tolist() for part in found.values()]
        groups = [{row % 8 for row in part} for part in rows]
        assert [len(part) for part in groups] == [4, 2, 2]
        assert set.union(*groups) == set(range(8))
        folds = fold_numbers(material.whole, material.config, 4)
    assert np.bincount(folds).tolist() == [20] * 4
    assert all(np.unique(folds[k::8]).size == 1 for k in range(8))


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (
            "group: few, validation: 0.2, test: 0.2",
            (
                "data.group: expected at least 3 groups for train, validation, test, got 2 in column "
                '"few"'
            ),
        ),
        (
            "group: who, test: {column: x, value: 8}",
            (
                'data.group: "a" in column "who" has rows for test and train; mark all rows of a group '
                "alike"
            ),
        ),
        (
            "group: few, test: {column: x, value: 8}",
            (
                'data.group: 0 in column "few" has rows for test and train; mark all rows of a group '
                "alike"
            ),
        ),
        ("group: hwo", 'data.group: no column "hwo" in the data, did you mean "who"?'),
    ],
)
def test_what_cannot_be(config_for: Callable[..., Config], data: str, line: str) -> None:
    table = "\n".join(
        f"{row},{'few' if not i else (i - 1) % 2}" for i, row in enumerate(TABLE.split())
    )
    with (
        pytest.raises(DataError) as caught,
        open_material(config_for(table + "\n", data)) as material,
    ):
        share_out(material.whole, material.config)
    assert caught.value.lines == (line,)


def test_too_few_groups_for_the_folds(config_for: Callable[..., Config]) -> None:
    with open_material(config_for(TABLE, "group: who")) as material:
        with pytest.raises(DataError, match="expected at least 9 groups for 9 folds, got 8"):
            fold_numbers(material.whole, material.config, 9)
        with pytest.raises(DataError, match="--folds 81: expected at least 81 rows, got 80"):
            fold_numbers(material.whole, material.config, 81)


@pytest.mark.parametrize("policy", ["error", "median", "drop"])
def test_a_row_without_a_group(config_for: Callable[..., Config], policy: str) -> None:
    table = TABLE.replace("0,a,0\n", "0,,0\n", 1)
    config = config_for(table, f"group: who, missing: {policy}")
    if policy == "drop":
        with open_material(config) as material:
            assert len(material.whole) == 79
        return
    with pytest.raises(DataError) as caught, open_material(config):
        pass
    assert caught.value.lines == (
        't.csv:2: column "who": missing value; fill it in, or set data.missing to drop',
    )
