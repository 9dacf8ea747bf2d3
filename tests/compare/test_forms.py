"""The names of forms and of their epsilons: order, repeats, libraries, and losses behind them."""

from __future__ import annotations

import pytest

from mlpcli.compare.forms import FORMS, OTHER_LOSS, objective_by, parse_epsilon, parse_forms
from mlpcli.nn.losses import BCE_FORMS, LOSSES


def test_repeats_go_and_order_stays() -> None:
    assert parse_forms(None, None) == tuple(BCE_FORMS)
    assert parse_forms(["stable", "naive", "stable"], "1e-5") == ("stable", "naive")


def test_a_library_joins_with_its_epsilon() -> None:
    assert parse_forms(["fused"], "scikit-learn") == ("fused", "scikit-learn")
    assert parse_forms(["keras"], "keras") == ("keras",)
    assert parse_epsilon("scikit-learn") == pytest.approx(2.220446e-16)
    assert parse_epsilon("1e-5") == 1e-5


@pytest.mark.parametrize("form", [*FORMS, OTHER_LOSS])
def test_the_loss_of_a_form_is_measured_by_the_truth(form: str) -> None:
    objective = objective_by(form, 1e-3, l2=0.5)
    assert objective.form.name == form
    assert objective.loss is LOSSES[form if form == OTHER_LOSS else "bce"]
    assert objective.l2 == 0.5
    assert form == OTHER_LOSS or objective.epsilon == 1e-3
