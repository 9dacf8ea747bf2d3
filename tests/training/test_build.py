"""Weights that cannot be held are refused, and those that are too large are named as such."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlpcli import load_config, train
from mlpcli.config import NetworkConfig
from mlpcli.errors import ConfigError
from mlpcli.training.build import network_from


@pytest.mark.parametrize(("dtype", "most"), [("float32", 1e30), ("float64", 1e300)])
@pytest.mark.parametrize("init", ["glorot", "he", "normal"])
def test_a_scale_beyond_the_dtype_is_refused(dtype: str, most: float, init: str) -> None:
    for scale in (1.0, most):
        config = NetworkConfig(init=init, init_scale=scale)
        network = network_from(config, (3, 50, 1), dtype, np.random.default_rng(0))
        assert np.isfinite(network.theta).all()
    config = NetworkConfig(init=init, init_scale=1.7e308)
    words = f"network.init_scale: expected weights that {dtype} can hold, got 1.7e.308; set it low"
    with pytest.raises(ConfigError, match=words):
        network_from(config, (1,) * 30, dtype, np.random.default_rng(0))


def test_the_first_step_from_too_large_weights_does_not_blame_the_rate(tmp_path: Path) -> None:
    rows = "".join(f"{i % 7},{i % 2}\n" for i in range(40))
    Path(tmp_path, "t.csv").write_text(f"a,y\n{rows}")
    text = "data: {train: t.csv, target: y}\nnetwork: {activation: relu, init_scale: 1e30}\n"
    Path(tmp_path, "c.yaml").write_text(text)
    result = train(load_config(tmp_path / "c.yaml"), out=tmp_path / "run")
    assert result.divergence is not None
    assert "the weights are too large; set network.init_scale" in result.divergence.message()
