"""The options of `mlp compare-losses` as a request: order, repeats and defaults."""

from __future__ import annotations

import pytest

from mlpcli.cli.comparison_request import ComparisonRequest, parse_request
from mlpcli.compare.dial import EPSILONS
from mlpcli.compare.grid import default_dtypes
from mlpcli.errors import UsageError
from mlpcli.nn.losses import BCE_FORMS


def request(**options: object) -> ComparisonRequest:
    keys = ("forms", "dtypes", "logits", "epsilon", "weight_scale", "seeds")
    return parse_request(*(options.get(key) for key in keys))  # type: ignore[arg-type]  # by name


def test_defaults() -> None:
    found = request()
    assert found == ComparisonRequest(tuple(BCE_FORMS), None, None, None, None, None)
    result = found.on_grid()
    assert result.epsilon == 1e-7
    assert list(dict.fromkeys(c.dtype for c in result.curves)) == list(default_dtypes())
    assert {d.dtype for d in result.dial} == {"float32", "float64"}
    assert sorted({d.epsilon for d in result.dial}) == sorted(EPSILONS)


def test_repeats_go_and_order_stays() -> None:
    found = request(forms=["stable", "naive", "stable"], dtypes=["float64", "float16", "float64"])
    assert found.forms == ("stable", "naive")
    assert found.dtypes == ("float64", "float16")
    assert {d.dtype for d in request(dtypes=["float16"]).on_grid().dial} == {"float16"}


def test_epsilon_joins_the_dial() -> None:
    assert 0.25 in {d.epsilon for d in request(epsilon="0.25", dtypes=["float32"]).on_grid().dial}
    found = request(epsilon="scikit-learn", forms=["fused"])
    assert found.epsilon == pytest.approx(2.220446e-16)
    assert found.forms == ("fused", "scikit-learn")
    assert request(epsilon="keras", forms=["keras"]).forms == ("keras",)
    assert request().on_grid(1e-3).epsilon == 1e-3
    assert request(epsilon="1e-5").on_grid(1e-3).epsilon == 1e-5


def test_options_of_data_alone() -> None:
    request().refuse_data_options(None, ())
    with pytest.raises(UsageError, match=r"^--weight-scale: needs a CONFIG"):
        request(weight_scale=1.0).refuse_data_options(None, ())
