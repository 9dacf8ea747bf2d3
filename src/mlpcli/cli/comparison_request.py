"""Reads the options of `mlp compare-losses`, and runs what they ask for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mlpcli.compare.dial import DIALLED, EPSILONS, dial
from mlpcli.compare.forms import parse_form
from mlpcli.compare.grid import default_dtypes, parse_dtype, parse_grid
from mlpcli.compare.summary import summarise
from mlpcli.compare.sweep import sweep
from mlpcli.errors import UsageError, did_you_mean
from mlpcli.nn.library_forms import LIBRARY_EPSILON
from mlpcli.nn.losses import BCE_FORMS
from mlpcli.report.compare_losses import Comparison

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mlpcli.config import Config

__all__ = ["ComparisonRequest", "parse_request"]

_DEFAULT_EPSILON = 1e-7
_DEFAULT_SEEDS = 3
_DIAL_DTYPES = ("float32", "float64")


@dataclass(frozen=True)
class ComparisonRequest:
    """What to compare; None is what was not said: default grid, the config's epsilon, ..."""

    forms: tuple[str, ...]
    dtypes: tuple[str, ...] | None
    grid: NDArray[np.float64] | None
    epsilon: float | None
    weight_scale: float | None
    seeds: int | None

    def refuse_data_options(self, model: Path | None, overrides: Sequence[str]) -> None:
        """Raise UsageError if an option is given that means nothing without a config."""
        options = {
            "--model": model is not None,
            "--weight-scale": self.weight_scale is not None,
            "--seeds": self.seeds is not None,
            "--set": bool(overrides),
        }
        given = [option for option, there in options.items() if there]
        if given:
            raise UsageError(f"{given[0]}: needs a CONFIG, whose network and data it is about")

    def on_grid(self, epsilon: float = _DEFAULT_EPSILON) -> Comparison:
        """Compare on the grid of logits; `epsilon` where the command line has none."""
        epsilon = self.epsilon or epsilon
        curves = sweep(self.forms, self.dtypes or default_dtypes(), epsilon, self.grid)
        return Comparison(
            epsilon=epsilon,
            curves=curves,
            summary=tuple(summarise(curve) for curve in curves),
            dial=dial(
                [form for form in self.forms if form in DIALLED],
                sorted({*EPSILONS, epsilon}, reverse=True),
                self.dtypes or _DIAL_DTYPES,
            ),
        )

    def with_data(
        self, config: Config, model: Path | None, progress: Callable[[str], None]
    ) -> Comparison:
        """Compare on the grid, and on the data of a config and in its training."""
        from mlpcli.cli.request import find_case
        from mlpcli.compare.layers import compare_layers, scale_weights
        from mlpcli.compare.training_runs import compare_training, paired_differences

        on_grid = self.on_grid(config.loss.epsilon)
        epsilon, scale = on_grid.epsilon, self.weight_scale or 1.0
        dtype = config.training.dtype
        case = scale_weights(find_case(config, model=model), scale, dtype)
        layers = compare_layers(case, self.forms, epsilon, dtype)
        runs = compare_training(
            config,
            self.forms,
            epsilon,
            self.seeds or _DEFAULT_SEEDS,
            weight_scale=scale,
            progress=lambda form, seed: progress(f"training with {form}, seed {seed}"),
        )
        return replace(on_grid, layers=layers, training=runs, paired=paired_differences(runs))


def parse_request(
    forms: Sequence[str] | None,
    dtypes: Sequence[str] | None,
    logits: str | None,
    epsilon: str | None,
    weight_scale: float | None,
    seeds: int | None,
) -> ComparisonRequest:
    """Check the options; UsageError with the nearest right name or the allowed range."""
    names = [parse_form(name) for name in forms or BCE_FORMS]
    if epsilon is not None and epsilon in LIBRARY_EPSILON:
        names.append(epsilon)
    if weight_scale is not None and not (math.isfinite(weight_scale) and weight_scale > 0):
        raise UsageError(f"--weight-scale: expected a number > 0, got {weight_scale:g}")
    return ComparisonRequest(
        forms=tuple(dict.fromkeys(names)),
        dtypes=tuple(dict.fromkeys(map(parse_dtype, dtypes))) if dtypes else None,
        grid=None if logits is None else parse_grid(logits),
        epsilon=None if epsilon is None else _parse_epsilon(epsilon),
        weight_scale=weight_scale,
        seeds=seeds,
    )


def _parse_epsilon(text: str) -> float:
    if text in LIBRARY_EPSILON:
        return LIBRARY_EPSILON[text]
    try:
        value = float(text)
    except ValueError:
        guess = did_you_mean(text, LIBRARY_EPSILON)
        value = math.nan
    else:
        guess = ""
    if not 0 < value < 0.5:
        names = ", ".join(LIBRARY_EPSILON)
        raise UsageError(
            f'--epsilon: expected a number > 0 and < 0.5, or {names}, got "{text}"{guess}'
        )
    return value
