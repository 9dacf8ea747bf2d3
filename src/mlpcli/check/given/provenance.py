"""What is known of how a gradient came about, beside its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.check.given.layout import OURS, Layout
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.check.bugs.blind_spots import BlindSpot
    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.given.intermediates import Comparison
    from mlpcli.check.given.other_call import OtherCall
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["UNTOLD", "Provenance"]


@dataclass(frozen=True)
class Provenance:
    """Facts of a file or a function that a gradient came from, in a `layout`; it is kept in ours.

    `beside` is how what came with the gradient compares, `order` how it was cut out of one vector,
    `outgrown` what is wrong with the shape of right biases. Of a function alone are known: `call`,
    the way it was called; `findings`, faults of its ways, with one of which the check fails;
    `doubt`, what its making may be off by, over theta; `hidden`, bugs that its call cannot show;
    `other_call`, the one under which its numbers are right, up to a factor, if it is another one;
    `place`, its file and line.
    """

    layout: Layout = OURS
    beside: tuple[Comparison, ...] = ()
    order: str | None = None
    outgrown: str | None = None
    call: str | None = None
    findings: tuple[Diagnosis, ...] = ()
    doubt: FloatArray | None = None
    hidden: tuple[BlindSpot, ...] = ()
    other_call: OtherCall | None = None
    place: tuple[str | None, int | None] = (None, None)


UNTOLD = Provenance()
