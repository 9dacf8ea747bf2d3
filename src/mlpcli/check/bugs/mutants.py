"""The bugs that people make in a backward pass, each as rules bent in one place.

A bug has variants: at which layer, with or without 1/N, and so on. `variants` yields those that the
shapes of a case allow. Bugs with a number in them that only a given gradient can tell (a factor, a
learning rate) are in `fitted.py`; what each bug means to a user is in `catalogue.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.check.bugs import delta, output, tensors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.bugs.backprop import Forward
    from mlpcli.check.bugs.mutant import Mutant

__all__ = ["variants"]

_MAKERS = (*output.MAKERS, *delta.MAKERS, *tensors.MAKERS)


def variants(f: Forward) -> Iterator[Mutant]:
    """Yield every variant of every bug without a free number that the shapes allow."""
    for make in _MAKERS:
        yield from make(f)
