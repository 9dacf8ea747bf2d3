"""Rules equal scikit-learn's, survive JSON, and say what they cannot encode."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlpcli.data import encoder as module
from mlpcli.data.columns import is_missing, take
from mlpcli.data.encoder import Encoder, encode_examples, place_for, spread
from mlpcli.data.examples import Examples
from mlpcli.data.rows import Place, RowFile, Rows
from mlpcli.data.rules import NumberRule, Policies, TextRule, fit_rule
from mlpcli.data.table import Categorical, Table
from mlpcli.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlpcli.data.rules import MissingPolicy
    from mlpcli.data.table import Column

NAN = math.nan
EPS = float(np.finfo(np.float64).eps)

numbers = st.lists(
    st.integers(-(10**9), 10**9).map(lambda n: n / 1000) | st.just(NAN), min_size=1, max_size=30
).map(np.array)
LEVELS = ("a", "b", "c", "d", "é", "Z z")
texts = st.lists(st.integers(-1, len(LEVELS) - 1), min_size=1, max_size=30)


def text(values: Sequence[str | None]) -> Categorical:
    """Return a text column as a table hands it out: levels sorted, None is missing."""
    levels = tuple(sorted({value for value in values if value is not None}))
    codes = [-1 if value is None else levels.index(value) for value in values]
    return Categorical(np.array(codes, np.int32), levels)


def fit(
    columns: Mapping[str, Column], policy: MissingPolicy, *, standardize: bool = True
) -> Encoder:
    """Return an encoder of rows for training."""
    rules = (fit_rule(name, c, policy, standardize=standardize) for name, c in columns.items())
    return Encoder(tuple(rules), Policies(policy))


def encode(encoder: Encoder, columns: Mapping[str, Column], dtype: str = "float64") -> Any:
    return encoder.encode(columns, dtype)[0]


@given(numbers)
def test_numbers_are_standardised_as_scikit_learn_does(values: Any) -> None:
    assume(not np.isnan(values).all())
    encoder = fit({"x": values}, "drop")
    scaler = StandardScaler().fit(values[:, None])
    (rule,) = encoder.rules
    assert isinstance(rule, NumberRule)
    constant = np.unique(values[~np.isnan(values)]).size == 1
    event(f"constant: {constant}")
    # both round the mean to about its last digit, and a small scale magnifies that
    atol = 1e-9 + 64 * EPS * abs(rule.mean) / rule.scale
    expected = scaler.transform(values[:, None])
    np.testing.assert_allclose(encode(encoder, {"x": values}), expected, rtol=1e-9, atol=atol)
    assert rule.scale == pytest.approx(float(scaler.scale_[0]), rel=1e-9)


@given(numbers, st.sampled_from(["mean", "median"]))
def test_gaps_are_filled_as_scikit_learn_does(
    values: Any, policy: Literal["mean", "median"]
) -> None:
    assume(not np.isnan(values).all())
    encoder = fit({"x": values}, policy, standardize=False)
    expected = SimpleImputer(strategy=policy).fit_transform(values[:, None])
    np.testing.assert_allclose(encode(encoder, {"x": values}), expected, rtol=1e-12, atol=1e-9)
    assert encoder.missing({"x": values}) == {}


@given(texts, texts)
def test_texts_are_one_hot_as_scikit_learn_does(seen: list[int], new: list[int]) -> None:
    fitted = text([LEVELS[i] for i in seen if i >= 0])
    assume(fitted.levels)
    column = text([LEVELS[i] if i >= 0 else None for i in new])
    encoder = fit({"t": fitted}, "drop")
    oracle = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    oracle.fit(np.array([LEVELS[i] for i in seen if i >= 0], object)[:, None])
    as_text = np.array([LEVELS[i] if i >= 0 else "missing" for i in new], object)[:, None]
    X, unseen = encoder.encode({"t": column}, "float64")
    np.testing.assert_array_equal(X, oracle.transform(as_text))
    assert encoder.inputs == tuple(f"t={level}" for level in oracle.categories_[0])
    unknown = sum(i >= 0 and LEVELS[i] not in fitted.levels for i in new)
    event(f"unseen: {unknown > 0}")
    assert unseen == ({"t": unknown} if unknown else {})


@given(texts, st.sampled_from(["mean", "median"]))
def test_a_missing_text_becomes_the_commonest(
    codes: list[int], policy: Literal["mean", "median"]
) -> None:
    values = [LEVELS[i] if i >= 0 else None for i in codes]
    assume(any(value is not None for value in values))
    encoder = fit({"t": text(values)}, policy)
    (rule,) = encoder.rules
    oracle = SimpleImputer(strategy="most_frequent", missing_values=None)
    filled = oracle.fit_transform(np.array(values, object)[:, None])
    assert rule.fill == oracle.statistics_[0]
    X = encode(encoder, {"t": text(values)})
    assert [encoder.inputs[j] for j in X.argmax(axis=1)] == [f"t={v}" for v in filled[:, 0]]


def test_names_and_kinds_follow_the_columns() -> None:
    columns: dict[str, Column] = {
        "n": np.array([1.0, 3.0]),
        "t": text(["u", "v"]),
        "m": np.array([0.0, 0.0]),
    }
    encoder = fit(columns, "error")
    assert encoder.names == ("n", "t", "m")
    assert encoder.kinds == {"n": "number", "t": "text", "m": "number"}
    assert encoder.inputs == ("n", "t=u", "t=v", "m")
    X, unseen = encoder.encode(columns, "float32")
    assert X.dtype == np.float32
    assert X.tolist() == [[-1, 1, 0, 0], [1, 0, 1, 0]]
    assert unseen == {}


def test_columns_are_found_by_name_and_others_are_ignored() -> None:
    columns: dict[str, Column] = {"a": np.array([1.0, 3.0]), "t": text(["u", "v"])}
    encoder = fit(columns, "error")
    shuffled = {"t": columns["t"], "extra": np.array([9.0, 9.0]), "a": columns["a"]}
    assert encode(encoder, shuffled).tolist() == encode(encoder, columns).tolist()


def test_levels_come_from_the_rows_not_from_the_table() -> None:
    column = Categorical(np.array([0, 2, 0], np.int32), ("a", "b", "c"))
    (rule,) = fit({"t": column}, "error").rules
    assert isinstance(rule, TextRule)
    assert rule.levels == ("a", "c")


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([5.0, 5.0, 5.0], 1.0),
        ([0.1 + 0.2, 0.3, 0.3], 1.0),  # equal but for rounding
        ([0.0, 0.0], 1.0),
        ([7.0], 1.0),
        ([1e200, 3e200], 1e200),
        ([-1.7e308, 1.7e308], 1.7e308),
        ([0.0, 2e-310], 1e-310),
    ],
)
def test_scale_of_unusual_columns(values: list[float], scale: float) -> None:
    (rule,) = fit({"x": np.array(values)}, "median").rules
    assert isinstance(rule, NumberRule)
    assert rule.scale == pytest.approx(scale, rel=1e-6)
    assert np.isfinite(encode(Encoder((rule,), Policies("median")), {"x": np.array(values)})).all()


def test_the_median_of_the_largest_numbers_is_finite() -> None:
    (rule,) = fit({"x": np.array([1.7e308, 1.7e308])}, "median").rules
    assert rule.fill == pytest.approx(1.7e308)


def test_a_value_beyond_the_dtype_is_infinite_without_a_warning() -> None:
    encoder = fit({"x": np.array([0.0, 1e-300])}, "error")
    X = encode(encoder, {"x": np.array([1e300, -1e300])}, "float32")
    assert X[:, 0].tolist() == [math.inf, -math.inf]


@pytest.mark.parametrize(
    ("policy", "fill"), [("error", None), ("drop", None), ("mean", 0.0), ("median", 0.0)]
)
def test_a_column_without_a_value(policy: MissingPolicy, fill: float | None) -> None:
    columns: dict[str, Column] = {
        "x": np.array([NAN, NAN]),
        "t": Categorical(np.array([-1, -1]), ()),
    }
    encoder = fit(columns, policy)
    assert encoder.rules == (
        NumberRule("x", 0.0, 1.0, fill),
        TextRule("t", (), None),
    )
    assert encoder.inputs == ("x",)
    assert set(encoder.missing(columns)) == ({"t"} if fill == 0.0 else {"x", "t"})


def test_missing_marks_the_rows_that_no_rule_fills() -> None:
    columns: dict[str, Column] = {"x": np.array([1.0, NAN]), "t": text([None, "u"])}
    strict = fit(columns, "error")
    assert {k: m.tolist() for k, m in strict.missing(columns).items()} == {
        "x": [False, True],
        "t": [True, False],
    }
    X = encode(strict, columns)
    assert X[0].tolist() == [0, 0]
    assert math.isnan(X[1, 0])
    assert is_missing(columns["x"]).tolist() == [False, True]
    assert is_missing(columns["t"]).tolist() == [True, False]


@given(numbers, texts, st.sampled_from(["error", "drop", "mean", "median"]), st.booleans())
def test_json_round_trip(
    values: Any, codes: list[int], policy: MissingPolicy, standardize: bool
) -> None:
    columns = {"x": values, "t ü": text([LEVELS[i] if i >= 0 else None for i in codes])}
    encoder = fit(columns, policy, standardize=standardize)
    again = Encoder.from_document(json.loads(json.dumps(encoder.to_document(), allow_nan=False)))
    assert again == encoder
    assert again.inputs == encoder.inputs


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ({}, KeyError),
        ({"columns": [], "policy": "error"}, KeyError),
        ({"columns": 5, "missing": "error"}, TypeError),
        ({"columns": [{"kind": "image"}], "missing": "error"}, ValueError),
        ({"columns": [{"kind": "text", "name": "t", "levels": ["a"]}], "missing": "x"}, KeyError),
        (
            {
                "columns": [
                    {"kind": "number", "name": "x", "mean": "m", "scale": 1.0, "fill": None}
                ],
                "missing": "error",
            },
            ValueError,
        ),
    ],
)
def test_a_document_of_something_else(document: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Encoder.from_document(document)


# ── block by block, in threads, in memory or in a file as the whole ───────────────────────

ROWS = 300


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Table]:
    """Yield a table that is encoded in many parts, in threads."""
    monkeypatch.setattr(module, "_BLOCK_ROWS", 7)
    monkeypatch.setattr(module, "_WORTH_THREADS", 1)
    monkeypatch.setattr("mlpcli.parallel.core_count", lambda: 4)
    path = tmp_path / "t.csv"
    path.write_text("a,t\n" + "".join(f"{i / 7!r},{'uvwx'[i % 4]}\n" for i in range(ROWS)))
    with Table([path]).load() as opened:
        yield opened


def examples(table: Table, *, every: int) -> Examples:
    """Return every so manieth row."""
    y = np.arange(2.0 * ROWS).reshape(ROWS, 2)
    whole = Examples(table, y, y[:, 1] + 1)
    return whole if every == 1 else whole.take(np.arange(0, ROWS, every))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("in_file", [False, True])
@pytest.mark.parametrize("every", [1, 3, 50])
def test_as_a_whole(table: Table, dtype: str, in_file: bool, every: int, tmp_path: Path) -> None:
    columns = table.read(table.names)
    seen = take(columns, np.flatnonzero(np.arange(ROWS) % 4 != 2))
    encoder = fit(seen, "error")
    share = examples(table, every=every)
    place = Place(100, tmp_path) if in_file else None
    rows, unseen = encode_examples(share, encoder, dtype, 4.0, place)
    assert isinstance(rows, RowFile if in_file else Rows)
    X, counts = encoder.encode(share.read(table.names), dtype)
    assert rows.X.tobytes() == X.tobytes()
    assert rows.X.dtype == rows.y.dtype == dtype
    assert dict(unseen) == counts
    assert counts["t"] == sum(i % 4 == 2 for i in range(0, ROWS, every))
    np.testing.assert_array_equal(rows.y, share.y)
    assert rows.weight is not None
    assert share.weight is not None
    np.testing.assert_array_equal(rows.weight, (share.weight / 4).astype(dtype))


def test_a_part_of_many_inputs_has_few_rows(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BLOCK_INPUTS", 12)
    sizes = []
    encode = Encoder.encode

    def spy(self: Encoder, columns: Mapping[str, Column], dtype: str) -> object:
        X, unseen = encode(self, columns, dtype)
        sizes.append(X.size)
        return X, unseen

    monkeypatch.setattr(Encoder, "encode", spy)
    encoder = fit(table.read(table.names), "error")
    rows, _ = encode_examples(examples(table, every=1), encoder, "float64")
    assert max(sizes) <= 12
    assert sum(sizes) == rows.X.size


def test_a_full_disk_is_said_from_a_thread(
    table: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    share = examples(table, every=1)
    encoder = fit(table.read(table.names), "error")
    monkeypatch.setattr("tempfile.SpooledTemporaryFile.write", full)
    with pytest.raises(StorageError, match=f"{tmp_path}: .* no space left on device"):
        encode_examples(share, encoder, "float32", 1.0, Place(100, tmp_path))


@pytest.mark.parametrize("rows", [10, 1000])
def test_threads_where_they_are_worth_it(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WORTH_THREADS", 100)
    threads = [*spread(lambda _: threading.current_thread(), range(3), rows)]
    assert ({*threads} == {threading.current_thread()}) is (rows < 100)
    assert [*spread(abs, [-1, 2, -3], rows)] == [1, 2, 3]


# ── where rows lie ──────────────────────────────────────────────────────────────────────────


def encoder(*levels: int) -> Encoder:
    """Return an encoder of two numbers and a text column for each number of levels."""
    rules = [NumberRule(name, 0, 1, None) for name in ("a", "b")]
    texts = [
        TextRule(f"t{i}", tuple(map(str, range(count))), None) for i, count in enumerate(levels)
    ]
    return Encoder((*rules, *texts), Policies())


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: SimpleNamespace(free=size))


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
