"""Rows are read with labels and weights, or refused with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from mlpcli.data.columns import take
from mlpcli.data.examples import read_examples, read_labels, refuse_rows
from mlpcli.data.roles import Roles
from mlpcli.data.rules import Policies
from mlpcli.data.table import Categorical, Table
from mlpcli.data.target import Target
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from mlpcli.data.rules import MissingPolicy
    from mlpcli.data.table import Column

NUMBER = Target("y", "number", 0, 1)
TEXT = Target("y", "text", "no", "yes")
SOFT = Target("y", "number", 0, 1, soft=True)


class Read(NamedTuple):
    """What was read, and columns of the rows that are kept."""

    y: NDArray[np.floating[Any]]
    weight: NDArray[np.float64] | None
    columns: Mapping[str, Column]


def read(
    path: Path,
    content: str,
    policy: MissingPolicy = "error",
    target: Target = NUMBER,
    weight: str | None = None,
    start: int = 0,
    stop: int | None = None,
    whole: bool = False,
) -> Read:
    """Read labels of a block, or those of a whole table."""
    file = path / "t.csv"
    file.write_text(content, encoding="utf-8")
    with Table([file]).load() as table:
        features = tuple(n for n in table.names if n not in {"y", weight, "mark"})
        marks = tuple({"mark"} & set(table.names))
        roles = Roles(features, ("y",), weight, marks)
        used = [name for name in roles.names if name not in marks]
        if whole:
            examples = read_examples(table, roles, [target], Policies(policy))
            assert examples.dropped + examples.unlabelled == table.rows - len(examples)
            return Read(examples.y, examples.weight, examples.read(used))
        block = table.read(used, start, stop)
        labels = read_labels(table, block, roles, [target], Policies(policy), start=start)
        kept = block if labels.kept is None else take(block, labels.kept)
        return Read(labels.y, labels.weight, kept)


def lines(path: Path, content: str, *, start: int = 0, **options: Any) -> list[str]:
    """Return what is said of a block; of a whole table it must be the same."""
    with pytest.raises(DataError) as caught:
        read(path, content, start=start, **options)
    if not start:
        with pytest.raises(DataError) as again:
            read(path, content, whole=True, **options)
        assert again.value.lines == caught.value.lines
    return [line.replace(f"{path}/", "") for line in caught.value.lines]


def test_rows_come_in_order(tmp_path: Path) -> None:
    content = "a,t,w,y\n1,u,2,0\n3,v,0,1\n5,u,1,1\n"
    for whole in (False, True):
        found = read(tmp_path, content, weight="w", whole=whole)
        assert found.y.tolist() == [[0], [1], [1]]
        assert found.weight is not None
        assert found.weight.tolist() == [2, 0, 1]
    with Table([tmp_path / "t.csv"]).load() as table:
        examples = read_examples(table, Roles(("a", "t"), ("y",), "w"), [NUMBER], Policies())
        assert len(examples) == 3
        taken = examples.take(np.array([0, 2]))
        columns = taken.read(["t", "a"])
    assert isinstance(columns["t"], Categorical)
    assert [columns["t"].levels[c] for c in columns["t"].codes] == ["u", "u"]
    assert np.array_equal(np.asarray(columns["a"]), [1, 5])
    assert taken.weight is not None
    assert taken.weight.tolist() == [2, 1]


def test_several_targets_are_columns_of_y(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,y,z\n1,0,b\n2,1,a\n", encoding="utf-8")
    targets = [NUMBER, Target("z", "text", "a", "b")]
    with Table([tmp_path / "t.csv"]).load() as table:
        examples = read_examples(table, Roles(("a",), ("y", "z")), targets, Policies())
    assert examples.y.tolist() == [[0, 1], [1, 0]]


def test_blocks_add_up_to_the_whole(tmp_path: Path) -> None:
    content = "a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(10))
    blocks = [read(tmp_path, content, start=i, stop=i + 4) for i in (0, 4, 8)]
    assert np.concatenate([b.y for b in blocks])[:, 0].tolist() == [i % 2 for i in range(10)]


def test_drop_leaves_out_rows_with_any_gap_but_not_in_a_mark(tmp_path: Path) -> None:
    content = "a,t,w,mark,y\n1,u,1,,0\n,u,1,m,1\n3,,1,m,1\n4,u,,m,1\n5,u,1,m,\n6,u,1,m,1\n"
    for whole in (False, True):
        found = read(tmp_path, content, "drop", weight="w", whole=whole)
        assert np.array_equal(np.asarray(found.columns["a"]), [1, 6])
        assert len(found.y) == 2


def test_drop_may_leave_nothing_of_a_block(tmp_path: Path) -> None:
    found = read(tmp_path, "a,y\n,1\n,0\n2,1\n", "drop", stop=2)
    assert len(found.y) == 0


@pytest.mark.parametrize("policy", ["mean", "median"])
def test_fills_leave_gaps_in_features_to_the_encoder(tmp_path: Path, policy: MissingPolicy) -> None:
    for whole in (False, True):
        found = read(tmp_path, "a,y\n,1\n2,0\n", policy, whole=whole)
        assert np.isnan(np.asarray(found.columns["a"])).tolist() == [True, False]


FILL = "set data.missing to mean, median or drop"
LABEL = "missing value; fill it in, or set data.missing_target to drop"
WEIGHT = "missing value; fill it in, or set data.missing to drop"


def test_gaps_are_refused_by_line(tmp_path: Path) -> None:
    assert lines(tmp_path, "a,t,y\n1,u,0\n,u,1\n2,,1\n") == [
        f't.csv:3: column "a": missing value; {FILL}',
        f't.csv:4: column "t": missing value; {FILL}',
    ]
    assert lines(tmp_path, 'a,t,y\n1,"two\nlines",0\n,u,1\n')[0].startswith("t.csv:4:")


def test_the_first_five_and_their_count(tmp_path: Path) -> None:
    content = "a,b,y\n" + "0,0,1\n" + ",,0\n" * 4
    assert lines(tmp_path, content) == [
        *(
            f't.csv:{line}: column "{name}": missing value; {FILL}'
            for line, name in [(3, "a"), (3, "b"), (4, "a"), (4, "b"), (5, "a")]
        ),
        "t.csv: 8 such values in all",
    ]


@pytest.mark.parametrize("policy", ["error", "mean", "median"])
def test_a_missing_label_or_weight_is_refused(tmp_path: Path, policy: MissingPolicy) -> None:
    assert lines(tmp_path, "a,y\n1,0\n2,\n", policy=policy) == [f't.csv:3: column "y": {LABEL}']
    content = "a,w,y\n1,1,0\n2,,1\n"
    assert lines(tmp_path, content, policy=policy, weight="w") == [f't.csv:3: column "w": {WEIGHT}']


def test_lines_count_from_the_start_of_the_file_in_later_blocks(tmp_path: Path) -> None:
    content = "a,y\n" + "1,0\n" * 6 + "2,\n"
    assert lines(tmp_path, content, start=4)[0].startswith("t.csv:8:")


@pytest.mark.parametrize("policy", ["error", "drop", "mean"])
def test_unknown_labels_are_refused(tmp_path: Path, policy: MissingPolicy) -> None:
    assert lines(tmp_path, "a,y\n1,0\n2,2.5\n", policy=policy) == [
        't.csv:3: column "y": expected 0 or 1, got 2.5'
    ]
    assert lines(tmp_path, "a,y\n1,yes\n2,maybe\n", policy=policy, target=TEXT) == [
        't.csv:3: column "y": expected "no" or "yes", got "maybe"'
    ]
    assert lines(tmp_path, "a,y\n1,0.1\n2,1.5\n", policy=policy, target=SOFT) == [
        't.csv:3: column "y": expected a number from 0 to 1, got 1.5'
    ]


def test_weights_are_numbers_that_can_be_summed(tmp_path: Path) -> None:
    content = "a,w,y\n1,1,0\n2,-0.5,1\n3,1e31,1\n"
    assert lines(tmp_path, content, weight="w") == [
        't.csv:3: column "w": expected a weight from 0 to 1e+30, got -0.5',
        't.csv:4: column "w": expected a weight from 0 to 1e+30, got 1e+31',
    ]
    assert lines(tmp_path, "a,w,y\n1,x,0\n2,y,1\n", weight="w") == [
        'column "w": data.weight expects numbers, got text'
    ]


def test_what_is_quoted_stays_on_one_line(tmp_path: Path) -> None:
    content = 'a,"b\t",y\n1,0,no\n2,0,"may\nbe"\n'
    assert lines(tmp_path, content, target=TEXT) == [
        't.csv:3: column "y": expected "no" or "yes", got "may\\nbe"'
    ]


def test_nothing_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n", encoding="utf-8")
    with Table([tmp_path / "t.csv"]).load() as table:
        columns = table.read(["a"])
        refuse_rows(table, columns, {"a": np.array([False])}, "never shown")
