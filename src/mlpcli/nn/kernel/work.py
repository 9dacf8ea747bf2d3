"""A job of the kernel, with the arrays that it points to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.nn.kernel.job import Job

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.nn.kernel.counterparts import Counterparts
    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.network import Network
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Task

__all__ = ["Work", "address"]

_LINE = 64  # bytes; arrays of C begin where a line of the cache does


def address(array: NDArray[Any] | None) -> int | None:
    """Return where an array begins, None for none; it must be in one piece."""
    if array is None:
        return None
    assert array.flags.c_contiguous, "the kernel reads arrays from end to end"
    return array.ctypes.data


class Work:
    """A job, and the kernel that does it; `rows` make a whole batch, or are looked at at a time.

    After a call `norms` holds, per layer, the squared norm of the gradient, and then nan where a
    logit was not finite, else 0; `sums` are the losses and the right answers, if it `looks` at
    answers at all.
    """

    def __init__(
        self, kernel: Kernel, network: Network, codes: Counterparts, rows: int, *, looks: bool
    ) -> None:
        self._kernel, self.dtype = kernel, network.theta.dtype
        self.norms, self.sums = np.zeros(len(network.sizes)), np.zeros(2)
        self._kept: dict[str, NDArray[Any] | None] = {}
        self.job = Job(
            depth=len(network.sizes) - 1,
            bias=int(network.bias),
            activation=codes.activation,
            slope=network.activation.chosen_slope or 0.0,
            loss=codes.loss,
            rule=codes.rule,
            answers=codes.answers if looks else -1,
            constants=codes.constants,
            rows=rows,
            divisors=(1.0, 1.0),
        )
        sizes = np.array(network.sizes, np.int64)
        self.point(sizes=sizes, theta=network.theta, norms=self.norms, sums=self.sums)

    def call(self, name: str) -> Any:
        """Return a function of the kernel for the type of this job."""
        return self._kernel.call(name, self.dtype)

    def point(self, **arrays: NDArray[Any] | None) -> None:
        """Let fields of the job point to arrays, and hold these."""
        for name, array in arrays.items():
            self._kept[name] = array
            setattr(self.job, name, address(array))

    def make_room(self, size: int) -> None:
        """Give the job so many bytes to work in."""
        room = np.zeros(size + _LINE, np.uint8)
        self.point(work=room[-room.ctypes.data % _LINE :])

    def train(self, task: Task) -> None:
        """Point to the state of the task's optimizer, and take the constant of its penalty."""
        for i, name in enumerate(task.optimizer.moments):
            self.job.moments[i] = address(task.state[name])
        self.point(steps=task.state.get("steps"))
        self.job.l2 = task.objective.l2

    def use(
        self, X: FloatArray, y: FloatArray, weight: FloatArray | None, omega: FloatArray | None
    ) -> None:
        """Point to rows: X (N x n_0), y (N x K), weight (N,), and omega (N x K or N x 1)."""
        for name, array in (("X", X), ("y", y), ("weight", weight), ("omega", omega)):
            in_one = None if array is None else np.ascontiguousarray(array, self.dtype)
            self.point(**{name: in_one})
        if omega is not None:
            self.job.omega_row, self.job.omega_column = omega.shape[1], int(omega.shape[1] > 1)

    def deal(self, task: Task, order: NDArray[np.uint32], rate: float) -> None:
        """Point to the order of the rows to come, batch by batch, at a learning rate."""
        outputs, rest = task.network.sizes[-1], len(order) % task.batch_size
        divisor = task.objective.divisor
        self.job.divisors[:] = divisor(task.batch_size, outputs), divisor(rest or 1, outputs)
        self.job.rate = rate
        self.point(order=order)
