"""A text and its shape fit the same numerals."""

from __future__ import annotations

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.data.table.marks import GROUPS
from mlpcli.data.table.numerals import PLAIN, Numerals
from mlpcli.data.table.shapes import shapes_in

NUMERALS = [PLAIN, *(Numerals(d, g, u, n) for d in ".," for g in GROUPS if g != d
                     for u in ("", "%", "$", "kg", "USD") for n in ("", "()"))]  # fmt: skip
CONNECTION = duckdb.connect()


@given(st.text(alphabet="0123456789.,-()%$ '", min_size=1, max_size=12) | st.floats(-1e9, 1e9).map(
    lambda x: f"{x:,.3f}"))  # fmt: skip
def test_a_shape_fits_what_its_text_fits(text: str) -> None:
    CONNECTION.execute("CREATE OR REPLACE TABLE t AS SELECT ? AS k, 3 AS n", [text])
    shapes = shapes_in(CONNECTION, "t")
    fitting = [each for each in NUMERALS if each.fits(text)]
    assert shapes or not fitting
    for shape, count in shapes.items():
        assert count == 3
        assert [each for each in NUMERALS if each.fits(shape)] == fitting


def test_shapes_are_few() -> None:
    CONNECTION.execute(
        "CREATE OR REPLACE TABLE t AS SELECT (i * 7.25)::VARCHAR AS k, 1 AS n FROM range(9999) u(i)"
    )
    shapes = shapes_in(CONNECTION, "t")
    assert sum(shapes.values()) == 9999
    assert {*shapes} == {"0.11", "1.11", "11.11", "111.11", "1111.11"}
