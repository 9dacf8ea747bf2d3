"""What a check found, as records: of one gradient of one case, and with all that is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlpcli.check.given.layout import OURS, Layout
from mlpcli.check.kinks import SMOOTH, Kinks

if TYPE_CHECKING:
    from mlpcli.check.bugs.blind_spots import BlindSpot
    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.case import Case
    from mlpcli.check.given.intermediates import Comparison
    from mlpcli.check.given.other_call import OtherCall
    from mlpcli.check.numeric.methods import Method, Numeric
    from mlpcli.check.verdict.bounds import Bounds
    from mlpcli.check.verdict.digits import Printed
    from mlpcli.check.verdict.rule import TensorResult, Verdict
    from mlpcli.check.verdict.second_opinion import SecondOpinion
    from mlpcli.nn.network import Parameters

__all__ = ["CheckResult", "FormResult", "GradcheckResult"]


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


@dataclass(frozen=True)
class FormResult:
    """One tensor's gradient under one form of the derivative, against the true loss."""

    form: str
    tensor: TensorResult
    non_finite: int


@dataclass(frozen=True)
class GradcheckResult:
    """What a report shows. `forms` is None unless asked for, `call` where no function was called.

    `verdict` is that of `check`, or fail where a known bug reproduces what rounding left open; of
    several `cases`, by name, that of all. `case` is the one that is shown. `suggestion` holds the
    options under which a wrong gradient is right, if there are any, and `gradient` is what was
    judged, in our layout whatever that of the giver is; `kinks` says how they were taken; `beside`
    compares what came with it.
    """

    verdict: Verdict
    case: Case
    gradient: Parameters
    check: CheckResult
    diagnosis: tuple[Diagnosis, ...]
    blind_spots: tuple[BlindSpot, ...]
    forms: tuple[FormResult, ...] | None
    kinks: Kinks = SMOOTH
    suggestion: str | None = None
    name: str = ""
    cases: tuple[tuple[str, Verdict], ...] = ()
    call: str | None = None
    layout: Layout = OURS
    beside: tuple[Comparison, ...] = ()
    other_call: OtherCall | None = None
