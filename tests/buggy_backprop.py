"""A textbook backward pass with an `if` at each line where people go wrong.

Written without a look at `mlpcli`: z (1-z) and z - y by subtraction, one loop from the output down,
so that the catalogue of known bugs is tested by something other than itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.nn.network import Parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.check.case import Case

    Array = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Plant:
    """A bug, the layers where it is made (counted from 1), its variant, and its number."""

    bug: str
    layers: tuple[int, ...]
    how: str = ""
    number: float = 1.0


@dataclass(frozen=True)
class Pass:
    """What the forward pass of a textbook leaves: Z_0 .. Z_L and H_1 .. H_L (index 0 unused)."""

    Z: list[Array]
    H: list[Array]


def logistic(h: Array) -> Array:
    p: Array = 1 / (1 + np.exp(-h))
    return p


def softmax(h: Array, axis: int = 1) -> Array:
    e = np.exp(h - h.max(axis=axis, keepdims=True))
    p: Array = e / e.sum(axis=axis, keepdims=True)
    return p


VALUES: dict[str, Any] = {
    "sigmoid": logistic,
    "tanh": np.tanh,
    "relu": lambda h: h * (h > 0),
    "leaky_relu": lambda h: np.where(h > 0, h, h * h.dtype.type(0.01)),
    "identity": lambda h: h,
}
SLOPES: dict[str, Any] = {  # as people write them, of h and z
    "sigmoid": lambda h, z: z * (1 - z),
    "tanh": lambda h, z: 1 - z * z,
    "relu": lambda h, z: (h > 0).astype(h.dtype),
    "leaky_relu": lambda h, z: np.where(h > 0, h.dtype.type(1), h.dtype.type(0.01)),
    "identity": lambda h, z: np.ones_like(h),
}
OUTPUTS: dict[str, Any] = {"sigmoid": logistic, "softmax": softmax, "identity": lambda h: h}


def run_forward(case: Case, W: Sequence[Array], b: Sequence[Array] | None, X: Array) -> Pass:
    Z, H = [X], [X]
    f = [VALUES[case.network.activation.name]] * (len(W) - 1)
    for i, (matrix, value) in enumerate(zip(W, [*f, _output(case)], strict=True)):
        H.append(Z[-1] @ matrix.T + (0 if b is None else b[i]))
        Z.append(value(H[-1]))
    return Pass(Z, H)


def _output(case: Case) -> Any:
    return OUTPUTS[case.objective.loss.output]


def output_delta(plants: Sequence[Plant], case: Case, run: Pass, y: Array) -> Array:
    """dl/dH_L of each cell, without 1/N."""
    bugs = {plant.bug: plant for plant in plants if plant.bug in OUTPUT_BUGS}
    loss, h, p = case.objective.loss, run.H[-1], run.Z[-1]
    slope = p * (1 - p) if loss.output == "sigmoid" else np.ones_like(p)
    right: Array = 2 * (p - y) * slope if loss.name == "mse" else p - y
    for bug, plant in bugs.items():
        e = p.dtype.type(plant.number)
        q = np.clip(p, e, 1 - e)
        right = {
            "output-sigma-prime-kept": (p - y) * p * (1 - p),
            "squared-error-loss": 2 * (p - y) * p * (1 - p),
            "naive-derivative": (p - y) / (p * (1 - p)) * (p * (1 - p)),
            "epsilon-derivative": (p - y) / (p * (1 - p) + e) * (p * (1 - p)),
            "epsilon-loss": -(y / (p + e) - (1 - y) / (1 - p + e)) * (p * (1 - p)),
            "clamped-derivative": (q - y) / (q * (1 - q)) * (p * (1 - p)),
            "torch-bce-derivative": (p - y) / np.maximum(p * (1 - p), 1e-12) * (p * (1 - p)),
            "clamped-loss": np.where((p < e) | (p > 1 - e), 0 * p, p - y),
            "label-missing": p,
            "softmax-diagonal": -y * (1 - p),
            "softmax-over-rows": softmax(h, axis=0) - y,
            "softmax-overflow": np.exp(h) / np.exp(h).sum(axis=1, keepdims=True) - y,
        }[bug]
    return right


OUTPUT_BUGS = (
    "output-sigma-prime-kept",
    "squared-error-loss",
    "naive-derivative",
    "epsilon-derivative",
    "epsilon-loss",
    "clamped-derivative",
    "torch-bce-derivative",
    "clamped-loss",
    "label-missing",
    "softmax-diagonal",
    "softmax-over-rows",
    "softmax-overflow",
)


SLOPE_BUGS = ("missing-sigma-prime", "sigma-prime-of-activation", "activation-as-derivative")
OTHER_SLOPES = ("sigmoid-slope", "tanh-slope", "relu-slope")


def bent_slope(bug: str, name: str, h: Array, z: Array) -> Array:
    slopes: dict[str, Array] = {
        "missing-sigma-prime": np.ones_like(z),
        "sigma-prime-of-activation": SLOPES[name](z, VALUES[name](z)),
        "activation-as-derivative": z,
        **{bug: SLOPES[bug.removesuffix("-slope")](h, z) for bug in OTHER_SLOPES},
    }
    return slopes[bug]


def slope_bugs(case: Case) -> list[str]:
    """Those of which the slope is another one than the right one."""
    name = case.network.activation.name
    same = {"missing-sigma-prime": ["identity"]}
    same["sigma-prime-of-activation"] = ["identity", "relu", "leaky_relu"]
    bugs = [bug for bug in SLOPE_BUGS if name not in same.get(bug, [])]
    return bugs + [bug for bug in OTHER_SLOPES if bug != f"{name}-slope"]


def sigma_prime(case: Case, plants: Sequence[Plant], run: Pass, k: int) -> Array:
    name = case.network.activation.name
    slope: Array = SLOPES[name](run.H[k], run.Z[k])
    for plant in plants:
        if k in plant.layers and plant.how != "output":
            if plant.bug in SLOPE_BUGS + OTHER_SLOPES:
                slope = bent_slope(plant.bug, name, run.H[k], run.Z[k])
            elif plant.bug == "sigma-prime-wrong-layer":
                at = k + 1 if plant.how == "above" else k - 1
                other = name if at < len(run.Z) - 1 else case.objective.loss.output
                slope = SLOPES["sigmoid" if other == "softmax" else other](run.H[at], run.Z[at])
    return slope


def buggy(case: Case, plants: Sequence[Plant], dtype: str = "float64") -> Parameters:
    """Return the gradient that a backward pass with these bugs computes in `dtype`."""
    W = [w.astype(dtype) for w in case.network.W]
    b = [v.astype(dtype) for v in case.network.b] if case.network.bias else None
    X, y = case.X.astype(dtype), case.y.astype(dtype)
    omega = np.ones_like(y[:, :1]) if case.omega is None else case.omega.astype(dtype)
    with np.errstate(all="ignore"):
        tensors = _backward(case, plants, W, b, run_forward(case, W, b, X), y, omega)
    flat = np.concatenate([np.broadcast_to(t, s).ravel() for t, s in tensors])
    return Parameters(case.network.sizes, case.network.bias, flat.astype(dtype))


def _backward(
    case: Case,
    plants: Sequence[Plant],
    W: list[Array],
    b: list[Array] | None,
    run: Pass,
    y: Array,
    omega: Array,
) -> list[tuple[Array, tuple[int, ...]]]:
    L, N = len(W), len(y)
    d = _first_delta(case, plants, run, y, omega)
    dW: list[Array] = [d] * L
    db: list[Array] = [d] * L
    l2 = d.dtype.type(case.objective.l2)
    for i in range(L, 0, -1):
        here = [plant for plant in plants if i in plant.layers]
        d, own = _layer_delta(here, d, (run.Z[i] - y) * omega / N if _closed(here) else d, N)
        below = run.Z[i] if "wrong-input-activation" in _names(here) else run.Z[i - 1]
        dW[i - 1] = own.T @ below
        db[i - 1] = _bias_gradient(here, own)
        for plant in here:
            if plant.bug == "row-dropped" and "only" in plant.how:
                kept = slice(1, None) if "first" in plant.how else slice(None, -1)
                if "W only" in plant.how:
                    dW[i - 1] = own[kept].T @ below[kept]
                else:
                    db[i - 1] = own[kept].sum(axis=0)
        if "missing-l2" not in _names(plants):
            dW[i - 1] = dW[i - 1] + l2 * W[i - 1]
        if b is not None and "l2-on-bias" in _names(plants):
            db[i - 1] = db[i - 1] + l2 * b[i - 1]
        if i > 1:
            d = (d @ _carrying(plants, W[i - 1], dW[i - 1], i)) * sigma_prime(
                case, plants, run, i - 1
            )
    for plant in plants:
        _change_finished(plant, dW, db)
    shapes = [w.shape for w in W]
    if b is None:
        return list(zip(dW, shapes, strict=True))
    both = zip(
        zip(dW, shapes, strict=True), zip(db, [v.shape for v in b], strict=True), strict=True
    )
    return [tensor for pair in both for tensor in pair]


def _names(plants: Sequence[Plant]) -> set[str]:
    return {plant.bug for plant in plants}


def _closed(plants: Sequence[Plant]) -> bool:
    return "last-layer-closed-form" in _names(plants)


def _first_delta(case: Case, plants: Sequence[Plant], run: Pass, y: Array, omega: Array) -> Array:
    (N, K), h, p = y.shape, run.H[-1], run.Z[-1]
    if "weights-ignored" in _names(plants):
        omega = np.ones_like(omega)
    d: Array = output_delta(plants, case, run, y) * omega / N
    for plant in plants:
        if plant.bug in SLOPE_BUGS and plant.how == "output":
            output = case.objective.loss.output
            d = 2 * (p - y) * bent_slope(plant.bug, output, h, p) * omega / N
        if plant.bug == "sum-instead-of-mean":
            d = d * N
        elif plant.bug == "mean-twice":
            d = d / N
        elif plant.bug == "mean-over-outputs":
            d = d / K
        elif plant.bug == "row-dropped" and "only" not in plant.how:
            d = d.copy()
            d[0 if "first" in plant.how else -1] = 0
            d = d * (d.dtype.type(N) / (N - 1) if "N-1" in plant.how else 1)
    return d


def _layer_delta(
    plants: Sequence[Plant], d: Array, closed: Array, rows: int
) -> tuple[Array, Array]:
    """Return delta for the layers below, and for this layer's own gradient."""
    own = d
    for plant in plants:
        if plant.bug in {"sign-flipped", "scaled"} and plant.how == "delta":
            d = own = d * d.dtype.type(-1 if plant.bug == "sign-flipped" else plant.number)
        elif plant.bug == "last-layer-closed-form":
            own = closed * (rows if "no N" in plant.how else 1)
            d = own if "propagated" in plant.how else d
    return d, own


def _bias_gradient(plants: Sequence[Plant], own: Array) -> Array:
    for plant in plants:
        if plant.bug == "bias-not-summed":
            row: Array = own[int(plant.number)]
            return row
        if plant.bug == "bias-averaged":
            return np.asarray(own.mean(axis=0))
    return np.asarray(own.sum(axis=0))


def _carrying(plants: Sequence[Plant], W: Array, dW: Array, i: int) -> Array:
    for plant in plants:
        if plant.bug == "weight-not-transposed" and i in plant.layers:
            transposed: Array = W.T
            return transposed
        if plant.bug == "weights-updated-too-early":
            updated: Array = W - W.dtype.type(plant.number) * dW
            return updated
    return W


def _change_finished(plant: Plant, dW: list[Array], db: list[Array]) -> None:
    if plant.bug == "layers-reversed":
        dW.reverse()
        db.reverse()
    for i in plant.layers:
        if plant.bug == "gradient-transposed":
            dW[i - 1] = dW[i - 1].T
        factor = {"sign-flipped": -1, "zero-gradient": 0, "non-finite": np.nan}.get(
            plant.bug, plant.number if plant.bug == "scaled" else None
        )
        if factor is None or plant.how == "delta":
            continue
        if plant.how != "bias":
            dW[i - 1] = dW[i - 1] * dW[i - 1].dtype.type(factor)
        if plant.how != "weights":
            db[i - 1] = db[i - 1] * db[i - 1].dtype.type(factor)


def plants_for(case: Case) -> list[Plant]:
    """Every bug of the catalogue in every variant that the shapes of a case allow."""
    depth, loss = len(case.network.W), case.objective.loss.name
    found = _network_plants(case) + (_form_plants(depth) if loss == "bce" else [])
    if loss != "mse":
        bugs = "output-sigma-prime-kept squared-error-loss label-missing naive-derivative"
        found += [Plant(bug, (depth,)) for bug in bugs.split()]
    if loss == "cross_entropy":
        bugs = "softmax-diagonal softmax-over-rows softmax-overflow"
        found += [Plant(bug, (depth,)) for bug in bugs.split()]
    for i in range(1, depth + 1):
        found += _tensor_plants(case, i)
        found += _delta_plants(case, i) if i < depth or loss == "mse" else []
    hidden = tuple(range(1, depth))
    if len(hidden) > 1:
        found += [Plant(bug, hidden) for bug in slope_bugs(case)]
    if hidden:
        found += [Plant("weights-updated-too-early", hidden, number=e) for e in (0.01, 0.5)]
    return found


def _network_plants(case: Case) -> list[Plant]:
    layers = tuple(range(1, len(case.network.W) + 1))
    rows, shapes = len(case.X), [w.shape for w in case.network.W]
    simple = ["sum-instead-of-mean", "mean-twice", "mean-over-outputs", "missing-l2"]
    simple += ["sign-flipped", "zero-gradient", "non-finite"]
    simple += ["l2-on-bias", "bias-averaged"] if case.network.bias else []
    simple += ["layers-reversed"] if len(layers) > 1 and shapes == shapes[::-1] else []
    found = [Plant(bug, layers) for bug in simple]
    for divisor in ("N", "N-1") if rows > 1 else ("N",):
        found += [Plant("row-dropped", layers, f"{row}, {divisor}") for row in ("first", "last")]
    if rows > 1:
        found += [Plant("row-dropped", (i,), "first, W only") for i in layers]
        found.append(Plant("row-dropped", layers, "last, W only"))
    if case.omega is not None:
        found.append(Plant("weights-ignored", layers))
    if case.network.bias:
        found.append(Plant("bias-not-summed", layers, number=rows - 1))
        found += [Plant("row-dropped", (i,), "last, b only") for i in layers if rows > 1]
    return found + [Plant("scaled", layers, number=c) for c in (1.001, 0.5, 3.0)]


def _form_plants(depth: int) -> list[Plant]:
    found = [Plant("torch-bce-derivative", (depth,))]
    for e in (1e-3, 1e-7, 1e-12, 3e-8, 2.5e-4, 7.34e-6):
        found.append(Plant("epsilon-derivative", (depth,), number=e))
        found.append(Plant("epsilon-loss", (depth,), number=e))
        found.append(Plant("clamped-derivative", (depth,), number=e))
    for e in (1e-15, 1e-12, 1e-8, 1e-7, 1e-6, float(np.finfo(np.float64).eps)):
        found.append(Plant("clamped-loss", (depth,), number=e))
    return found


def _delta_plants(case: Case, k: int) -> list[Plant]:
    sizes, depth = case.network.sizes, len(case.network.W)
    found = [Plant(bug, (k,)) for bug in slope_bugs(case)]
    if k == depth:
        last = SLOPE_BUGS if case.objective.loss.output == "sigmoid" else SLOPE_BUGS[2:]
        found = [Plant(bug, (k,), "output") for bug in last]
    if sizes[-1] in {1, sizes[k]}:
        for how in ("local", "propagated", "local, no N", "propagated, no N"):
            found.append(Plant("last-layer-closed-form", (k,), how))
    if case.network.activation.name == "identity":
        return found
    if 1 < k < depth and sizes[k - 1] in {1, sizes[k]}:
        found.append(Plant("sigma-prime-wrong-layer", (k,), "below"))
    if k < depth and sizes[k + 1] in {1, sizes[k]}:
        found.append(Plant("sigma-prime-wrong-layer", (k,), "above"))
    return found


def _tensor_plants(case: Case, i: int) -> list[Plant]:
    before, width, rows = case.network.sizes[i - 1], case.network.sizes[i], len(case.X)
    found = [Plant("wrong-input-activation", (i,))] if before == width else []
    if before == width > 1:
        found.append(Plant("gradient-transposed", (i,)))
        found += [Plant("weight-not-transposed", (i,))] if i > 1 else []
    for how in ("delta", "weights", "bias", "") if case.network.bias else ("delta", ""):
        single = width == 1 and (how == "bias" or (how == "weights" and before == 1))
        c = 0.5 if single else 0.9  # one entry alone could be any factor, but 1/2 is a likely one
        found += [Plant("sign-flipped", (i,), how), Plant("scaled", (i,), how, number=c)]
        if how != "delta":
            found += [Plant(bug, (i,), how) for bug in ("zero-gradient", "non-finite")]
    if case.network.bias:
        found.append(Plant("bias-averaged", (i,)))
        found += [Plant("bias-not-summed", (i,), number=r) for r in {0, rows // 2, rows - 1}]
    return found
