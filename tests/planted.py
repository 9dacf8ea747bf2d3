"""Plants every bug on many networks and counts what becomes of it; `python -m planted` shows it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from buggy_backprop import Plant, buggy, plants_for
from mlpcli.check.bugs.blind_spots import blind_spots
from mlpcli.check.bugs.search import diagnose, reproduces_a_bug
from mlpcli.check.case import Case, case_from
from mlpcli.check.numeric.methods import numeric_gradient
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.check.verdict.rule import judge, overall, summarise
from mlpcli.nn.activations import activation_by
from mlpcli.nn.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.verdict.rule import Verdict
    from mlpcli.nn.network import Parameters

TOLERANCE = 1e-6
Tally: TypeAlias = dict[str, Counter[str]]


def network_case(
    sizes: tuple[int, ...],
    rows: int,
    *,
    scale: float = 1.0,
    features: tuple[float, float] = (1.0, 1.0),
    bias: bool = True,
    soft: bool = False,
    weighted: bool = False,
    seed: int = 0,
    activation: str = "sigmoid",
    **objective: Any,
) -> Case:
    """A case with weights of `scale` / sqrt(fan-in) times a normal, and features of these sizes."""
    rng = np.random.default_rng(seed)
    theta = np.zeros(Network.count(sizes, bias))
    network = Network(sizes, bias, theta, activation_by(activation))
    for W in network.W:
        W[:] = scale / np.sqrt(W.shape[1]) * rng.standard_normal(W.shape)
    for b in network.b:
        b[:] = 0.3 * min(scale, 1) * rng.standard_normal(b.shape)
    X = rng.standard_normal((rows, sizes[0])) * np.geomspace(*features, sizes[0])
    y = rng.uniform(size=(rows, sizes[-1]))
    omega = rng.uniform(0.2, 2, y.shape) if weighted else None
    y = y if soft else np.round(y)
    if objective.get("loss") == "cross_entropy":
        y = np.eye(sizes[-1])[rng.integers(0, sizes[-1], rows)]
        omega = None if omega is None else omega[:, :1]
    return case_from(network, X, y, omega=omega, learning_rate=0.01, **objective)


CASES: dict[str, Case] = {
    "logistic": network_case((3, 1), 40),
    "one row": network_case((4, 3, 1), 1),
    "two rows": network_case((3, 4, 1), 2),
    "shallow": network_case((5, 6, 1), 60, l2=0.01),
    "two hidden": network_case((6, 5, 4, 1), 50, l2=0.1),
    "six layers": network_case((4, 3, 3, 3, 3, 3, 1), 30, scale=3),
    "square": network_case((5, 5, 5, 5), 20, seed=3),
    "palindrome": network_case((4, 1, 4, 1), 25),
    "widths of one": network_case((2, 1, 1, 1), 15),
    "wide": network_case((20, 40, 1), 100),
    "wide, soft labels": network_case((3, 40, 3), 40, soft=True),
    "many rows": network_case((6, 8, 1), 300),
    "weights of 1e-6": network_case((4, 5, 1), 40, scale=1e-6),
    "weights of 1e-2": network_case((4, 5, 5, 1), 40, scale=1e-2),
    "weights x 8": network_case((6, 8, 1), 80, scale=8),
    "weights x 8, deep": network_case((5, 6, 6, 1), 60, scale=8),
    "features of 1e-3": network_case((6, 5, 1), 50, features=(1e-3, 1)),
    "features to 1e4": network_case((6, 5, 1), 50, features=(1e-3, 1e4)),
    "features to 1e4, deep": network_case((5, 5, 4, 1), 70, features=(1, 1e4), scale=0.1),
    "outputs": network_case((6, 7, 4), 50, seed=2),
    "outputs, soft labels": network_case((6, 4, 4, 4), 50, soft=True, seed=5),
    "weighted": network_case((6, 5, 2), 50, weighted=True, l2=0.05),
    "mse": network_case((6, 5, 1), 50, loss="mse"),
    "mse, weighted": network_case((6, 3, 3, 3), 50, loss="mse", soft=True, weighted=True, l2=0.02),
    "mse without bias": network_case((4, 4, 2), 12, bias=False, loss="mse", l2=0.1),
    "without bias": network_case((6, 5, 5, 1), 50, bias=False),
    "without bias, one row": network_case((6, 5, 5, 1), 1, bias=False),
    "saturated": network_case((6, 8, 1), 60, scale=30),
    "saturated outputs": network_case((4, 6, 3), 50, scale=60, seed=7, l2=1e-3),
    "saturated row": network_case((4, 4, 1), 1, scale=30, seed=9),
    "tanh": network_case((5, 6, 4, 1), 40, activation="tanh", l2=0.02),
    "tanh, softmax": network_case((4, 4, 4, 3), 30, activation="tanh", loss="cross_entropy"),
    "relu": network_case((5, 7, 5, 2), 50, activation="relu", scale=2),
    "relu, softmax": network_case(
        (4, 5, 5, 4), 40, activation="relu", loss="cross_entropy", weighted=True, l2=0.01
    ),
    "leaky relu, linear": network_case(
        (4, 5, 5, 2), 30, activation="leaky_relu", loss="mse", output="identity"
    ),
    "identity": network_case((3, 4, 2), 20, activation="identity"),
    "softmax, large logits": network_case((4, 5, 3), 30, scale=900, loss="cross_entropy"),
    "saturated, deep": network_case((5, 5, 5, 1), 40, scale=20, seed=11),
}


class Examiner:
    """Judges gradients of one case: the numeric gradient and the bounds are computed once."""

    def __init__(self, case: Case, dtype: str = "float64") -> None:
        self.case, self.dtype = case, dtype
        self.numeric, self.bounds = numeric_gradient(case).values, rounding_bounds(case)
        spots = blind_spots(case, self.numeric, self.bounds, TOLERANCE, dtype)
        self.blind = {spot.bug: set(spot.layers) for spot in spots}
        self.right = buggy(case, (), dtype)

    def verdict(self, gradient: Parameters) -> Verdict:
        entries = judge(gradient, self.numeric, self.bounds, TOLERANCE)
        tensors = summarise(gradient, self.numeric, entries)
        verdict = overall([tensor.verdict for tensor in tensors])
        if verdict == "inconclusive" and reproduces_a_bug(self.case, gradient, TOLERANCE):
            return "fail"
        return verdict

    def diagnosis(self, gradient: Parameters) -> tuple[Diagnosis, ...]:
        return diagnose(self.case, gradient, self.bounds, TOLERANCE)

    def visible(self, gradient: Parameters) -> bool:
        """Whether some entry is wrong by more than rounding and the tolerance explain, twice."""
        A, B = gradient.theta.astype(np.float64), self.case.gradient().theta
        single = np.full(A.size, self.dtype == "float32")
        with np.errstate(all="ignore"):
            size = np.maximum(np.abs(A), np.abs(B))
            seen = np.abs(A - B) > 2 * (TOLERANCE * size + self.bounds.textbook(single))
        return bool((seen & (size > 1e-280) | ~np.isfinite(A)).any())

    def outcome(self, plant: Plant, *, name: bool) -> str:
        gradient = buggy(self.case, (plant,), self.dtype)
        verdict = self.verdict(gradient)
        if verdict == "fail":
            if not name:
                return "detected"
            found = [d.bug for d in self.diagnosis(gradient)]
            return "named" if plant.bug in found else "misnamed"
        reported = bool(self.blind.get(plant.bug, set()) & {*plant.layers})
        if np.array_equal(gradient.theta, self.right.theta):
            # float32 may lose what the float64 mutants still show
            return "no effect" if reported or self.dtype == "float32" else "missed"
        if self.dtype == "float64" and self.visible(gradient):
            return "missed"
        if verdict == "inconclusive":
            return verdict
        return "blind spot" if reported else "missed"


def tally(names: Iterable[str], dtype: str = "float64", *, every: int | None = 1) -> Tally:
    """Count the outcomes of each bug, and those of right gradients.

    The bug of `every` so manieth is to be named, which takes most of the time; None: of none.
    """
    counts: Tally = {}
    for case_name in names:
        examiner = Examiner(CASES[case_name], dtype)
        alarm = examiner.verdict(examiner.right) == "fail"
        counts.setdefault("(no bug)", Counter())["false alarm" if alarm else "right"] += 1
        first = [*CASES].index(case_name)  # so that networks take turns
        for turn, plant in enumerate(plants_for(examiner.case), start=first):
            outcome = examiner.outcome(plant, name=every is not None and turn % every == 0)
            counts.setdefault(plant.bug, Counter())[outcome] += 1
    return counts


def table(counts: Tally) -> str:
    """Return bug x outcome as text."""
    outcomes = list(dict.fromkeys(key for counter in counts.values() for key in counter))
    rows = [["bug", *outcomes]]
    rows += [[bug, *(str(c[key] or "") for key in outcomes)] for bug, c in sorted(counts.items())]
    total = sum(counts.values(), Counter())
    rows.append(["total", *(str(total[key]) for key in outcomes)])
    return "\n".join(f"{row[0]:28}" + "".join(f"{cell:>13}" for cell in row[1:]) for row in rows)


if __name__ == "__main__":
    for precision in ("float64", "float32"):
        print(f"{precision}, {len(CASES)} networks\n{table(tally(CASES, precision))}\n")
