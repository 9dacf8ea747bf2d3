"""A hint to the threshold stands where no row is predicted as positive though some are."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.config import parse_config
from mlpcli.data.target import Target
from mlpcli.nn.losses import LOSSES
from mlpcli.training.hints import threshold_hints
from mlpcli.training.metrics import Scores, measure


def scores(*logits: float) -> Scores:
    h = np.array([logits]).T
    return measure(h, np.array([[0.0], [1.0]]), LOSSES["bce"], (0.5,), names=("y",))


NONE, ONE = scores(-3, -2), scores(-3, 2)
HINT = (
    'target "y": no row reaches the threshold 0.5, so f1 is 0: set training.threshold to '
    "{maximize: f1}"
)


@pytest.mark.parametrize(
    ("keys", "parts", "hints"),
    [
        ("validation: 0.2", {"train": NONE, "test": NONE}, (HINT,)),
        ("", {"train": NONE, "test": None}, (HINT + " with data.validation: 0.2",)),
        ("", {"train": NONE, "test": ONE}, ()),
        ("", {"train": ONE}, ()),
    ],
)
def test_hints(keys: str, parts: dict[str, Scores | None], hints: tuple[str, ...]) -> None:
    config = parse_config(
        f"data: {{train: t.csv, target: y{', ' if keys else ''}{keys}}}", "c.yaml"
    )
    assert threshold_hints(parts, config, [Target("y", "number", 0, 1)]) == hints


def test_a_chosen_threshold_has_no_hint() -> None:
    text = "data: {train: t.csv, target: y, validation: 0.2}\ntraining: {threshold: {maximize: f1}}"
    config = parse_config(text, "c.yaml")
    assert threshold_hints({"train": NONE}, config, [Target("y", "number", 0, 1)]) == ()
