"""Measure how a network of digits learns from a saturated start under each loss, and draw it.

    python -m benchmarks.digits [--seeds N] [--output PICTURE]

For each way to draw the first weights and each loss so many networks are trained by
configs/slowdown.yaml; a table of their mean accuracies goes to stdout, a picture to
docs/digits.svg. Ten seeds take half a minute. Matplotlib is not in the extra "bench" but in "plot".
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any, NamedTuple

from matplotlib.figure import Figure

from mlpcli import load_config, train
from mlpcli.report.figures import require_format, styles, to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[1]
PICTURE = ROOT / "docs" / "digits.svg"
STARTS = {
    "Glorot": ("glorot", 1),
    "normal, deviation 1": ("normal", 1),
    "normal, deviation 3": ("normal", 3),
}
RATES = {"cross_entropy": 0.5, "bce": 0.5, "mse": 1.5}  # of each loss, as docs/digits.md says
SHOWN = (1, 2, 5, 10, 30)


class Learning(NamedTuple):
    """Networks of one start and loss: validation accuracy by epoch, test accuracy; by seed."""

    validation: list[list[float]]
    test: list[float]

    @property
    def mean(self) -> list[float]:
        """The mean validation accuracy after each epoch."""
        return [fmean(epoch) for epoch in zip(*self.validation, strict=True)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--output", type=Path, default=PICTURE)
    options = parser.parse_args()
    require_format(options.output)
    found = {
        start: {loss: learn(loss, *STARTS[start], options.seeds) for loss in RATES}
        for start in STARTS
    }
    print("\n".join(table(found)))
    picture = to_bytes(draw(found), options.output)
    if options.output.suffix == ".svg":  # text, in which the commit hooks allow no trailing blanks
        picture = b"\n".join(line.rstrip() for line in picture.splitlines()) + b"\n"
    options.output.write_bytes(picture)


def learn(loss: str, init: str, scale: float, seeds: int) -> Learning:
    """Train a network for each seed, which is that of its split, first weights and batches."""
    found = Learning([], [])
    for seed in range(seeds):
        overrides = {
            "loss.kind": loss,
            "network.init": init,
            "network.init_scale": scale,
            "training.optimizer.learning_rate": RATES[loss],
            "training.seed": seed,
            "training.threads": 1,
        }
        words = [f"{key}={value}" for key, value in overrides.items()]
        config = load_config(ROOT / "configs" / "slowdown.yaml", words)
        with tempfile.TemporaryDirectory() as folder:
            result = train(config, out=Path(folder) / "run")
        found.validation.append([(record.metrics or {})["accuracy"] for record in result.history])
        metrics = result.metrics["test"]
        assert metrics is not None
        assert metrics.accuracy is not None
        found.test.append(metrics.accuracy)
    return found


def table(found: Mapping[str, Mapping[str, Learning]]) -> Iterator[str]:
    """Yield the lines of a Markdown table: accuracy in percent after some epochs, and on test."""
    heads = (f"after {epoch}" for epoch in SHOWN)
    yield f"| first weights | loss | {' | '.join(heads)} | test |"
    yield "|---" * (3 + len(SHOWN)) + "|"
    for start, losses in found.items():
        for loss, learning in losses.items():
            cells = (f"{learning.mean[epoch - 1]:.1%}" for epoch in SHOWN)
            test = f"{fmean(learning.test):.1%} ± {stdev(learning.test):.1%}"
            yield f"| {start} | `{loss}` | {' | '.join(cells)} | {test} |"


def draw(found: Mapping[str, Mapping[str, Learning]]) -> Figure:
    """Return a panel per start: accuracy by epoch of each loss, the mean, and thin each seed."""
    figure = Figure(figsize=(9.4, 3.6), layout="constrained", facecolor="white")
    panels = figure.subplots(1, len(found), sharey=True)
    for axes, (start, losses) in zip(panels, found.items(), strict=True):
        for (loss, learning), style in zip(losses.items(), styles(len(losses)), strict=True):
            _draw_learning(axes, loss, learning, style)
        axes.set(xlabel="epoch", ylim=(0, 1.02), xlim=(1, None))
        axes.set_title(start, fontsize=10)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("validation accuracy")
    panels[0].legend(loc="lower right", fontsize=9)
    return figure


def _draw_learning(axes: Any, loss: str, learning: Learning, style: Mapping[str, Any]) -> None:
    for accuracies in learning.validation:
        thin = {**style, "linewidth": 0.5, "alpha": 0.35}
        axes.plot(range(1, len(accuracies) + 1), accuracies, **thin)
    axes.plot(range(1, len(learning.mean) + 1), learning.mean, label=loss, **style)


if __name__ == "__main__":
    main()
