"""Time the central method beside torch.autograd.gradcheck in slow mode: same network, rows, dtype.

    python benchmarks/gradcheck_speed.py [--full]

Torch is optional (`pip install -e '.[bench]'`). At the largest size it takes minutes: without
--full its time there is extrapolated from checks of a few units of each layer, since slow mode
spends the same time on every parameter of a tensor.
"""

from __future__ import annotations

import argparse
import resource
import sys
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.check.case import Case, case_from
from mlpcli.check.numeric.methods import numeric_gradient
from mlpcli.check.verdict.bounds import rounding_bounds
from mlpcli.nn.network import Network

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (((30, 16, 8, 1), 569), ((28, 128, 18, 1), 256), ((28, 300, 300, 1), 256))
TARGETS = (10, 10, 67)
REPEATS = 5


def example(sizes: tuple[int, ...], rows: int) -> Case:
    rng = np.random.default_rng(0)
    network = Network(sizes, True, np.zeros(Network.count(sizes, True)))
    for W, b in zip(network.W, network.b, strict=True):
        W[:] = rng.standard_normal(W.shape) / np.sqrt(W.shape[1])
        b[:] = 0.1 * rng.standard_normal(b.shape)
    X, y = rng.standard_normal((rows, sizes[0])), rng.integers(0, 2, (rows, sizes[-1]))
    return case_from(network, X, y)


def best(run: Callable[[], object], repeats: int) -> float:
    times = []
    for _ in range(repeats):
        start = perf_counter()
        run()
        times.append(perf_counter() - start)
    return min(times)


def torch_seconds(case: Case, full: bool) -> float | None:
    try:
        import torch
    except ModuleNotFoundError:
        return None
    tensors = [torch.tensor(t, requires_grad=True) for _, t in case.network.tensors()]
    X, y = torch.tensor(case.X), torch.tensor(case.y)

    def loss(*parameters: Any) -> Any:
        z = X
        for W, b in zip(parameters[::2], parameters[1::2], strict=True):
            h = torch.nn.functional.linear(z, W, b)
            z = torch.sigmoid(h)
        return torch.nn.functional.binary_cross_entropy_with_logits(h, y)

    def check(function: Any, inputs: tuple[Any, ...]) -> None:
        assert torch.autograd.gradcheck(function, inputs)

    if full or case.network.theta.size < 50_000:
        return best(lambda: check(loss, tuple(tensors)), 3)
    total = 0.0
    for place, tensor in enumerate(tensors):
        few = max(1, min(len(tensor), 60 // tensor[0].numel()))
        start = perf_counter()
        check(*_few_units(loss, tensors, place, few))
        total += (perf_counter() - start) * len(tensor) / few
    return total


def _few_units(loss: Any, tensors: list[Any], place: int, few: int) -> tuple[Any, tuple[Any]]:
    """Return the loss as a function of the first few units of one tensor, and these units."""
    import torch

    head, tail = tensors[place].detach()[:few].clone(), tensors[place].detach()[few:]

    def part(units: Any) -> Any:
        return loss(*tensors[:place], torch.cat([units, tail]), *tensors[place + 1 :])

    return part, (head.requires_grad_(),)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="run torch to the end at every size")
    full = parser.parse_args().full
    print(HEADER)
    lines = []
    for (sizes, rows), aim in zip(SIZES, TARGETS, strict=True):
        case = example(sizes, rows)
        ours = best(partial(numeric_gradient, case), REPEATS)
        lines.append((case, aim, ours, memory()))
    for case, aim, ours, peak in lines:  # torch comes last, as it would count as our memory
        print(line(case, aim, ours, torch_seconds(case, full), peak), flush=True)


HEADER = (
    f"{'network':>14} {'rows':>5} {'entries':>8} {'ours':>9} {'torch':>9} {'ratio':>7} {'aim':>5}"
    f" {'worst error / |g|':>18} {'peak memory':>12}"
)


def line(case: Case, aim: int, ours: float, torch: float | None, peak: float) -> str:
    there, ratio = ("-", "-") if torch is None else (f"{torch:.3f} s", f"{torch / ours:.0f}x")
    return (
        f"{'-'.join(map(str, case.network.sizes)):>14} {len(case.X):>5}"
        f" {case.network.theta.size:>8} {ours:>7.3f} s {there:>9} {ratio:>7} {f'{aim}x':>5}"
        f" {worst_error(case):>18.1e} {peak:>9.0f} MB"
    )


def worst_error(case: Case) -> float:
    """Largest relative distance from backprop, where rounding leaves six digits of it."""
    exact, K = case.gradient().theta, rounding_bounds(case).K
    clear = np.abs(exact) > 1e6 * 2.0**-53 * K
    distance = np.abs(numeric_gradient(case).values - exact) / np.abs(exact)
    return float(distance[clear].max())


def memory() -> float:
    """Peak resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    main()
