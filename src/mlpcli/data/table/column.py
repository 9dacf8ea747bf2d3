"""What a column is once it is read: numbers, or texts as codes of their levels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Categorical", "Column"]


@dataclass(frozen=True, eq=False)
class Categorical:
    """A text column: `codes` int32 (N,) index `levels`, each text once; -1 is missing.

    A table's levels are sorted, and those of all its rows, also where only some are read. A scan's
    are those that it has met so far.
    """

    codes: NDArray[np.int32]
    levels: tuple[str, ...]


Column: TypeAlias = "NDArray[np.float64] | Categorical"
