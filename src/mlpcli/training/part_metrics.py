"""Measures a model on encoded rows, against what a constant guess would score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.data.rows import cuts
from mlpcli.parallel import ALONE
from mlpcli.training.model_file import logits_of
from mlpcli.training.score_rows import scored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from mlpcli.data.rows import AnyRows
    from mlpcli.nn.network import Network
    from mlpcli.parallel import Team
    from mlpcli.training.metrics import Scores
    from mlpcli.training.model_file import Model

__all__ = ["baseline_metrics", "part_logits", "part_metrics", "row_logits"]


def row_logits(
    network: Network, rows: AnyRows, team: Team = ALONE, kept: str | None = None
) -> NDArray[np.float64]:
    """Return the logits (N x K) of encoded rows, computed in the network's dtype.

    The members of the team share the pieces of the rows; the logits do not depend on its size, but
    on the kernel in their last digits: see `logits_of`.
    """
    places = cuts(rows)
    found: list[list[NDArray[np.float64]]] = [[] for _ in range(team.size)]

    def look(member: int) -> None:
        mine = places[team.share(len(places), member)]
        found[member] = [logits_of(network, rows.take(place).X, kept) for place in mine]

    team.run(look)
    return np.concatenate([h for some in team.gathered(found) for h in some])


def part_logits(
    network: Network,
    parts: Mapping[str, AnyRows | None],
    team: Team = ALONE,
    kept: str | None = None,
) -> dict[str, NDArray[np.float64] | None]:
    """Return the logits of each part, None for one without rows; see `row_logits`."""
    return {
        part: row_logits(network, rows, team, kept) if rows else None
        for part, rows in parts.items()
    }


def part_metrics(
    model: Model,
    parts: Mapping[str, AnyRows | None],
    logits: Mapping[str, NDArray[np.float64] | None] | None = None,
) -> dict[str, Scores | None]:
    """Return the metrics of the model on each part, None for one without rows.

    `logits` are those of the parts, if they are known.
    """
    known = part_logits(model.network, parts) if logits is None else logits
    return _by_part(model, parts, known, model.thresholds)


def baseline_metrics(
    model: Model, train: AnyRows, parts: Mapping[str, AnyRows | None]
) -> dict[str, Scores | None]:
    """Return, by part, the metrics of predicting the training base rate for every row.

    Its threshold is 1/2, so that it always answers with the commoner label.
    """
    rate = np.average(train.y.astype(np.float64), axis=0, weights=train.weight)
    h = np.asarray(model.loss.link(rate), np.float64)
    same = {part: np.broadcast_to(h, rows.y.shape) for part, rows in parts.items() if rows}
    return _by_part(model, parts, same, (0.5,) * h.size)


def _by_part(
    model: Model,
    parts: Mapping[str, AnyRows | None],
    logits: Mapping[str, NDArray[np.float64] | None],
    thresholds: tuple[float, ...],
) -> dict[str, Scores | None]:
    def measured(part: str, rows: AnyRows) -> Scores:
        h = logits[part]
        assert h is not None
        return scored(model, h, rows.y, thresholds, rows.weight).metrics(model.loss)

    return {part: measured(part, rows) if rows else None for part, rows in parts.items()}
