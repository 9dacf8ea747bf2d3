"""The line: what a row is under each loss, and that a sigmoid is the softmax of (h, 0)."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.compare.choices import known_forms
from mlpcli.compare.line import Line
from mlpcli.nn.losses import LOSSES, Loss

H = np.linspace(-30, 30, 41)
COMPARED = [loss for loss in LOSSES.values() if len(loss.forms) > 1]
every_loss = pytest.mark.parametrize("loss", COMPARED, ids=lambda loss: loss.name)


@every_loss
@pytest.mark.parametrize("label", [0, 1])
def test_the_gradient_is_the_slope_of_the_loss_along_the_line(loss: Loss, label: int) -> None:
    line, step = Line(loss), 1e-4
    up, down = (line.loss_at("stable", H + d, label, 0.0) for d in (step, -step))
    slope = (up - down) / (2 * step)
    assert line.gradient("stable", H, label, 0.0) == pytest.approx(slope, abs=1e-7)


@every_loss
def test_shapes_and_dtypes_are_those_of_the_points(loss: Loss) -> None:
    line, h = Line(loss), H.astype("float32")
    for form in known_forms(loss):
        for label in (0, 1):
            with np.errstate(all="ignore"):
                found = line.loss_at(form, h, label, 1e-3), line.gradient(form, h, label, 1e-3)
            assert [(a.shape, a.dtype) for a in found] == [(h.shape, h.dtype)] * 2
    assert line.textbook_p(h).shape == h.shape


@every_loss
def test_so_many_others_share_what_h_leaves(loss: Loss) -> None:
    line = Line(loss)
    p = np.exp(H) / (np.exp(H) + line.others)
    assert line.textbook_p(H) == pytest.approx(p, rel=1e-13)
    assert line.gradient("stable", H, 0, 0.0) == pytest.approx(p, rel=1e-13)
    assert line.gradient("fused", H, 1, 0.0) == pytest.approx(p - 1, abs=1e-15)


def test_a_row_of_more_than_one_logit_says_what_it_is() -> None:
    assert Line(LOSSES["bce"]).said == ""
    assert "(h, 0, 0) of a softmax" in Line(LOSSES["cross_entropy"]).said
