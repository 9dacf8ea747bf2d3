"""What a check found, as records: of one gradient of one case, and with all that is told of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.given.provenance import UNTOLD, Provenance
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.check.bugs.blind_spots import BlindSpot
    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.case import Case
    from mlpcli.check.numeric.methods import Method, Numeric
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.check.verdict.digits import Printed
    from mlpcli.check.verdict.rule import TensorResult, Verdict
    from mlpcli.check.verdict.second_opinion import SecondOpinion
    from mlpcli.nn.network import Parameters
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["CheckResult", "FormResult", "GradcheckResult", "Kinks"]


@dataclass(frozen=True)
class CheckResult:
    """Everything that a report shows; `layers` in the order W1, b1, .. WL, bL.

    `derivative` names the form of our own gradient that was checked, or is None for somebody
    else's. `numeric` and `bounds` are kept for whoever judges other gradients of the same case.
    `printed` says with how many digits the gradient came, if that had to be allowed for.
    """

    verdict: Verdict
    method: Method
    derivative: str | None
    rows: int
    parameters: int
    seconds: float
    layers: tuple[TensorResult, ...]
    second_opinion: SecondOpinion
    numeric: Numeric
    bounds: Bounds
    printed: Printed | None = None

    def __repr__(self) -> str:
        size = f"{self.parameters} parameters, {self.rows} rows"
        return f"<CheckResult {self.verdict} by {self.method}; {size}>"

    def allowed(self, tolerance: float) -> float:
        """Return the tolerance, with the share of a number that its printed digits leave open."""
        return tolerance + (0.0 if self.printed is None else self.printed.share)

    @property
    def doubt(self) -> FloatArray:
        """What given and numeric may be apart by, over theta, besides rounding: q of the rule."""
        numeric = self.numeric.doubt
        return numeric if self.printed is None else numeric + self.printed.doubt

    @property
    def unproven(self) -> frozenset[str]:
        """The tensors that are not known to be right: wrong, undecided, or nothing but zeros.

        Where the right gradient is 0, whoever returns zeros has it too.
        """
        ends = np.cumsum([tensor.errors.size for tensor in self.layers])
        numbers = zip(self.layers, np.split(self.numeric.values, ends[:-1]), strict=True)
        return frozenset(t.name for t, B in numbers if t.verdict != "pass" or not B.any())


@dataclass(frozen=True)
class FormResult:
    """One tensor's gradient under one form of the derivative, against the true loss."""

    form: str
    tensor: TensorResult
    non_finite: int


@dataclass(frozen=True)
class Kinks:
    """How the kinks were taken: the share of the jump at H = 0, and cells on the other side."""

    at_zero: float | None = None
    flipped: int = 0
    near: int = 0

    def words(self) -> str | None:
        """Return what is to be said of it, None where nothing is."""
        if self.flipped:
            return (
                f"{self.flipped} of {self.near} cells at a kink, whose H is 0 within rounding, "
                "are taken on the other side, as the given gradient has them"
            )
        if self.near:
            return (
                f"{self.near} cells lie at a kink, their H is 0 within rounding: which f' a right "
                "gradient has there cannot be told"
            )
        if self.at_zero is not None:
            named = {0.0: "0, as h > 0 has it", 1.0: "1, as h >= 0 has it"}
            usual = "half of the jump, as autodiff of a maximum has it"
            return f"H is 0 in some cells: f' there is taken as {named.get(self.at_zero, usual)}"
        return None


SMOOTH = Kinks()


@dataclass(frozen=True)
class GradcheckResult:
    """What a report shows. `forms` is None unless asked for.

    `verdict` is that of `check`, or fail where a known bug reproduces what rounding left open; of
    several `cases`, by name, that of all. `case` is the one that is shown. `suggestion` holds the
    options under which a wrong gradient is right, if there are any, and `gradient` is what was
    judged, in our layout whatever that of the giver is; `kinks` says how they were taken, `known`
    how the gradient came about, with faults of a function that stand first in `diagnosis`.
    `unproven` names the tensors that some case does not prove.
    """

    verdict: Verdict
    case: Case
    gradient: Parameters
    check: CheckResult
    diagnosis: tuple[Diagnosis, ...]
    blind_spots: tuple[BlindSpot, ...]
    forms: tuple[FormResult, ...] | None
    kinks: Kinks = SMOOTH
    known: Provenance = UNTOLD
    suggestion: str | None = None
    name: str = ""
    cases: tuple[tuple[str, Verdict], ...] = ()
    unproven: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        bug = f": {self.diagnosis[0].bug}" if self.diagnosis else ""
        size = f"{self.check.parameters} parameters, {self.check.rows} rows"
        return f"<GradcheckResult {self.verdict}{bug}; {size}>"
