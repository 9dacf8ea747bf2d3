"""The grid: exact steps, the edges at which p rounds to 0 or 1, and what is no grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.compare.grid import (
    DTYPES,
    default_dtypes,
    logit_grid,
    neighbours,
    parse_dtypes,
    parse_grid,
)
from mlpcli.errors import UsageError
from mlpcli.nn.sigmoid import probability

FIRST_ONE = {"float16": 7.625, "float32": 16.635532, "float64": 36.7368005696771}
FIRST_ZERO = {"float16": -11.09375, "float32": -88.72284, "float64": -709.782712893384}


@pytest.mark.parametrize("dtype", DTYPES[:-1])
def test_the_default_grid_has_the_edges(dtype: str) -> None:
    h = logit_grid(dtype)
    assert (h[0], h[-1]) == (-800, 800)
    assert h.dtype == dtype
    assert (np.diff(h) > 0).all()
    assert h.size < 1300
    with np.errstate(over="ignore"):
        p = probability(h)
    one, zero = h[p == 1].min(), h[p == 0].max()
    assert float(one) == pytest.approx(FIRST_ONE[dtype], rel=1e-7)
    assert float(zero) == pytest.approx(FIRST_ZERO[dtype], rel=1e-7)
    assert np.nextafter(one, h.dtype.type(0)) in h
    assert np.nextafter(zero, h.dtype.type(0)) in h


@pytest.mark.skipif("longdouble" not in default_dtypes(), reason="longdouble is float64 here")
def test_longdouble_has_its_own_edge() -> None:
    h = logit_grid("longdouble")
    assert float(h[probability(h) == 1].min()) == pytest.approx(44.3614, abs=1e-3)


def test_a_platform_whose_longdouble_is_a_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "longdouble", np.float64)
    assert default_dtypes() == ("float16", "float32", "float64")
    with pytest.raises(
        UsageError, match=r"^--dtype longdouble: here it is float64 by another name"
    ):
        parse_dtypes(["longdouble"])


def test_dtypes_stay_in_order_without_repeats() -> None:
    assert parse_dtypes(["float64", "float16", "float64"]) == ("float64", "float16")
    assert parse_dtypes([]) == ()


@pytest.mark.parametrize(
    ("text", "logits"),
    [
        ("-0.3:0.3:0.1", [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]),
        ("0:1:0.3", [0.0, 0.3, 0.6, 0.9]),
        ("1:2:5", [1.0]),
        (" -1e1 : 10 : 1e1 ", [-10.0, 0.0, 10.0]),
        ("1e-320:1e-319:3e-320", [1e-320, 4e-320, 7e-320, 1e-319]),
        ("-1e308:1e308:1e308", [-1e308, 0.0, 1e308]),
    ],
)
def test_steps_are_exact(text: str, logits: list[float]) -> None:
    assert parse_grid(text).tolist() == logits


@given(st.decimals(-1000, 1000, places=3), st.decimals("0.001", 50, places=3), st.integers(1, 2000))
def test_every_logit_is_the_nearest_float64_of_its_decimal(
    low: object, step: object, n: int
) -> None:
    from fractions import Fraction

    first, stride = Fraction(str(low)), Fraction(str(step))
    high = first + n * stride
    found = parse_grid(f"{low}:{high.numerator / high.denominator!r}:{step}")
    wanted = [float(first + k * stride) for k in range(n + 1)]
    assert found.tolist() == wanted[: found.size]
    assert found.size >= n


def test_a_million_logits_and_no_more() -> None:
    assert parse_grid("1:1000000:1").size == 1_000_000
    with pytest.raises(UsageError, match=r"expected at most 1,000,000 logits, got 1,000,001; "):
        parse_grid("0:1000000:1")


def test_zero_has_no_sign_and_repeats_go() -> None:
    h = logit_grid("float16", np.array([-0.0, 0.0, 1e-9, 0.1, 0.1000001, 1e6]))
    assert h.tolist() == [0.0, float(np.float16(0.1))]
    assert not np.signbit(h[0])


def test_a_dtype_that_can_hold_none_of_them() -> None:
    with pytest.raises(UsageError, match=r"^--logits: float16 can hold none of them; .* 65504$"):
        logit_grid("float16", np.array([7e4, 8e4]))


@pytest.mark.parametrize("gap", [0.0, 1e-6])
def test_neighbours(gap: float) -> None:
    for edge in (1.0, 0.3333, 36.7, 799.999):
        low, high = neighbours(lambda h: h >= edge, np.float64(0), np.float64(800), gap=gap)  # noqa: B023  used at once
        assert low < edge <= high
        assert high == np.nextafter(low, 800) if gap == 0 else high - low <= gap
