"""How much a model's answers depend on each column: what is lost where its values are shuffled."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.counting import counted, in_silence
from mlpcli.parallel import map_ahead
from mlpcli.records import dataclass
from mlpcli.seeds import Stream, generator
from mlpcli.training.score_rows import scored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.counting import Counting
    from mlpcli.data.columns import Index
    from mlpcli.training.model_file import Model

__all__ = ["Importance", "RowSample", "measure_importance"]

_MOST_ROWS = 4096
_DRAWS = 40


@dataclass(frozen=True)
class Importance:
    """By how much `metric` gets worse on the mean without a column, and its 95 % interval."""

    column: str
    mean: float
    low: float
    high: float
    metric: str


class RowSample:
    """At most 4,096 rows of a stream, each as likely as any other: inputs, labels and weights.

    `X` (N x n_0), `y` (N x K) and `weight` (N,) are in the order of the stream.
    """

    def __init__(self, seed: int) -> None:
        self._rng = generator(seed, Stream.PERMUTATIONS)
        self.rows = 0
        self._keys = np.empty(0)
        self._arrays: list[NDArray[Any]] = []

    def add(self, *arrays: NDArray[Any] | None) -> None:
        """Take in rows: some arrays of as many rows, the same each time, None for one without."""
        given = [array for array in arrays if array is not None]
        count = len(given[0])
        self.rows += count
        self._keys = np.concatenate([self._keys, self._rng.random(count)])
        together = zip(self._arrays, given, strict=True) if self._arrays else None
        held = given if together is None else [np.concatenate(pair) for pair in together]
        if self._keys.size > _MOST_ROWS:
            kept = np.sort(np.argpartition(self._keys, _MOST_ROWS)[:_MOST_ROWS])
            self._keys, held = self._keys[kept], [array[kept] for array in held]
        self._arrays = held

    def note(self) -> list[str]:
        """Return a line where the rows are a part of the stream."""
        if self.rows <= _MOST_ROWS:
            return []
        return [f"importance is measured on {_MOST_ROWS} of {self.rows} rows, drawn at random"]

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
        """Return X, y and weight."""
        X, y, *weight = self._arrays
        return X, y, weight[0] if weight else None


def measure_importance(
    model: Model, sample: RowSample, counting: Counting = in_silence
) -> tuple[Importance, ...]:
    """Return the permutation importance of every column of the table, the largest first.

    Breiman (2001): shuffle a column among the rows, and see how much worse the model ranks them:
    by how much roc_auc falls, or where these rows have none by how much the loss rises. All inputs
    of a text column are shuffled together. Each of 40 draws takes a bootstrap sample of the rows
    and a shuffle of its own, so that the interval, from the 2.5 % to the 97.5 % quantile, knows of
    both. Of columns that tell the same each may seem unimportant: the other still tells it. Seeded
    by the model's seed. None is returned where a logit is not finite.
    """
    X, y, weight = sample.arrays()
    whole = scored(model, model.logits(X), y, model.thresholds, weight).metrics(model.loss)
    if whole.loss is None:
        return ()
    metric, sign = ("loss", 1) if whole.roc_auc is None else ("roc_auc", -1)
    seeds = generator(model.seed, Stream.PERMUTATIONS).spawn(_DRAWS)

    def score(inputs: NDArray[Any], rows: Index) -> float | None:
        some = None if weight is None else weight[rows]
        if some is not None and not some.any():
            return None
        found = scored(model, model.logits(inputs), y[rows], model.thresholds, some)
        value: float | None = getattr(found.metrics(model.loss), metric)
        return value

    def draw(rng: np.random.Generator) -> list[float] | None:
        rows = rng.integers(0, len(X), len(X))
        drawn = X[rows]
        before = score(drawn, rows)
        if before is None:
            return None
        losses = []
        for start, stop in pairwise(accumulate(model.encoder.widths, initial=0)):
            shuffled = drawn.copy()
            shuffled[:, start:stop] = drawn[rng.permutation(len(X)), start:stop]
            after = score(shuffled, rows)
            losses.append(0.0 if after is None else sign * (after - before))
        return losses

    with counting("shuffle", _DRAWS) as count:
        found = list(counted(map_ahead(draw, seeds), count))
    draws = np.array([losses for losses in found if losses is not None])
    if not draws.size:
        return ()
    low, high = np.quantile(draws, (0.025, 0.975), axis=0)
    columns = zip(model.encoder.names, draws.mean(axis=0), low, high, strict=True)
    each = [Importance(name, float(m), float(a), float(b), metric) for name, m, a, b in columns]
    return tuple(sorted(each, key=lambda importance: -importance.mean))
