"""Every key is known by its path, and a key that stands elsewhere is sent there."""

from __future__ import annotations

import pytest

from mlpcli.config import Config, keys, parse_config
from mlpcli.config.keys import all_keys, places_of
from mlpcli.errors import ConfigError


def test_every_key_has_a_path() -> None:
    for section, field in Config.model_fields.items():
        section_keys = keys.keys_of(field.annotation)  # type: ignore[arg-type]  # a section
        assert {f"{section}.{key}" for key in section_keys} <= set(all_keys())
    assert "training.optimizer.momentum" in all_keys()
    assert set(Config.model_fields).isdisjoint(all_keys())


@pytest.mark.parametrize("name", keys._OTHER_NAMES)
def test_what_others_call_a_key_leads_to_one(name: str) -> None:
    assert places_of(name)
    assert not any(path.endswith(f".{name}") for path in all_keys())


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("epochs", "did you mean training.epochs?"),
        ("lr", "did you mean training.optimizer.learning_rate?"),
        ("training.hidden", "did you mean network.hidden?"),
        ("epsilon", "did you mean loss.epsilon or training.optimizer.epsilon?"),
        ("training.epoch", 'did you mean "epochs"?'),
        ("dropout", "expected one of data, network, loss, training, gradcheck"),
        ("training.optimizer.floor", "expected one of name, learning_rate, beta1, beta2, epsilon"),
    ],
)
def test_an_unknown_key_is_sent_where_it_belongs(key: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"unknown key, (.*)") as raised:
        parse_config("data: {train: a.csv, target: y}", overrides=[f"{key}=5"])
    (line,) = raised.value.lines
    assert line.endswith(said)
