"""How sure the scores of one table are, by resampling its rows (Efron 1979)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.counting import counted, in_silence
from mlpcli.training.metrics import SCORES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlpcli.counting import Counting
    from mlpcli.training.model_file import Model
    from mlpcli.training.score_rows import ScoredRows

__all__ = ["intervals_of"]


def intervals_of(
    rows: ScoredRows, model: Model, resamples: int, counting: Counting = in_silence
) -> Mapping[str, tuple[float, float]]:
    """Return the 2.5 % and 97.5 % quantiles of each score over so many resamples of the rows.

    A resample that lacks a score, or all weight, counts for nothing. Seeded by the model's seed.
    """
    rng, total = np.random.default_rng(model.seed), len(rows.logits)
    drawn: dict[str, list[float]] = {score: [] for score in SCORES}
    with counting("resample", resamples) as count:
        for _ in counted(range(resamples), count):
            some = rows.take(rng.integers(0, total, total))
            if some.weight is not None and not some.weight.any():
                continue
            metrics = some.metrics(model.loss)
            for score, values in drawn.items():
                if (value := getattr(metrics, score)) is not None:
                    values.append(value)
    quantiles = {score: np.quantile(v, (0.025, 0.975)) for score, v in drawn.items() if v}
    return MappingProxyType({score: (float(a), float(b)) for score, (a, b) in quantiles.items()})
