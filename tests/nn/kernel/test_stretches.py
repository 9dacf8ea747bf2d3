"""The way back is cut without a gap, to the same bytes, and what is ready is added meanwhile."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from engines import LOSSES, Given, engine_of, setting
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.kernel import stretches as cuts
from mlpcli.nn.kernel.engine import KernelEngine
from mlpcli.nn.kernel.stretches import stretches
from mlpcli.nn.network import initial_network
from mlpcli.nn.optimizers import OPTIMIZERS
from mlpcli.parallel import Team
from mlpcli.ranks.team import RankTeam
from threads_as_ranks import run_together

if TYPE_CHECKING:
    from mlpcli.nn.network import Network
    from threads_as_ranks import ThreadRanks

ROWS = 220  # of a batch: two of them, and one that keeps two ranks busy, or one of them
ORDERS = [
    np.random.default_rng(2).integers(0, 300, 2 * ROWS + last).astype(np.uint32)
    for last in (160, 100)
]
FIRST = ([1], [3])  # the communicators on which additions begin, by `fixed` and by `fast`
# Layers narrower than a vector, behind the end of which the kernel could write into others.
NARROW = [(5, 7, 4, 3), (1, 2, 38), (31, 1, 2, 20), (22, 28, 1, 27, 7), (2, 10, 2, 39), (17, 1, 1)]


def of_sizes(*sizes: int, bias: bool = True, dtype: str = "float64") -> Network:
    return initial_network(sizes, np.random.default_rng(0), bias=bias, dtype=dtype)


@pytest.fixture
def _cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few numbers be worth adding by themselves, and calls be short."""
    for name, value in (("_WORTH_ADDING", 10), ("_TILE", 2), ("_AT_ONCE", 1.0)):
        monkeypatch.setattr(cuts, name, value)


@pytest.mark.parametrize(
    ("sizes", "overlaps", "several"),
    [
        ((784, 1024, 1024, 10), True, True),
        ((784, 1024, 1024, 10), False, False),
        ((28, 300, 300, 1), True, False),
        ((30, 16, 8, 1), True, False),
        ((4000, 100, 10), True, False),  # nearly all in the lowest layer
        ((10, 400, 1000), True, False),  # in the uppermost
    ],
)
def test_it_is_cut_where_there_is_much_on_both_sides(
    sizes: tuple[int, ...], overlaps: bool, several: bool
) -> None:
    network = of_sizes(*sizes)
    found, left = stretches(network, 512, overlaps=overlaps)
    assert (len(found) > 1) is several
    if not several:
        assert (found, left) == ([(0, sum(sizes[1:]), slice(0))], slice(network.theta.size))


@pytest.mark.usefixtures("_cut_small")
@pytest.mark.parametrize("sizes", [*NARROW, (784, 1024, 1024, 10), (9, 8, 7, 6, 5, 4, 3, 2)])
@pytest.mark.parametrize("bias", [True, False])
def test_there_is_no_gap(sizes: tuple[int, ...], bias: bool) -> None:
    """Each unit comes once, in order, and each number once, as soon as its layer is done."""
    network = of_sizes(*sizes, bias=bias)
    found, left = stretches(network, 100, overlaps=True)
    assert [start for start, _, _ in found] == [0, *(stop for _, stop, _ in found[:-1])]
    assert found[-1].stop == sum(sizes[1:])
    begins = {0: network.theta.size}  # by the units above a cut, the numbers below it
    for width, layer in zip(sizes[:0:-1], network.layers[::-1], strict=True):
        begins[max(begins) + width] = begins[max(begins)] - layer.size
    above = network.theta.size
    for _, stop, ready in found:
        if ready.stop:
            assert (ready.stop, ready.start) == (above, begins[stop])
            assert min(above - ready.start, ready.start) >= 10
            above = ready.start
    assert left == slice(above)


@pytest.mark.parametrize("level", ["plain", "v2", "v3", "v4"])
@pytest.mark.parametrize("sizes", NARROW)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_any_cut_makes_the_same_bytes(
    level: str, sizes: tuple[int, ...], bias: bool, dtype: str
) -> None:
    """A layer that is done may be on its way: it is not so much as written again as it is."""
    network, (_, objective, _) = of_sizes(*sizes, bias=bias, dtype=dtype), setting("stable")
    rng = np.random.default_rng(1)
    rows = Given(rng.normal(size=(50, sizes[0])), rng.random((50, sizes[-1]))).cast(dtype)
    engine: Any = engine_of("kernel", network, objective, rows, 50, level=level)
    engine._deal(np.arange(50, dtype=np.uint32), 1.0)
    (member,), gradient, units = engine._members, engine._first.gradient, sum(sizes[1:])
    loss = engine._one(member.job, 0, 50, 50, 0, units)
    whole, done, begin = gradient.copy(), 0, network.theta.size
    for width, layer in zip(sizes[:0:-1], network.layers[::-1], strict=True):
        gradient[:begin] = np.nan
        for unit in range(done, done + width):
            loss -= engine._one(member.job, 0, 50, 50, unit, unit + 1)
        done, end, begin = done + width, begin, begin - layer.size
        np.testing.assert_array_equal(gradient[begin:end], whole[begin:end])
        gradient[begin:end] = -7.0
        assert (gradient[begin:] == -7.0).all()
    assert loss == 0


def overlapped(here: ThreadRanks, *setting_of: Any, allreduce: Any = "fixed", **how: Any) -> Any:
    """Return what the steps come to on ranks that overlap, and the calls they made."""
    here.overlaps = True
    return stepped(RankTeam(here, allreduce), here.log, *setting_of, **how)


def stepped(team: Team, log: list[Any], loss: str, rule: str, dtype: str, **how: Any) -> Any:
    """Return weights, state, loss and squared norms after steps, and the log with calls of C."""
    start, objective, rows = setting(loss, **how)
    network, squares = start.with_theta(start.theta.astype(dtype)), np.zeros(3)
    engine: Any = engine_of("kernel", network, objective, rows.cast(dtype), ROWS, team, rule)
    one = engine._one

    def logged(*call: Any) -> float:
        log.append(("part", *call[-2:]))
        return float(one(*call))

    engine._one = logged
    total = 0.0
    for order in ORDERS:
        done, total = engine.steps(order, 1e-3, total, squares)
        assert done == 3
    arrays = (network.theta, squares, *engine.task.state.values())
    return [total, *(np.asarray(array).tobytes() for array in arrays)], log


def same_as_threads(ranks: int, *setting_of: Any, **how: Any) -> None:
    with closing(Team(ranks)) as team:
        expected, _ = stepped(team, [], *setting_of, **how)
    for found, _ in run_together(ranks, lambda here: overlapped(here, *setting_of, **how)):
        assert found == expected


@pytest.mark.usefixtures("_cut_small")
@pytest.mark.parametrize("ranks", [1, 2, 3, 4])
@pytest.mark.parametrize("rule", list(OPTIMIZERS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_bytes_as_threads_by_each_rule(ranks: int, rule: str, dtype: str) -> None:
    same_as_threads(ranks, "l2", rule, dtype, weighted=True)


@pytest.mark.usefixtures("_cut_small")
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss != "naive"])
def test_same_bytes_as_threads_by_each_function(activation: str, loss: str) -> None:
    same_as_threads(3, loss, "sgd", "float32", activation=activation, bias=loss != "mse")


@pytest.mark.usefixtures("_cut_small")
@pytest.mark.parametrize("allreduce", ["fixed", "fast"])
def test_additions_begin_before_the_way_back_ends(allreduce: str) -> None:
    def work(here: ThreadRanks) -> Any:
        return overlapped(here, "stable", "adam", "float64", allreduce=allreduce)

    for _, log in run_together(3, work):
        parts = [place for place, (name, *_) in enumerate(log) if name == "part"]
        begun = [place for place, (_, *number) in enumerate(log) if number in FIRST]
        steps = [place for place in parts if log[place][1] == 0]
        meanwhile = []
        for step, following in zip(steps, [*steps[1:], len(log)], strict=True):
            last = max(place for place in parts if place < following)
            meanwhile.append(sum(step < place < last for place in begun))
        assert meanwhile == [2, 2, 2, 2, 2, 0]  # the last batch is too small to share


@pytest.mark.usefixtures("_cut_small")
def test_a_fast_sum_is_the_same_sum() -> None:
    def thetas(allreduce: str) -> list[Any]:
        def work(here: ThreadRanks) -> Any:
            return overlapped(here, "l2", "sgd", "float64", allreduce=allreduce)

        return [np.frombuffer(theta) for (_, theta, *_), _ in run_together(3, work)]

    first, *others = thetas("fast")
    np.testing.assert_allclose(first, thetas("fixed")[0], rtol=1e-12)
    for other in others:
        np.testing.assert_array_equal(other, first)


@pytest.mark.usefixtures("_cut_small")
@pytest.mark.parametrize("at", [0, 3])
def test_nobody_waits_for_a_rank_that_fails(monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """On the way back, before and after the first addition was begun."""
    whole = KernelEngine._part

    def failing(self: Any, member: int, *rows: int) -> Any:
        if member == 1:
            one, calls = self._one, iter(range(99))

            def until(*call: Any) -> float:
                if next(calls) == at:
                    raise MemoryError
                return float(one(*call))

            self._one = until
        return whole(self, member, *rows)

    monkeypatch.setattr(KernelEngine, "_part", failing)
    with pytest.raises(MemoryError):
        run_together(3, lambda here: overlapped(here, "l2", "sgd", "float64"))
