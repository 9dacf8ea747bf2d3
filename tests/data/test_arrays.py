from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import nanoarrow as na
import numpy as np
import pytest

from mlpcli.data.arrays import arrow_column
from mlpcli.errors import DataError

WHERE = Path("<dict>")


def listed(values: Any) -> list[Any]:
    return list(na.Array(arrow_column(WHERE, "x", values)).to_pylist())


NUMBERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64,
           np.float16, np.float32, np.float64, np.longdouble]  # fmt: skip


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_of_every_width_and_order(
    dtype: type[np.number[Any]], order: Literal["<", ">"]
) -> None:
    values = np.array([0, 1, 100], np.dtype(dtype).newbyteorder(order))
    assert listed(values) == [0, 1, 100]
    assert listed(values[::-2]) == [100, 0]


@pytest.mark.parametrize("dtype", [np.int64, np.float32, np.float64])
def test_nothing_is_copied_where_bytes_lie_as_arrow_has_them(dtype: type[Any]) -> None:
    values = np.arange(1000).astype(dtype)
    buffer = arrow_column(WHERE, "x", values).view().buffer(1)
    assert np.shares_memory(np.frombuffer(buffer, dtype), values)


CASES: dict[str, tuple[Any, list[Any]]] = {
    "truths": (np.array([True, False, True] * 3), [True, False, True] * 3),
    "masked": (np.ma.array([1, 2], mask=[False, True]), [1, None]),
    "masked texts": (np.ma.array(["a", "b"], mask=[True, False]), [None, "b"]),
    "days": (np.array(["2020-02-29", "NaT"], "M8[D]"), [date(2020, 2, 29), None]),
    "text array": (np.array(["a", "bcd", ""]), ["a", "bcd", ""]),
    "bytes": (np.array([b"a", "ö".encode()]), ["a", "ö"]),
    "integers with gaps": ([1, None, 3], [1, None, 3]),
    "numbers of all kinds": ([1, 2.5, Decimal("0.25"), Fraction(1, 4), np.float32(2)],
                             [1, 2.5, 0.25, 0.25, 2]),
    "nan": ([1.5, math.nan], [1.5, None]),
    "true and gaps": ([True, None, np.bool_(False)], [True, None, False]),
    "texts and gaps": (["a", None, math.nan, np.datetime64("NaT")], ["a", None, None, None]),
    "mixed": (["a", 1, True], ["a", "1", "true"]),
    "dates": ([date(2020, 1, 2), datetime(2020, 1, 2, 3, tzinfo=UTC)],
              ["2020-01-02", "2020-01-02 03:00:00+00:00"]),
    "uuid": ([UUID(int=1)], ["00000000-0000-0000-0000-000000000001"]),
    "nothing": ([None, None], [None, None]),
    "empty": ([], []),
    "tuple": ((1, 2), [1, 2]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_columns_of_python_and_numpy(case: str) -> None:
    values, expected = CASES[case]
    assert listed(values) == expected


def test_times_keep_their_microseconds() -> None:
    values = np.array(["2020-01-02T03:04:05.000006", "NaT"], "M8[ns]")
    array = arrow_column(WHERE, "x", values)
    assert array.schema.format == "tsu:"
    assert np.frombuffer(array.view().buffer(1), "M8[us]")[0] == values[0]
    assert array.null_count == 1


REFUSED: dict[str, tuple[Any, str]] = {
    "one number": (3, "expected a list or an array of values, got int"),
    "one text": ("abc", "expected a list or an array of values, got str"),
    "matrix": (np.eye(2), "expected one value per row, got an array of shape (2, 2)"),
    "lists": ([[1], [2, 3]], "expected numbers or text, got list"),
    "dicts": ([{"a": 1}], "expected numbers or text, got dict"),
    "complex": (np.array([1j]), "expected numbers or text, got complex128"),
    "spans": (np.array([1], "m8[s]"), "expected numbers or text, got timedelta64[s]"),
    "broken bytes": ([b"\xff"], "expected text, got bytes that are not UTF-8"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_column_is_refused(case: str) -> None:
    values, line = REFUSED[case]
    with pytest.raises(DataError) as caught:
        arrow_column(WHERE, "x", values)
    assert str(caught.value) == f'<dict>: column "x": {line}'
