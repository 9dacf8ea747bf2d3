"""What a check may be told of how to judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.check.numeric.methods import Method

__all__ = ["DEFAULTS", "Options"]


@dataclass(frozen=True)
class Options:
    """How the numbers are made, by which form of the derivative ours are, and what is right.

    `tolerance` is relative, `step` the change of H at the perturbed layer (None: the method's own).
    Our own gradient is computed by the `form` of the derivative, with its `epsilon`, in `dtype`;
    `compare_losses` asks for a verdict of every form. `progress` is called with counts of entries
    done.
    """

    method: Method = "central"
    tolerance: float = 1e-6
    step: float | None = None
    form: str = "stable"
    epsilon: float = 1e-7
    dtype: str = "float64"
    compare_losses: bool = False
    progress: Callable[[int], None] | None = None

    @classmethod
    def of(cls, **said: Any) -> Options:
        """Return the defaults with what is said; None is not said."""
        return cls(**{name: value for name, value in said.items() if value is not None})


DEFAULTS = Options()
