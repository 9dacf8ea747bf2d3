"""The names that a config may say are those that the mathematics knows."""

from __future__ import annotations

from dataclasses import fields

from mlpcli import names
from mlpcli.check.given.call import CALLS
from mlpcli.export.formats import FORMATS
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.network import INITS
from mlpcli.training.metrics import Scores


def test_names_are_those_of_the_registries() -> None:
    assert sorted(names.ACTIVATIONS) == sorted(ACTIVATIONS)
    assert list(CALLS) == names.CALLS
    assert list(FORMATS) == names.EXPORTS
    assert sorted(names.INITS) == sorted(INITS)
    assert set(names.LOSSES) <= set(LOSSES)
    for loss, forms in names.DERIVATIVES.items():
        assert forms == list(LOSSES[loss].forms)


def test_every_activation_starts_from_weights_that_there_are() -> None:
    assert {kind.init for kind in ACTIVATIONS.values()} <= set(INITS)


def test_scores_are_those_that_are_measured() -> None:
    assert set(names.SCORES) <= {field.name for field in fields(Scores)}
