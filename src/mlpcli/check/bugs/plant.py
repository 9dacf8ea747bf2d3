"""Puts a known bug into a right gradient: an exercise for people, a demonstration of the check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.check.bugs.candidates import made
from mlpcli.check.bugs.registry import BUGS, OBSERVED
from mlpcli.check.bugs.scene import scene_of
from mlpcli.errors import CaseError
from mlpcli.nn.backprop import RIGHT
from mlpcli.text import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlpcli.check.bugs.record import Bug, Mutant
    from mlpcli.check.case import Case
    from mlpcli.nn.network import Parameters

__all__ = ["plantable", "planted", "planted_by"]


def planted(case: Case, name: str, layer: int | None = None) -> Parameters:
    """Return the gradient of a case with a known bug in it, made at a layer, or wherever it can be.

    A bug with a number has that of its example. Raises CaseError for an unknown bug, and where it
    cannot be made on this case, or not at this layer, which counts from 1.
    """
    bug, scene = _bug(name), scene_of(case)
    without, examples = made(scene, bug)
    mutants = [*examples, *without]
    if not mutants:
        raise CaseError(f"{name}: cannot be made on this network with this loss")
    if layer is not None:
        mutants = _at(mutants, name, layer)
    widest = max(mutants, key=lambda mutant: len(mutant.layers))  # of these the first
    return scene.gradient(widest.bend(RIGHT))


def planted_by(case: Case, text: str) -> Parameters:
    """Return the same for BUG or BUG@LAYER."""
    name, sign, layer = text.partition("@")
    if sign and not layer.isdecimal():
        raise CaseError(f'{text}: expected BUG or BUG@LAYER, as {name}@2, got "{layer}"')
    return planted(case, name, int(layer) if sign else None)


def plantable(cases: Mapping[str, Case], text: str) -> dict[str, Case]:
    """Return the cases in whose gradient BUG or BUG@LAYER can be planted.

    Raises CaseError as `planted` does where there is none.
    """
    found, refusals = {}, []
    for name, case in cases.items():
        try:
            planted_by(case, text)
        except CaseError as refusal:
            refusals.append(refusal)
        else:
            found[name] = case
    if not found:
        raise refusals[0]
    return found


def _bug(name: str) -> Bug:
    if name in BUGS:
        return BUGS[name]
    if any(name == bug.name for place in OBSERVED.values() for bug in place):
        raise CaseError(f"{name}: is no line of backpropagation, so that it cannot be planted")
    raise CaseError(f"no such bug: {name}{did_you_mean(name, BUGS) or '; see mlp bugs'}")


def _at(mutants: list[Mutant], name: str, layer: int) -> list[Mutant]:
    """Return those that are made at this layer alone, else those that are made there too."""
    chosen = [m for m in mutants if m.layers == (layer,)] or [
        m for m in mutants if layer in m.layers
    ]
    if not chosen:
        layers = ", ".join(map(str, sorted({i for mutant in mutants for i in mutant.layers})))
        raise CaseError(f"{name}@{layer}: cannot be made at layer {layer}, only at {layers}")
    return chosen
