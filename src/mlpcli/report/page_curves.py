"""The curves of the page: of training by epoch, of ranking and calibration, of delta by layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.report.page_chart import Chart
from mlpcli.report.train import history_lines
from mlpcli.training.metrics import Calibration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mlpcli.check.chain import Chain
    from mlpcli.report.evaluate import Curves
    from mlpcli.training.loop import EpochRecord

__all__ = ["chain_chart", "charts", "ranking_charts", "training_charts"]

_MOST_LAYERS = 6
_WIDE = 20  # what spans more than this factor is drawn in decades


def charts(drawn: Sequence[Chart]) -> str:
    """Return charts side by side where there is room."""
    return f'<div class="charts">{"".join(chart.markup() for chart in drawn)}</div>'


def training_charts(history: Sequence[EpochRecord], best_epoch: int) -> list[Chart]:
    """Return the losses, and the gradient's norm of up to six layers, by epoch."""
    losses, _, layers = history_lines(history)
    some = _spread(layers)
    last = {name: values[-1] for name, values in losses.items()}
    said = ", ".join(f"{name} ends at {value:.4g}" for name, value in last.items())
    few = f" ({len(some)} of {len(layers)} layers)" if len(some) < len(layers) else ""
    norms = ", ".join(f"{name} ends at {values[-1]:.2g}" for name, values in some.items())
    epochs, upright = [record.epoch for record in history], dict[str, float]()
    if best_epoch:
        upright[f"best epoch, {best_epoch}"] = best_epoch
    loss = Chart("chart-loss", "Loss.", f"By epoch: {said}.", "epoch", "loss", upright=upright)
    norm = Chart("chart-norms", f"Gradient norm{few}.", f"By epoch: {norms}.", "epoch", "norm",
                 upright=upright)  # fmt: skip
    return [_over(loss, epochs, losses), _over(norm, epochs, some)]


def _spread(
    layers: Mapping[str, NDArray[np.float64]],
) -> dict[str, NDArray[np.float64]]:
    """Return up to six layers, the first and the last among them."""
    names = list(layers)
    places = np.unique(np.linspace(0, len(names) - 1, min(len(names), _MOST_LAYERS)).round())
    return {names[int(k)]: layers[names[int(k)]] for k in places}


def _over(chart: Chart, epochs: list[int], lines: Mapping[str, NDArray[np.float64]]) -> Chart:
    """Return the chart with its lines by epoch, on axes that fit them."""
    every = np.concatenate(list(lines.values()))
    span, log = _span(every[np.isfinite(every)])
    drawn = {name: (epochs, values) for name, values in lines.items()}
    return replace(chart, lines=drawn, x_span=(epochs[0], epochs[-1]), y_span=span,
                   log=log, whole=True)  # fmt: skip


def _span(values: NDArray[np.float64]) -> tuple[tuple[float, float], bool]:
    """Return the range of an axis, and whether it is in decades."""
    positive = values[values > 0]
    if positive.size and positive.max() > _WIDE * positive.min():
        return (float(positive.min()) / 1.5, float(positive.max()) * 1.5), True
    return (0.0, 1.08 * float(values.max(initial=1e-12))), False


def ranking_charts(targets: Sequence[Curves]) -> list[Chart]:
    """Return ROC, precision over recall, and calibration of each target."""
    both = [target for target in targets if target.both]
    areas = ", ".join(f"{t.name} {t.ranking.roc_auc:.4f}" for t in both)
    means = ", ".join(f"{t.name} {t.ranking.average_precision:.4f}" for t in both)
    gaps = {t.name: Calibration.of(t.p, t.positive.astype(np.float64)) for t in targets}
    told = ", ".join(f"{name} {found.error:.4f}" for name, found in gaps.items())
    ranked = [
        Chart("chart-roc", "ROC.", f"Area: {areas}.", "false positive rate", "true positive rate",
              {t.name: (t.ranking.fpr, t.ranking.tpr) for t in both}, guide=True),
        Chart("chart-pr", "Precision and recall.", f"Average precision: {means}.", "recall",
              "precision", {t.name: (t.ranking.tpr, t.ranking.precision) for t in both}),
    ]  # fmt: skip
    calibrated = Chart(
        "chart-calibration", "Calibration.", f"Mean gap of the bins: {told}.",
        "mean probability of the bin", "share of positives",
        {name: (found.mean, found.share) for name, found in gaps.items()}, guide=True, marks=True,
    )  # fmt: skip
    return [*(ranked if both else []), calibrated]


def chain_chart(chain: Chain) -> Chart:
    """Return the norms of delta and of dJ/dW by layer, in decades."""
    layers = chain.all_rows.layers
    norms = {
        "delta": np.array([layer.delta_norm for layer in layers]),
        "dJ/dW": np.array([layer.gradient_norm for layer in layers]),
    }
    every = np.concatenate(list(norms.values()))
    every = every[np.isfinite(every) & (every > 0)]
    low, high = (float(every.min()), float(every.max())) if every.size else (0.1, 1.0)
    first, last = norms["delta"][0], norms["delta"][-1]
    places = [float(layer.layer) for layer in layers]
    return Chart(
        anchor="chart-chain",
        title="Norms by layer.",
        said=f"The norm of delta is {last:.2g} at the output and {first:.2g} at layer 1.",
        x="layer",
        y="Frobenius norm",
        lines={name: (places, values) for name, values in norms.items()},
        x_span=(0.5, len(layers) + 0.5),
        y_span=(low / 1.5, high * 1.5),
        log=True,
        marks=True,
        whole=True,
    )
