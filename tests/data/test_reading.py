"""What a config says of tables reaches their reader, and a model remembers it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mlpcli.data.material import load_dataset
from mlpcli.data.reading import reading_from, reading_of, reading_to_document
from mlpcli.data.table import TRUTH, Layout, Missing, Reading
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.config import Config
    from mlpcli.data.table import Kind


def test_a_config_without_a_word(config_for: Callable[..., Config]) -> None:
    expected = Reading(as_written=frozenset(["y"]))
    assert reading_of(config_for("").data) == expected


def test_every_key(config_for: Callable[..., Config]) -> None:
    keys = (
        "types: {a: text, b: number, c: boolean}, missing_values: [-999, '.'], keep_values: [NA], "
        "decimal: ',', thousands: '.', delimiter: ';', encoding: cp1252, comment: '#', "
        "skip_lines: 2, header: [a, b], drop: [d], test: {column: part, value: 1}"
    )
    reading = reading_of(config_for("", keys).data)
    assert reading.kinds == {"a": "text", "b": "number", "c": "number"}
    assert reading.notations == {"c": TRUTH}
    assert reading.as_written == {"y", "part"}
    assert reading.drop == ("d",)
    assert reading.missing == Missing().minus(["NA"]).plus(["."]).plus([-999])
    assert reading.layout == Layout("cp1252", ("a", "b"), ";", ",", ".", "#", 2)


def test_missing_values_of_one_column(config_for: Callable[..., Config]) -> None:
    reading = reading_of(config_for("", "missing_values: {a: [0, -]}").data)
    assert reading.missing == Missing()
    assert reading.missing_in == {"a": Missing().plus([0, "-"])}


TABLE = "a;b;c;y\n1,5;True;02139;no\n-9;false;10001;yes\n2,5;TRUE;02139;no\n0,5;False;10001;yes\n"


def test_a_model_remembers(config_for: Callable[..., Config]) -> None:
    keys = "positive: yes, missing: median, missing_values: {a: [-9]}, delimiter: ';'"
    dataset = load_dataset(config_for(TABLE, keys))
    document = json.loads(json.dumps(dataset.reading))
    assert document["trimmed"] == " \t\u00a0"
    assert document["booleans"]["1"][:2] == ["true", "t"]
    assert document["boolean_columns"] == ["b"]
    reading = reading_from(document, dataset.encoder.kinds)
    assert reading.missing_of("a") == Missing().plus([-9])
    assert reading.layout.delimiter == ";"
    assert reading.notations["b"] == TRUTH
    assert reading.notations["a"].fits("3,14")
    assert dataset.encoder.kinds == {"a": "number", "b": "number", "c": "text"}


@pytest.mark.parametrize("damage", [{}, {"layout": {"tail": 1}}, {"notations": {"a": {"x": 1}}}])
def test_something_else_is_no_reading(
    config_for: Callable[..., Config], damage: dict[str, object]
) -> None:
    dataset = load_dataset(config_for(TABLE, "positive: yes"))
    with pytest.raises((KeyError, TypeError)):
        reading_from({**dataset.reading, **damage} if damage else {}, {})


HELD_OUT = {
    "other words": "c,b,a,y\n02139,t,1.5,no\n10001,F,2,yes\n",
    "bits": "c,b,a,y\n02139,1,1.5,no\n10001,0,2,yes\n",
}


@pytest.mark.parametrize("table", HELD_OUT.values(), ids=HELD_OUT)
def test_other_files_mean_the_same(config_for: Callable[..., Config], table: str) -> None:
    keys = "positive: yes, standardize: false, missing: median, test: v.csv"
    test = load_dataset(config_for(TABLE, keys, v=table)).test
    assert test is not None
    assert test.X.tolist() == [[1.5, 1, 1, 0], [2, 0, 0, 1]]


def test_true_stands_for_1_only_where_training_had_bits(config_for: Callable[..., Config]) -> None:
    table = "bit,size,y\n0,5,0\n1,6,1\n"
    fine = load_dataset(config_for(table, "test: v.csv", v="size,bit,y\n5,FALSE,0\n6,TRUE,1\n"))
    assert fine.test is not None
    assert fine.test.X[:, 0].tolist() == fine.train.X[:, 0].tolist()
    with pytest.raises(DataError, match='column "size": expected a number, got "TRUE"'):
        load_dataset(config_for(table, "test: v.csv", v="bit,size,y\n0,FALSE,0\n1,TRUE,1\n"))


@pytest.mark.parametrize("labels", [("True", "False"), ("TRUE", "FALSE"), ("t", "f"), (1, 0)])
def test_true_labels_mean_the_same(
    config_for: Callable[..., Config], labels: tuple[object, object]
) -> None:
    table = "a,y\n1,True\n2,False\n3,True\n"
    other = "a,y\n1,{}\n2,{}\n".format(*labels)
    dataset = load_dataset(config_for(table, "test: v.csv", v=other))
    assert dataset.targets[0].labels == ("False", "True")
    assert dataset.test is not None
    assert dataset.test.y.tolist() == [[1], [0]]


def test_a_target_may_be_missing(config_for: Callable[..., Config]) -> None:
    table = "a,y\n1,0\n2,\n3,1\n,1\n,NA\n"
    dataset = load_dataset(config_for(table, "missing_target: drop, missing: mean"))
    assert dataset.train.y.tolist() == [[0], [1], [1]]
    left_out = "2 rows without a target are left out; "
    advice = '"NA" counts as none: if that is a label, set data.keep_values: ["NA"]'
    assert left_out + advice in dataset.notes
    with pytest.raises(DataError, match=r't.csv:5: column "a": missing value'):
        load_dataset(config_for(table, "missing_target: drop"))


def test_policies_by_column(config_for: Callable[..., Config]) -> None:
    table = "a,b,c,y\n1,u,1,0\n,v,2,1\n3,,3,1\n4,u,,0\n"
    keys = "missing: {a: level, b: level, c: drop}, standardize: false"
    dataset = load_dataset(config_for(table, keys))
    assert dataset.encoder.inputs == ("a", "a= missing", "b=u", "b=v", "b= missing", "c")
    assert dataset.train.X[1].tolist() == [2, 1, 0, 1, 0, 2]
    assert dataset.train.X[2].tolist() == [3, 0, 0, 0, 1, 3]
    assert len(dataset.train) == 3


def test_the_rarer_texts_share_an_input(config_for: Callable[..., Config]) -> None:
    texts = ["d", "c", "b", "a", "d", "d", "b"]
    table = "t,y\n" + "".join(f"{text},{i % 2}\n" for i, text in enumerate(texts))
    dataset = load_dataset(config_for(table, "max_levels: 3"))
    assert dataset.encoder.inputs == ("t=a", "t=b", "t=d", "t= other")
    assert dataset.train.X[1].tolist() == [0, 0, 0, 1]
    assert load_dataset(config_for(table, "max_levels: 4")).encoder.inputs[-1] == "t=d"


def test_too_many_texts_are_refused(config_for: Callable[..., Config]) -> None:
    table = "t,y\n" + "".join(f"v{i},{i % 2}\n" for i in range(10_001))
    with pytest.raises(DataError, match=r'column "t": 10,001 different texts .* data.max_levels'):
        load_dataset(config_for(table))


@pytest.mark.parametrize(
    "keys", ["types: {z: text}", "missing: {z: drop}", "missing_values: {z: [1]}"]
)
def test_a_column_that_is_not_there(config_for: Callable[..., Config], keys: str) -> None:
    key = keys.partition(":")[0]
    with pytest.raises(DataError, match=f'data.{key}: no column "z" in the data'):
        load_dataset(config_for("a,y\n1,0\n2,1\n", keys))


def as_to_csv_writes(columns: dict[str, list[object]]) -> str:
    """Return the bytes of pandas' `to_csv()`: an index without a name in front."""
    rows = [
        f"{i}," + ",".join(map(str, row))
        for i, row in enumerate(zip(*columns.values(), strict=True))
    ]
    return "\n".join([",".join(["", *columns]), *rows]) + "\n"


VALUES: tuple[list[object], ...] = (
    [1.5, 2.5, 3.25, 4.75],
    [1, 2, 7, 40],
    ["a", "b", "a", "c"],
    [True, False, True, True],
    ["2024-01-01", "2024-01-01", "2024-02-01", "2024-02-01"],
    ['"x, y"', "z", "z", '"say ""no"""'],
    ["", 1.0, 2.0, ""],
    ["caf\u00e9", "", "th\u00e9", "th\u00e9"],
    [1e300, 1e-7, -0.0, 5],
    ["02139", "10001", "02139", "60601"],
    [0, 1, 1, 0],
)


@pytest.mark.parametrize(
    "target", [[0, 1, 1, 0], ["no", "yes", "yes", "no"], [True, False, False, True]]
)
@pytest.mark.parametrize("first", range(len(VALUES)))
def test_tables_as_to_csv_writes_them(
    config_for: Callable[..., Config], first: int, target: list[object]
) -> None:
    columns = {"first": VALUES[first], "second": VALUES[first - 1], "y": target}
    positive = ", positive: yes" if "yes" in target else ""
    dataset = load_dataset(config_for(as_to_csv_writes(columns), f"missing: level{positive}"))
    assert dataset.encoder.names == ("first", "second")
    assert len(dataset.train) == 4
    assert dataset.notes[0].endswith("is left out: row names or an index")


def test_a_row_for_a_header_is_told(config_for: Callable[..., Config]) -> None:
    table = "5.1,u,no\n" + "4.9,u,yes\n" * 3
    with pytest.raises(DataError) as raised:
        load_dataset(config_for(table))
    assert raised.value.lines == (
        'data.target: no column "y" in the data; it has "5.1", "u", "no"',
        "t.csv:1: the line of names looks like a row; if it is one, set data.header to false",
    )


def test_what_a_model_remembers_is_what_its_file_gives_back(
    config_for: Callable[..., Config],
) -> None:
    keys = "header: [a, b, y], missing_values: {a: [-9, .]}, delimiter: ';'"
    document = reading_to_document(reading_of(config_for("", keys).data), ["a", "b"])
    assert json.loads(json.dumps(document)) == document
    kinds: dict[str, Kind] = {"a": "number", "b": "text"}
    assert reading_from(document, kinds).layout.header == ("a", "b", "y")
