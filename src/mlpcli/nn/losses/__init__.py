"""The losses by name, one file each; everything that depends on a loss asks its record."""

from __future__ import annotations

from types import MappingProxyType

from mlpcli.nn.losses.bce import BCE_FORMS, Bce
from mlpcli.nn.losses.libraries import LIBRARY_EPSILON, LIBRARY_FORMS
from mlpcli.nn.losses.loss import Change, Form, Loss, Start
from mlpcli.nn.losses.mse import Mse

__all__ = [
    "BCE_FORMS",
    "LIBRARY_EPSILON",
    "LIBRARY_FORMS",
    "LOSSES",
    "Change",
    "Form",
    "Loss",
    "Start",
]

LOSSES: MappingProxyType[str, Loss] = MappingProxyType({loss.name: loss for loss in (Bce(), Mse())})
