"""The losses by name, one file each; everything that depends on a loss asks its record."""

from __future__ import annotations

from mlpcli.errors import CaseError
from mlpcli.nn.losses.bce import BCE_FORMS, Bce
from mlpcli.nn.losses.cross_entropy import CrossEntropy
from mlpcli.nn.losses.libraries import LIBRARY_EPSILON, LIBRARY_FORMS
from mlpcli.nn.losses.linear import LinearMse
from mlpcli.nn.losses.loss import Change, Curve, Form, Loss, Start
from mlpcli.nn.losses.mse import Mse

__all__ = [
    "BCE_FORMS",
    "LIBRARY_EPSILON",
    "LIBRARY_FORMS",
    "LOSSES",
    "OTHER_OUTPUTS",
    "Change",
    "Curve",
    "Form",
    "Loss",
    "Start",
    "loss_by",
]

LOSSES: dict[str, Loss] = {loss.name: loss for loss in (Bce(), CrossEntropy(), Mse())}
OTHER_OUTPUTS: dict[tuple[str, str], Loss] = {
    (loss.name, loss.output): loss for loss in (LinearMse(),)
}
"""Losses of another output than their usual one."""


def loss_by(name: str, output: str | None = None) -> Loss:
    """Return the loss of a name, with this output (None: that which belongs to it).

    Raises CaseError where there is none, with what there is.
    """
    if name not in LOSSES:
        raise CaseError(f'loss: expected one of {", ".join(LOSSES)}, got "{name}"')
    known = {LOSSES[name].output: LOSSES[name]}
    known |= {out: loss for (kind, out), loss in OTHER_OUTPUTS.items() if kind == name}
    if output is not None and output not in known:
        raise CaseError(f'output: expected {" or ".join(known)} for loss {name}, got "{output}"')
    return known[output or LOSSES[name].output]
