"""Values that several keys share: what is taken, what is refused, and what they are then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlpcli.config import load_config
from mlpcli.errors import ConfigError

if TYPE_CHECKING:
    from typing import Any

DATA = {"train": "t.csv", "target": "y"}


@pytest.mark.parametrize(
    "name", ["utf-8", "cp1252", "utf-16", "utf_32", "UTF-16", "shift_jis", "cp037", "latin1"]
)
def test_encodings_that_python_knows(name: str) -> None:
    assert load_config({"data": DATA | {"encoding": name}}).data.encoding == name


@pytest.mark.parametrize("name", ["utf-9", "base64", "undefined", ""])
def test_encodings_that_it_does_not(name: str) -> None:
    with pytest.raises(ConfigError, match=r"data\.encoding: expected an encoding"):
        load_config({"data": DATA | {"encoding": name}})


@pytest.mark.parametrize("factor", [0, 0.0, -0.0])
def test_a_factor_of_0(factor: float) -> None:
    with pytest.raises(ConfigError, match=r"gradcheck\.factor: expected a number other than 0"):
        load_config({"data": DATA, "gradcheck": {"factor": factor}})


def test_class_weights_by_label() -> None:
    weights: Any = load_config({"data": DATA, "loss": {"class_weight": {0: 1, "1": 2.5}}})
    weights = weights.loss.class_weight
    assert [weights[label] for label in (0, 1)] == [1, 2.5]
    assert weights.by_label() == {"0": 1, "1": 2.5}
