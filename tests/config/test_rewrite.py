"""A text that is rewritten says what the overrides say, and keeps its comments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config.load import apply_overrides
from mlpcli.config.rewrite import rewrite
from mlpcli.config.yaml import read_yaml
from mlpcli.errors import ConfigError

TEXT = """\
# how: to
data:
  train: "t.csv"  # a table
  target: y
  features:
    - a  # one
    # - b: left out
    - c
  # labels: [..]
  test: 0.2                    # the last of its section

training:
  optimizer: {name: adam, learning_rate: 0.01}
  epochs: 200
"""
SETTINGS = [
    "data.features=[b]", "data.features[1]=z", "data.test=null",
    "data.comment='#'", "data.types.a=text", "data.missing_values={a: ['?', 9]}", "training.seed=3",
    "training.optimizer=sgd", "training.optimizer.beta1=0.5", "training.epochs=5",
    "network.hidden=[3, 2]", "loss={l2: 1e-3}", "training={epochs: 1}", "data.target=[y, z]",
]  # fmt: skip


@given(st.lists(st.sampled_from(SETTINGS), max_size=6))
def test_it_says_what_is_set(settings: list[str]) -> None:
    changed, problems = apply_overrides(read_yaml(TEXT, "c.yaml"), settings)
    assert not problems
    text = rewrite(TEXT, settings)
    assert read_yaml(text, "c.yaml").plain() == changed.plain()
    assert text.startswith('# how: to\ndata:\n  train: "t.csv"  # a table\n')
    assert "\n  # labels: [..]\n" in text


def test_a_key_stands_where_it_stood_and_a_new_one_last_in_its_section() -> None:
    settings = ["data.features=[b]", "data.comment='#'", "training.epochs=5", "loss.l2=0.5"]
    assert rewrite(TEXT, settings).split("\n", 4)[4] == (
        """\
  features:
    - b
  # labels: [..]
  test: 0.2                    # the last of its section
  comment: "#"

training:
  optimizer: {name: adam, learning_rate: 0.01}
  epochs: 5

loss:
  l2: 0.5
"""
    )


@pytest.mark.parametrize("setting", ["epochs", "data.train.x=1", "data.features[7]=a", "a=[b"])
def test_what_cannot_be_set_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError, match=r"^--set "):
        rewrite(TEXT, [setting])
