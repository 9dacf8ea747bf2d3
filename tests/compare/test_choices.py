"""The names of forms, epsilons and dtypes, and exact steps of a grid: order, repeats, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.compare.choices import (
    comparable,
    default_dtypes,
    known_forms,
    parse_dtypes,
    parse_epsilon,
    parse_forms,
    parse_grid,
)
from mlpcli.errors import UsageError
from mlpcli.nn.losses import BCE_FORMS, LOSSES, Loss


def test_repeats_go_and_order_stays() -> None:
    assert parse_forms(None, None) == tuple(BCE_FORMS)
    assert parse_forms(["stable", "naive", "stable"], "1e-5") == ("stable", "naive")


def test_a_library_joins_with_its_epsilon() -> None:
    assert parse_forms(["fused"], "scikit-learn") == ("fused", "scikit-learn")
    assert parse_forms(["keras"], "keras") == ("keras",)
    assert parse_epsilon("scikit-learn") == pytest.approx(2.220446e-16)
    assert parse_epsilon("1e-5") == 1e-5


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.name)
def test_a_loss_of_several_forms_can_be_compared(loss: Loss) -> None:
    if len(loss.forms) == 1:
        with pytest.raises(UsageError, match=rf"^--loss: expected bce or .*, got {loss.name}$"):
            comparable(loss.name, "--loss")
        return
    assert comparable(loss.name, "--loss") is loss
    assert parse_forms(None, None, loss) == tuple(loss.forms)
    for name in known_forms(LOSSES["bce"]):
        if name not in known_forms(loss):
            assert parse_forms(None, name, loss) == tuple(loss.forms)  # its epsilon alone
            with pytest.raises(UsageError, match=rf'--form: {loss.name} has no form "{name}"'):
                parse_forms([name], None, loss)


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
