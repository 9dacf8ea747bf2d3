import pytest

from mlpcli.config import parse_config
from mlpcli.data.reading import reading_of
from mlpcli.data.table.misfit import advice
from mlpcli.data.table.reading import CODES

EXCEL = ["#REF!", "#NULL!", "#NV", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!"]
SIGNS = ["k.A.", "\\N", "\u2014", "nil", "unknown", "<0.5", "Total", 'a "b"', "it's \\n"]


@pytest.mark.parametrize("value", EXCEL)
def test_all_error_values_of_excel_seem_to_be_missing(value: str) -> None:
    assert value in CODES


@pytest.mark.parametrize("value", [*EXCEL, *SIGNS])
def test_what_is_advised_can_be_pasted_into_a_config(value: str) -> None:
    said = advice("x", value)
    first = said.split("; ")[1]
    assert first.startswith("if that is a missing value, set data.missing_values: [")
    data = "\n  ".join(["data:", "train: t.csv", "target: y", first.partition("set data.")[2]])
    assert reading_of(parse_config(data, "c.yaml", ".", []).data).missing.texts[-1] == value
    assert ("set data.types" in said) == (value not in CODES)


@pytest.mark.parametrize(
    ("value", "lacks"), [("inf", ""), ("1e400", ""), ("1_1", ""), ("3 without %", " without %")]
)
def test_a_bad_number_is_no_missing_value(value: str, lacks: str) -> None:
    assert advice("x", value, lacks=lacks) == ""


def test_a_column_that_was_to_hold_numbers() -> None:
    assert advice("x", "n.a.", decided=True) == (
        "; if that is a missing value, leave the field empty"
    )


def test_a_long_text_is_not_repeated() -> None:
    assert advice("x", "w" * 50) == '; if the column holds texts, set data.types: {"x": text}'


@pytest.mark.parametrize("decided", [False, True])
@pytest.mark.parametrize(
    ("value", "number", "marks"),
    [
        ("1.700,5", "1700.5", 'data.decimal: ",", data.thousands: "."'),
        ("25,25", "25.25", 'data.decimal: ","'),
        ("1,234.5", "1234.5", 'data.decimal: ".", data.thousands: ","'),
    ],
)
def test_a_number_of_other_marks_is_no_missing_value(
    value: str, number: str, marks: str, decided: bool
) -> None:
    said = advice("x", value, decided=decided)
    assert said == f"; if that is {number}, write all numbers of the column in one way: {marks}"
