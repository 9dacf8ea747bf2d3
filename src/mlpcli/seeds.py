"""The independent streams of the one seed: what is drawn in one place moves nothing elsewhere."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Stream", "generator"]


class Stream(IntEnum):
    """What is drawn; the numbers are in every run's bytes and never change."""

    SPLIT = 0
    WEIGHTS = 1
    SHUFFLE = 2
    ROWS = 3
    BIASES = 4
    FOLDS = 5
    PERMUTATIONS = 6


def generator(seed: int, stream: Stream) -> np.random.Generator:
    """Return the generator of one stream of the seed."""
    import numpy as np

    return np.random.default_rng([seed, stream])
