"""Checks and chains as small charts in text, for a terminal without matplotlib."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlpcli.check.chain import Chain
    from mlpcli.check.run import GradcheckResult

__all__ = ["chain_chart", "error_chart"]

_WIDTH = 48
_DECADES = 16  # from rounding, 1e-16, to an error as large as the gradient


def error_chart(result: GradcheckResult) -> str:
    """Return a bar per tensor: from nothing for a relative error of 1e-16 to full for 1."""
    lines = ["largest relative error, on a logarithmic scale from 1e-16 to 1"]
    for tensor in result.check.layers:
        error = tensor.max_relative_error
        decades = _DECADES if not math.isfinite(error) else _DECADES + math.log10(max(error, 1e-16))
        bar = "#" * round(_WIDTH * min(decades, _DECADES) / _DECADES)
        name = f"{tensor.parameter}{tensor.layer}"
        lines.append(f"{name:<4} {bar:<{_WIDTH}} {error:.1e} {tensor.verdict}")
    return "\n".join(lines)


def chain_chart(chain: Chain) -> str:
    """Return a bar per layer for the norm of its delta, each decade the same length."""
    layers = list(reversed(chain.all_rows.layers))
    logs = [math.log10(x.delta_norm) for x in layers if 0 < x.delta_norm < math.inf]
    low, high = (math.floor(min(logs)), max(logs)) if logs else (0, 1)
    lines = [f"norm of delta from the output down, on a logarithmic scale from 1e{low}"]
    for layer in layers:
        norm = layer.delta_norm
        part = (math.log10(norm) - low) / ((high - low) or 1) if 0 < norm < math.inf else 0
        lines.append(f"delta_{layer.layer:<3} {'#' * round(_WIDTH * part):<{_WIDTH}} {norm:.2e}")
    return "\n".join(lines)
