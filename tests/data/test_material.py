"""What training sees: the right rows in each part, an encoder that never saw the held-out ones."""
# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlpcli.config import parse_config
from mlpcli.data.material import Estimate, load_dataset
from mlpcli.data.notes import unseen_notes
from mlpcli.data.rows import RowFile
from mlpcli.errors import DataError
from told import Told
from training_workshop import leave_room

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.config import Config


ROWS = [(i, "uvw"[i % 3], i % 2) for i in range(40)]
ROW_NUMBER = 'column "a" looks like a row number or an id, which teaches nothing: leave it out with data.drop'
TWINS = (
    "validation: 2 of 2 rows are training rows too, target and all: its scores are too good; "
    "remove what is double"
)
TABLE = "a,t,y\n" + "".join(f"{a},{t},{y}\n" for a, t, y in ROWS)
MARKED = "a,part,y\n" + "".join(
    f"{a},{('train', 'train', 'validation', 'test')[a // 2 % 4]},{y}\n" for a, _, y in ROWS
)
BY_MARK = "validation: {column: part, value: validation}, test: {column: part, value: test}"


def refusal(config: Config) -> tuple[str, ...]:
    with pytest.raises(DataError) as caught:
        load_dataset(config)
    return caught.value.lines


def test_without_a_split_all_rows_are_for_training(config_for: Callable[..., Config]) -> None:
    dataset = load_dataset(config_for(TABLE))
    assert dataset.parts() == {"train": dataset.train, "validation": None, "test": None}
    assert dataset.train.X.shape == (40, 4)
    assert dataset.train.X.dtype == dataset.train.y.dtype == np.float32
    assert dataset.train.y[:, 0].tolist() == [y for _, _, y in ROWS]
    assert dataset.encoder.inputs == ("a", "t=u", "t=v", "t=w")
    assert dataset.notes == (ROW_NUMBER,)
    assert dataset.digest == hashlib.sha256(TABLE.encode()).hexdigest()


def test_what_takes_long_is_counted_to_its_end(config_for: Callable[..., Config]) -> None:
    told = Told()
    load_dataset(config_for(TABLE), counting=told)
    assert told.done == told.totals == {"row read": 40, "column": 2, "row encoded": 40}


def test_fractions_are_stratified_seeded_and_disjoint(config_for: Callable[..., Config]) -> None:
    data = "validation: 0.25, test: 0.1, standardize: false"
    parts = load_dataset(config_for(TABLE, data)).parts()
    assert [len(rows) if rows else 0 for rows in parts.values()] == [26, 10, 4]
    ids = [x for rows in parts.values() if rows for x in rows.X[:, 0].tolist()]
    assert sorted(ids) == list(range(40))
    for rows in parts.values():
        assert rows is not None
        assert abs(float(rows.y.mean()) - 0.5) < 0.1
    again = load_dataset(config_for(TABLE, data)).train
    assert np.array_equal(again.X, load_dataset(config_for(TABLE, data)).train.X)
    other = load_dataset(config_for(TABLE, data, "seed: 1")).train
    assert not np.array_equal(again.X, other.X)


@pytest.mark.parametrize("stratify", ["true", "false"])
def test_stratify_keeps_a_rare_class_in_every_part(
    config_for: Callable[..., Config], stratify: str
) -> None:
    table = "a,y\n" + "".join(f"{i},{int(i < 10)}\n" for i in range(500))
    shares = set()
    for seed in range(5):
        config = config_for(table, f"validation: 0.2, stratify: {stratify}", f"seed: {seed}")
        rows = load_dataset(config).validation
        assert rows is not None
        shares.add(int(rows.y.sum()))
    assert (shares == {2}) is (stratify == "true")


def test_soft_labels_are_stratified_by_the_nearest_class(config_for: Callable[..., Config]) -> None:
    table = "a,y\n" + "".join(f"{i},{0.9 if i % 4 == 0 else 0.125}\n" for i in range(80))
    rows = load_dataset(config_for(table, "validation: 0.25")).validation
    assert rows is not None
    assert np.count_nonzero(rows.y > 0.5) == 5


def test_marked_rows(config_for: Callable[..., Config]) -> None:
    dataset = load_dataset(config_for(MARKED, f"{BY_MARK}, standardize: false"))
    assert dataset.encoder.names == ("a",)
    for part, remainder in {"validation": {4, 5}, "test": {6, 7}, "train": {0, 1, 2, 3}}.items():
        rows = dataset.parts()[part]
        assert rows is not None
        assert {x % 8 for x in rows.X[:, 0].tolist()} == remainder


@pytest.mark.parametrize(
    ("values", "value"),
    [
        (("0", "1"), "1"),
        (("0", "1"), "true"),
        (("2020", "2021"), '"2021"'),
        (("0.1", "0.25"), "0.25"),
        (("False", "True"), "true"),
        (("x", "y z"), "y z"),
        (("", "b"), "b"),
    ],
)
def test_a_mark_is_found_as_number_text_or_truth(
    config_for: Callable[..., Config], values: tuple[str, str], value: str
) -> None:
    table = "a,part,y\n" + "".join(f"{i},{values[i // 2 % 2]},{i % 2}\n" for i in range(12))
    data = f"validation: {{column: part, value: {value}}}, standardize: false"
    rows = load_dataset(config_for(table, data)).validation
    assert rows is not None
    assert rows.X[:, 0].tolist() == [2, 3, 6, 7, 10, 11]


def test_mark_and_fraction_together(config_for: Callable[..., Config]) -> None:
    data = "validation: {column: part, value: validation}, test: 0.2"
    dataset = load_dataset(config_for(MARKED, data))
    assert [len(rows) if rows else 0 for rows in dataset.parts().values()] == [24, 10, 6]


def test_held_out_files(config_for: Callable[..., Config]) -> None:
    config = config_for(
        TABLE, "validation: [v.csv, w.csv], test: s.csv", v="y,t,a\n1,u,3\n", w="y,t,a\n0,v,4\n",
        s="extra,t,y,a\nx,new,0,5\nx,u,1,5\n",
    )  # fmt: skip
    dataset = load_dataset(config)
    assert dataset.validation is not None
    assert dataset.validation.y.tolist() == [[1], [0]]
    assert dataset.notes == (
        ROW_NUMBER,
        'test: column "t": 1 of 2 rows hold a text not seen in training',
        TWINS,
    )
    digests = [
        hashlib.sha256(b"".join(Path(f).read_bytes() for f in files)).hexdigest()
        for files in (["t.csv"], ["v.csv", "w.csv"], ["s.csv"])
    ]
    assert dataset.digest == hashlib.sha256("\n".join(digests).encode()).hexdigest()


def test_kinds_of_held_out_files_are_those_of_the_training_table(
    config_for: Callable[..., Config],
) -> None:
    data = "validation: v.csv"
    dataset = load_dataset(config_for(TABLE, data, v="a,t,y\n1,5,0\n2,6,1\n"))
    assert dataset.notes == (
        ROW_NUMBER,
        'validation: column "t": 2 of 2 rows hold a text not seen in training',
    )
    assert refusal(config_for(TABLE, data, v="a,t,y\nx,u,0\n2,u,1\n")) == (
        'v.csv:2: column "a": expected a number, got "x"; if that is a missing value, leave the field empty',
    )


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(new=st.lists(st.floats(-1e9, 1e9), min_size=10, max_size=10), text=st.sampled_from("uvx"))
def test_the_encoder_never_sees_held_out_rows(tmp_path: Path, new: list[float], text: str) -> None:
    def load(held_out: list[tuple[float, str]]) -> Any:
        rows = [(a, t, "train", y) for a, t, y in ROWS]
        rows += [(a, t, "v", i % 2) for i, (a, t) in enumerate(held_out)]  # type: ignore[misc]  # floats too
        table = tmp_path / "held.csv"
        lines = ["a,t,part,y", *(",".join(map(str, row)) for row in rows)]
        table.write_text("\n".join(lines), encoding="utf-8")
        return load_dataset(parse_config(
            f"data: {{train: {table}, target: y, missing: median, "
            "validation: {column: part, value: v}}\n", "c.yaml",
        ))  # fmt: skip

    before, after = load([(5.0, "u")] * 10), load([(a, text) for a in new])
    assert before.encoder == after.encoder
    assert before.train.X.tobytes() == after.train.X.tobytes()


def test_weights_have_mean_1_in_each_part(config_for: Callable[..., Config]) -> None:
    table = "a,w,y\n" + "".join(f"{i},{i * 1e25},{i % 2}\n" for i in range(20))
    dataset = load_dataset(config_for(table, "weight: w, validation: v.csv",
                                      v="a,w,y\n1,1e-20,0\n2,3e-20,1\n"))  # fmt: skip
    assert dataset.encoder.names == ("a",)
    assert dataset.validation is not None
    assert dataset.validation.weight is not None
    assert dataset.validation.weight.tolist() == [0.5, 1.5]
    assert dataset.train.weight is not None
    assert dataset.train.weight.dtype == np.float32
    assert float(dataset.train.weight.mean()) == pytest.approx(1)


def test_float64_where_asked_for(config_for: Callable[..., Config]) -> None:
    dataset = load_dataset(config_for(TABLE, "", "dtype: float64"))
    assert dataset.train.X.dtype == dataset.train.y.dtype == np.float64


def test_notes_name_part_and_column(config_for: Callable[..., Config]) -> None:
    table = "a,c,y\n" + "".join(f"{i or ''},5,{i % 2}\n" for i in range(10))
    config = config_for(table, "missing: drop, validation: v.csv", v="a,c,y\n1,5,1\n")
    assert load_dataset(config).notes == (
        "1 rows with a missing value are left out (data.missing: drop)",
        'column "c" is constant in the training rows: it teaches nothing',
        'validation: 1 of 1 rows have "1" as target "y"',
    )


def test_constant_columns_become_0(config_for: Callable[..., Config]) -> None:
    table = "a,c,y\n1,7,0\n2,7,1\n"
    assert load_dataset(config_for(table)).train.X.tolist() == [[-1, 0], [1, 0]]


def test_unseen_notes() -> None:
    assert unseen_notes({"t\n": 2}, 5) == [
        'column "t\\n": 2 of 5 rows hold a text not seen in training'
    ]


@pytest.mark.parametrize(
    ("keys", "dtype", "inputs", "size"),
    [
        ("features: [a, t]", "float32", 4, 640),
        ("features: [a, t]", "float64", 4, 1280),
        ("features: [a]", "float32", 1, 160),
    ],
)
def test_estimate(
    config_for: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    keys: str,
    dtype: str,
    inputs: int,
    size: int,
) -> None:
    leave_room(monkeypatch, 1000)
    seen: list[Estimate] = []
    load_dataset(config_for(TABLE, keys, f"dtype: {dtype}"), announce=seen.append)
    assert seen == [Estimate((Path("t.csv"),), 40, inputs, size, 1000)]
    assert seen[0].in_file is (size > 1000)


def test_memory_for_no_row_at_all(config_for: Callable[..., Config]) -> None:
    with pytest.raises(DataError, match=r"^t\.csv: out of memory; raise data\.memory_limit"):
        load_dataset(config_for(TABLE, "memory_limit: 1KB"))


def test_each_table_is_announced_before_it_is_read(config_for: Callable[..., Config]) -> None:
    seen: list[Estimate] = []
    config = config_for(TABLE, "validation: v.csv, drop: [t], memory_limit: 100MB",
                        "dtype: float64", v="t,y,a\nu,1,7\n")  # fmt: skip
    load_dataset(config, announce=seen.append)
    assert [(e.paths, e.rows, e.inputs, e.bytes) for e in seen] == [
        ((Path("t.csv"),), 40, 1, 320),
        ((Path("v.csv"),), 1, 1, 8),
    ]
    for estimate in seen:
        assert estimate.room == pytest.approx(50e6, rel=0.01)
        assert not estimate.in_file


def test_a_table_is_announced_before_it_is_found_bad(config_for: Callable[..., Config]) -> None:
    seen: list[Estimate] = []
    with pytest.raises(DataError, match="expected 3 fields, got 1"):
        load_dataset(config_for(TABLE + "x\n"), announce=seen.append)
    assert len(seen) == 1


@pytest.mark.parametrize("data", [
    "validation: 0.25, test: 0.1",
    "validation: v.csv, test: 0.2, missing: drop",
    "missing: median, test: v.csv",
])  # fmt: skip
@pytest.mark.parametrize("folder", [None, Path()])
def test_parts_in_a_file_are_those_in_memory(
    config_for: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    data: str,
    folder: Path | None,
) -> None:
    gaps = ",u,0\n,v,1\n" if "missing" in data else ""
    config = config_for(TABLE + gaps, data, v="y,t,a\n1,u,3\n0,new,5\n0,u,5\n")
    before = load_dataset(config)
    leave_room(monkeypatch, 100)
    after = load_dataset(config, folder=folder)
    assert (after.encoder, after.targets, after.digest, after.notes) == (
        before.encoder, before.targets, before.digest, before.notes
    )  # fmt: skip
    for part, rows in before.parts().items():
        stored = after.parts()[part]
        if rows is None:
            assert stored is None
            continue
        assert isinstance(stored, RowFile)
        assert stored.X.tobytes() == rows.X.tobytes()
        assert stored.y.tobytes() == rows.y.tobytes()
    assert {path.name for path in Path().iterdir()} == {"t.csv", "v.csv"}


NEEDS_BOTH = "a classifier needs rows of both classes"

REFUSED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "one row": (
        "a,y\n1,1\n",
        "",
        (f'target "y": expected two labels, got only 1; {NEEDS_BOTH}',),
    ),
    "one column": ("y\n0\n1\n", "", ('no feature column is left beside "y"',)),
    "one class": (
        "a,y\n1,no\n2,no\n",
        "",
        (f'target "y": expected two labels, got only "no"; {NEEDS_BOTH}',),
    ),
    "measurements": (
        "a,y\n1,0.5\n2,1.5\n3,2.5\n",
        "",
        (
            'target "y": expected labels, got 3 numbers such as 0.5: mlp classifies, and does no regression; name another column as data.target, or every label in data.labels',
        ),
    ),
    "no target": ("a,Y\n1,0\n", "", ('data.target: no column "y" in the data, did you mean "Y"?',)),
    "one class to train on": (
        "a,part,y\n1,t,1\n2,t,1\n3,v,0\n",
        "validation: {column: part, value: v}",
        (f'train: 2 of 2 rows have "1" as target "y"; {NEEDS_BOTH} to learn from',),
    ),
    "nothing to train on": (
        "a,y\n1,1\n2,0\n",
        "validation: 0.4, test: 0.4",
        ("no row is left to train on: 2 of 2 are held out",),
    ),
    "all marked": (
        "a,part,y\n1,v,1\n2,v,0\n",
        "validation: {column: part, value: v}",
        ("no row is left to train on: 2 of 2 are held out",),
    ),
    "no such mark": (
        "a,part,y\n1,v,1\n2,v,0\n",
        "test: {column: part, value: w}",
        ('data.test: no row has "w" in column "part"',),
    ),
    "no such number": (
        "a,part,y\n1,5,1\n2,5,0\n",
        "validation: {column: part, value: v}",
        ('data.validation: no row has "v" in column "part"',),
    ),
    "no such truth": (
        "a,part,y\n1,v,1\n2,v,0\n",
        "test: {column: part, value: true}",
        ('data.test: no row has true in column "part"',),
    ),
    "all dropped": (
        "a,y\n,1\n,0\n",
        "missing: drop",
        ("t.csv: no row is left of 2: 2 miss a value, 0 a target, and are dropped",),
    ),
    "no weight": (
        "a,w,y\n1,0,1\n2,0,0\n",
        "weight: w",
        ('column "w": every weight of the train rows is 0',),
    ),
    "inf as text": (
        "a,y\n1,0\ninf,1\n2,1\n",
        "",
        ('t.csv:3: column "a": expected a number, got "inf"',),
    ),
    "1e400": (
        "a,y\n1,0\n1e400,1\n2,1\n",
        "",
        ('t.csv:3: column "a": expected a number, got "1e400"',),
    ),
    "10,000 digits": (
        f"a,y\n1,0\n{'7' * 10_000},1\n2,1\n",
        "",
        (f't.csv:3: column "a": expected a number, got "{"7" * 39}…"',),
    ),
    "nan as text is missing": (
        "a,y\n1,0\nnan,1\n",
        "",
        ('t.csv:3: column "a": missing value; set data.missing to mean, median or drop',),
    ),
}


@pytest.mark.parametrize(("table", "data", "lines"), REFUSED.values(), ids=REFUSED)
def test_refused(
    config_for: Callable[..., Config], table: str, data: str, lines: tuple[str, ...]
) -> None:
    assert refusal(config_for(table, data)) == lines


HELD_OUT: dict[str, tuple[str, str]] = {
    "empty after drop": (
        "a,w,y\n,1,1\n,1,0\n",
        "v.csv: no row is left of 2: 2 miss a value, 0 a target, and are dropped",
    ),
    "no weight": ("a,w,y\n1,0,1\n2,0,0\n", 'column "w": every weight of the validation rows is 0'),
    "third label": ("a,w,y\n1,1,2\n", 'v.csv:2: column "y": expected 0 or 1, got 2'),
    "missing column": ("a,y\n1,1\n", 'v.csv: no column "w"; it has "a", "y"'),
}


@pytest.mark.parametrize(("content", "line"), HELD_OUT.values(), ids=HELD_OUT)
def test_held_out_file_refused(config_for: Callable[..., Config], content: str, line: str) -> None:
    table = "a,w,y\n" + "".join(f"{i},1,{i % 2}\n" for i in range(10))
    config = config_for(table, "validation: v.csv, weight: w, missing: drop", v=content)
    assert refusal(config) == (line,)
