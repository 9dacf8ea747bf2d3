"""Reads the options of `mlp compare-losses`, and runs what they ask for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlpcli.comparison.dial import EPSILONS, dial
from mlpcli.comparison.grid import default_dtypes, parse_dtype, parse_grid
from mlpcli.comparison.summary import summarise
from mlpcli.comparison.sweep import parse_form, sweep
from mlpcli.errors import UsageError
from mlpcli.nn.library_forms import LIBRARY_EPSILON
from mlpcli.nn.losses import BCE_FORMS
from mlpcli.report.comparison import Comparison

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.config import Config

__all__ = ["ComparisonRequest", "parse_request"]

_DEFAULT_EPSILON = 1e-7


@dataclass(frozen=True)
class ComparisonRequest:
    """What to compare: forms, dtypes, a grid (None: the default one), epsilon, weight scale."""

    forms: tuple[str, ...]
    dtypes: tuple[str, ...]
    grid: NDArray[np.float64] | None
    epsilon: float
    weight_scale: float
    dial_dtypes: tuple[str, ...]

    def run(
        self,
        config: Config | None,
        *,
        model: Path | None,
        seeds: int,
        progress: Callable[[str], None],
    ) -> Comparison:
        """Compare on the grid and, given a config, on its data and in training."""
        curves = sweep(self.forms, self.dtypes, self.epsilon, self.grid)
        epsilons = sorted({*EPSILONS, self.epsilon}, reverse=True)
        on_grid = Comparison(
            epsilon=self.epsilon,
            curves=curves,
            summary=tuple(summarise(curve) for curve in curves),
            dial=dial(epsilons, self.dial_dtypes),
        )
        return (
            on_grid if config is None else self._with_data(on_grid, config, model, seeds, progress)
        )

    def _with_data(
        self,
        on_grid: Comparison,
        config: Config,
        model: Path | None,
        seeds: int,
        progress: Callable[[str], None],
    ) -> Comparison:
        from dataclasses import replace

        from mlpcli.checking import find_case
        from mlpcli.comparison.layers import compare_layers, scale_weights
        from mlpcli.comparison.training_runs import compare_training, paired_differences

        case = scale_weights(find_case(config, model=model), self.weight_scale)
        layers = compare_layers(case, self.forms, self.epsilon, config.training.dtype)
        runs = compare_training(
            config,
            self.forms,
            seeds,
            weight_scale=self.weight_scale,
            progress=lambda form, seed: progress(f"training with {form}, seed {seed}"),
        )
        return replace(on_grid, layers=layers, training=runs, paired=paired_differences(runs))


def parse_request(
    forms: Sequence[str] | None,
    dtypes: Sequence[str] | None,
    logits: str | None,
    epsilon: str | None,
    weight_scale: float,
) -> ComparisonRequest:
    """Check the options; UsageError with the nearest right name or the allowed range."""
    names = tuple(dict.fromkeys(parse_form(name) for name in forms or BCE_FORMS))
    value = _epsilon(epsilon)
    if epsilon is not None and epsilon in LIBRARY_EPSILON and epsilon not in names:
        names = (*names, epsilon)
    kinds = tuple(dict.fromkeys(parse_dtype(name) for name in dtypes or default_dtypes()))
    if not (math.isfinite(weight_scale) and weight_scale > 0):
        raise UsageError(f"--weight-scale: expected a number > 0, got {weight_scale:g}")
    return ComparisonRequest(
        forms=names,
        dtypes=kinds,
        grid=None if logits is None else parse_grid(logits),
        epsilon=value,
        weight_scale=weight_scale,
        dial_dtypes=kinds if dtypes else ("float32", "float64"),
    )


def _epsilon(text: str | None) -> float:
    if text is None:
        return _DEFAULT_EPSILON
    if text in LIBRARY_EPSILON:
        return LIBRARY_EPSILON[text]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 0.5:
        names = ", ".join(LIBRARY_EPSILON)
        raise UsageError(f'--epsilon: expected a number > 0 and < 0.5, or {names}, got "{text}"')
    return value
