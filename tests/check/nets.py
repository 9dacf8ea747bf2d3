"""Random cases of every kind that a check meets, easy and hard, and a textbook backprop of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.case import Case, case_from
from mlpcli.nn.activations import ACTIVATIONS, activation_by
from mlpcli.nn.network import Network, Parameters
from reference_mlp import ACTIVATIONS as ACTS

if TYPE_CHECKING:
    from mlpcli.nn.sigmoid import FloatArray


@dataclass(frozen=True)
class Family:
    """Ranges from which a case is drawn; weights are `scale` / sqrt(fan-in) times a normal."""

    name: str
    layers: tuple[int, int] = (1, 4)
    scale: float = 1.0
    spread: float = 0.0  # features are scaled by 10 to a power from -3 to 4, times this
    loss: str = "bce"
    outputs: int = 1
    bias: bool = True
    soft: bool = False
    weighted: bool = False
    l2: float = 0.0
    rows: tuple[int, int] = (2, 60)
    activation: str = "sigmoid"
    whole: bool = False  # weights and features are whole numbers: H is 0 exactly, units are dead


FAMILIES = (
    Family("ordinary", layers=(1, 6)),
    Family("saturated", scale=20.0),
    Family("vanished", layers=(4, 4), scale=1e-6),
    Family("features", spread=1.0),
    Family("outputs", outputs=3, soft=True),
    Family("no bias", bias=False, rows=(1, 1)),
    Family("weighted", outputs=2, weighted=True, l2=0.1),
    Family("mse", loss="mse", outputs=2),
    Family("mse saturated", loss="mse", scale=20.0, soft=True, weighted=True),
    Family("rows", rows=(100, 300)),
)
OTHERS = [name for name in ACTIVATIONS if name != "sigmoid"]
ACTIVATED = tuple(
    Family(f"{name}, {loss}", (2, 4), outputs=2, loss=loss, l2=l2, rows=(2, 20), activation=name)
    for name in OTHERS
    for loss, l2 in (("bce", 0.1), ("mse", 0.0))
)
WHOLE = tuple(replace(family, whole=True, scale=2.0) for family in ACTIVATED)


def draw(family: Family, rng: np.random.Generator, widest: int = 12) -> Case:
    depth = int(rng.integers(family.layers[0], family.layers[1] + 1))
    rows = int(rng.integers(family.rows[0], family.rows[1] + 1))
    sizes = [*rng.integers(1, widest + 1, depth).tolist(), family.outputs]
    theta = np.zeros(Network.count(sizes, family.bias))
    network = Network(sizes, family.bias, theta, activation_by(family.activation))
    for W in network.W:
        W[:] = family.scale / np.sqrt(W.shape[1]) * rng.standard_normal(W.shape)
    for b in network.b:
        b[:] = family.scale * 0.3 * rng.standard_normal(b.shape)
    X = rng.standard_normal((rows, sizes[0]))
    X *= 10 ** (family.spread * rng.uniform(-3, 4, sizes[0]))
    if family.whole:
        theta[:], X = np.round(theta), np.round(X)
    y = rng.uniform(size=(rows, sizes[-1]))
    y = y if family.soft else np.round(y)
    omega = rng.uniform(0.2, 2, y.shape) if family.weighted else None
    return case_from(network, X, y, omega=omega, loss=family.loss, l2=family.l2)


def textbook_gradient(case: Case, dtype: str) -> Parameters:
    """Return what the formulas z (1-z) and z - y give, with all their cancellation."""
    _, slope = ACTS[case.network.activation.name]
    network = case.network.like(case.network.theta.astype(dtype))
    X, y = case.X.astype(dtype), case.y.astype(dtype)
    omega = np.ones_like(y) if case.omega is None else case.omega.astype(dtype)
    Z: list[FloatArray] = [X]
    with np.errstate(over="ignore"):
        for i, W in enumerate(network.W):
            h = Z[-1] @ W.T + (network.b[i] if case.network.bias else 0)
            last = i == len(network.W) - 1
            Z.append(ACTS["sigmoid" if last else case.network.activation.name][0](h))
    gradient = network.like(np.empty_like(network.theta))
    delta = (Z[-1] - y) * omega / len(y)
    if case.objective.loss.name == "mse":
        delta = 2 * delta * Z[-1] * (1 - Z[-1])
    for i in reversed(range(len(network.W))):
        gradient.W[i][:] = delta.T @ Z[i] + case.objective.l2 * network.W[i]
        gradient.b[i][:] = delta.sum(axis=0)[: gradient.b[i].size]
        delta = (delta @ network.W[i]) * slope(Z[i]).astype(dtype)
    return gradient
