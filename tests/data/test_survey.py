"""A table is described as it is, and a positive label proposed where the user must choose."""
# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlpcli.config import DataConfig
from mlpcli.data.columns import is_missing
from mlpcli.data.describe import describe
from mlpcli.data.reading import reading_of
from mlpcli.data.survey import ColumnSurvey, survey
from mlpcli.data.table import Table
from mlpcli.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


CONSTANT = "is constant in the training rows: it teaches nothing"


def test_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "n,c,e,t,one,many,y\n"
        "1,5,,u,s,a,0\n"
        "2.5,5,,v,s,b,1\n"
        ",5,,,s,c,1\n"
        "-3,5,,v,s,d,\n"
        "0,5,,v,s,e,0\n"
        "0,5,,v,s,f,0\n"
        "0,5,,v,s,g,0\n",
        encoding="utf-8",
    )
    found = survey(path, ["y"])
    assert found.rows == 7
    assert found.features == (
        ColumnSurvey("n", 1, "number, -3 to 2.5"),
        ColumnSurvey("c", 0, "number, always 5", CONSTANT),
        ColumnSurvey("e", 7, "no value", "has no value in the training rows"),
        ColumnSurvey("t", 1, '2 texts: "u", "v"', text=True),
        ColumnSurvey("one", 0, '1 text: "s"', CONSTANT, text=True),
        ColumnSurvey("many", 0, '7 texts: "a", "b", "c", "d", "e", "f", ..', text=True),
    )
    (target,) = found.targets
    assert target.column == ColumnSurvey("y", 1, "number, 0 to 1")
    assert (target.positive, target.negative) == (None, 0)


@pytest.mark.parametrize(
    ("labels", "positive", "negative"),
    [
        (["a", "b", "b"], "a", "b"),
        (["b", "a"], "a", "b"),
        (["3", "2", "3"], 2, 3),
        (["3", "2", "3", "2", ""], 2, 3),  # the gap is rarer, but no label
        (["true", "false"], None, "false"),
        (["no", "yes", "yes"], "yes", "no"),  # the word for yes, though it is not the rarer one
        (["control", "PD", "PD"], "PD", "control"),
        (["1", "2", "2"], 1, 2),
        (["0", "7", "7"], None, 0),  # the only number that is not 0, though 0 is the rarer one
        (["0", "-3", "-3"], None, 0),
        (["0", "2.5"], None, 0),
        (["0.25", "0.75"], None, 0),
        (["F", "T", "T"], "T", "F"),
        (["+", "-", "-"], "+", "-"),  # a sign of missing values elsewhere, and one of two labels
        (["present", "missing"], "present", "missing"),
        (["None", "mild"], "mild", "None"),
    ],
)
def test_positive(tmp_path: Path, labels: list[str], positive: Any, negative: Any) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,y\n" + "".join(f"1,{v}\n" for v in labels), encoding="utf-8")
    found = survey(path, ["y"])
    (target,) = found.targets
    assert (target.positive, target.negative) == (positive, negative)
    assert type(target.positive) is type(positive)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("a,sexx\n1,2\n", '{}: no column "sex", did you mean "sexx"?'),
        ("a,b\n1,2\n", '{}: no column "sex"; it has "a", "b"'),
        ("sex\n1\n0\n", '{}: no feature column is left beside "sex"'),
        ("a,sex\n1,\n2,\n", 'target "sex": expected two labels, got only missing values'),
        (
            "a,sex\n1,0.5\n2,1.5\n3,2.5\n",
            'target "sex": expected labels, got 3 numbers such as 0.5: mlp classifies, and does no regression; name another column as data.target, or every label in data.labels',
        ),
        (
            "a,sex\n" + "".join(f"{i % 7},{i}\n" for i in range(45)),
            'target "sex": expected labels, got 45 numbers such as 0: mlp classifies, and does no regression; name another column as data.target, or every label in data.labels',
        ),
        (
            "a,sex\n1,5\n2,5\n",
            'target "sex": expected two labels, got only 5; a classifier needs rows of both classes',
        ),
    ],
)
def test_refused(tmp_path: Path, content: str, line: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        survey(path, ["sex"])
    assert caught.value.lines == (line.format(path),)


@pytest.mark.parametrize(
    ("labels", "kept", "codes", "found"),
    [
        (["None", "mild", "severe"] * 9, ("None",), {}, ("None", "mild", "severe")),
        (["-", "a", "b"] * 9, (), {}, ("-", "a", "b")),
        (["+", "-", "~"] * 9, (), {}, ("+", "-", "~")),
        (["a", "b", "c"] * 9 + ["-"], (), {"y": ["-"]}, ("a", "b", "c")),
        (["a", "b", "c"] * 9 + ["None"], (), {}, ("a", "b", "c")),
        (["a", "b", "c", ""] * 9, (), {}, ("a", "b", "c")),
    ],
)
def test_a_sign_as_frequent_as_labels_is_one(
    tmp_path: Path,
    labels: list[str],
    kept: tuple[str, ...],
    codes: dict[str, list[str]],
    found: tuple[str, ...],
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i},{label}\n" for i, label in enumerate(labels)), "utf-8")
    seen = survey(path, ["y"])
    (target,) = seen.targets
    assert (seen.keep_values, seen.missing_values, target.labels) == (kept, codes, found)
    assert target.column.missing == sum(label not in found for label in labels)


def test_what_is_a_label_is_missing_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = [
        f"{'None' if i % 4 else i},{'uv'[i % 2]},{('None', 'a', 'b')[i % 3]}" for i in range(24)
    ]
    path.write_text("\n".join(["x,c,y", *rows, "1,None,a"]) + "\n", "utf-8")
    seen = survey(path, ["y"])
    assert seen.keep_values == ("None",)
    assert seen.missing_values == {"x": ["None"], "c": ["None"]}
    assert [feature.missing for feature in seen.features] == [18, 1]


def test_a_sign_of_a_missing_value_among_numbers_is_no_label(tmp_path: Path) -> None:
    rows = [f"{i},{label}" for i, label in enumerate([*range(3)] * 9 + ["None"])]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *rows]))
    found = survey(tmp_path / "t.csv", ["y"])
    (target,) = found.targets
    assert (target.column.missing, target.labels, found.keep_values) == (1, (0, 1, 2), ())


def test_what_is_said_to_be_missing_is_all_that_is(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "x,y\n" + "".join(f"{i % 5 or -999},{'ab'[i % 2]}\n" for i in range(40)), "utf-8"
    )
    told = {"train": [str(path)], "target": ["y"], "missing_values": ["n.b."]}
    assert survey(path, ["y"]).missing_values == {"x": [-999]}
    assert survey(path, ["y"], said=DataConfig.model_validate(told)).missing_values == {}


@pytest.mark.parametrize(
    ("kept", "codes"),
    [
        ([], {"x": [-999], "c": ["-"]}),
        ([-999], {"c": ["-"]}),
        (["-"], {"x": [-999]}),
        (["-", -999.0], {}),
    ],
)
def test_what_is_said_to_be_a_value_is_no_sign(
    tmp_path: Path, kept: list[Any], codes: dict[str, list[Any]]
) -> None:
    path = tmp_path / "t.csv"
    rows = "".join(f"{i % 5 or -999},{'-uv'[i % 3]},{'ab'[i % 2]}\n" for i in range(40))
    path.write_text("x,c,y\n" + rows, "utf-8")
    told = {"train": [str(path)], "target": ["y"], "keep_values": kept}
    assert survey(path, ["y"], said=DataConfig.model_validate(told)).missing_values == codes


def test_lines_are_skipped_above_rows_without_names(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("|1x3 Cross validator\n" + "25,u,>50K.\n38,v,<=50K.\n" * 12, "utf-8")
    told = {"train": [str(path)], "target": ["c3"], "skip_lines": 1}
    seen = survey(path, ["c3"], said=DataConfig.model_validate(told))
    assert (seen.rows, seen.header) == (24, False)
    assert seen.features[0].summary == "number, 25 to 38"


def test_no_sign_is_guessed_where_none_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("x,y\n" + "".join(f"{i % 5 or -999},{i % 2}\n" for i in range(40)), "utf-8")
    told = {"train": [str(path)], "target": ["y"], "missing_values": []}
    assert survey(path, ["y"], said=DataConfig.model_validate(told)).missing_values == {}


def test_signs_are_told_from_many_texts_in_linear_time(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = (f"{i},{'-' if i % 9 == 0 else f'name {i}'},{i % 2}\n" for i in range(100_000))
    path.write_text("x,c,y\n" + "".join(rows), "utf-8")
    seen = survey(path, ["y"])
    assert seen.missing_values == {"c": ["-"]}
    assert seen.features[1].missing == len(range(0, 100_000, 9))


@pytest.mark.parametrize("sign", ["n/a", "-", "#N/A", "-999"])
@pytest.mark.parametrize(
    "way", ["{}.5%", "${}.5", '"{},5"', '"1,{:03}.5"', "{}.5 kg", "{}.5 EUR", "USD {}.5", "({}.5)"]
)
def test_a_sign_among_formatted_numbers_is_missing_in_training_too(
    tmp_path: Path, way: str, sign: str
) -> None:
    path = tmp_path / "t.csv"
    rows = [sign if i % 5 == 2 else way.format(i) for i in range(100)]
    lines = "".join(f"{text},{'ab'[i % 2]}\n" for i, text in enumerate(rows))
    path.write_text("x,y\n" + lines, "utf-8")
    seen = survey(path, ["y"])
    assert seen.missing_values == {"x": [-999 if sign == "-999" else sign]}
    assert seen.features[0].summary.startswith("number, ")
    told = {"train": [str(path)], "target": ["y"], "missing_values": seen.missing_values}
    with Table([path], reading_of(DataConfig.model_validate(told))).load() as table:
        column = table.read(["x"])["x"]
        assert (table.kinds["x"], int(is_missing(column).sum())) == ("number", 20)
        assert describe(column) == seen.features[0].summary


def test_true_and_false_with_a_sign_are_as_training_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    rows = "".join(f"{('True', 'False', 'n/a')[i % 3]},{'ab'[i % 2]}\n" for i in range(60))
    path.write_text("x,y\n" + rows, "utf-8")
    seen = survey(path, ["y"])
    assert (seen.types, seen.missing_values) == ({"x": "boolean"}, {"x": ["n/a"]})
    assert seen.features[0].summary == "number, 0 to 1"
