"""A job of the kernel, with the arrays that it points to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.nn.kernel.job import Job

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mlpcli.nn.kernel.counterparts import Codes
    from mlpcli.nn.kernel.library import Kernel
    from mlpcli.nn.network import Network
    from mlpcli.nn.sigmoid import FloatArray
    from mlpcli.nn.task import Task

__all__ = ["Training", "Work", "address"]

_LINE = 64  # bytes; arrays of C begin where a line of the cache does


def address(array: NDArray[Any] | None) -> int | None:
    """Return where an array begins, None for none; it must be in one piece."""
    if array is None:
        return None
    assert array.flags.c_contiguous, "the kernel reads arrays from end to end"
    return array.ctypes.data


class Work:
    """A job, and the kernel that does it: a network, and `rows` that go through it at a time.

    After a call `norms` holds, per layer, the squared norm of the gradient, and then nan where a
    logit was not finite, else 0; `sums` are the losses and the right answers.
    """

    def __init__(self, kernel: Kernel, network: Network, codes: Codes, rows: int) -> None:
        self._kernel, self.dtype = kernel, network.theta.dtype
        self.norms, self.sums = np.zeros(len(network.sizes)), np.zeros(2)
        self._kept: dict[str, NDArray[Any] | None] = {}
        self._given: list[FloatArray | None] = []
        self.job = Job(
            depth=len(network.sizes) - 1,
            bias=int(network.bias),
            batch=rows,
            rows=rows,
            divisors=(1.0, 1.0),
            **codes,
        )
        sizes = np.array(network.sizes, np.int64)
        self.point(sizes=sizes, theta=network.theta, norms=self.norms, sums=self.sums)

    def call(self, name: str) -> Any:
        """Return a function of the kernel for the type of this job."""
        return self._kernel.call(name, self.dtype)

    def point(self, **arrays: NDArray[Any] | None) -> None:
        """Let fields of the job point to arrays, and hold these."""
        for name, array in arrays.items():
            if name not in self._kept or self._kept[name] is not array:
                setattr(self.job, name, address(array))
                self._kept[name] = array

    def make_room(self) -> None:
        """Take the memory that the rows need on their way, if that has not been done."""
        if "work" not in self._kept:
            self.point(work=_aligned(self.call("work")(self.job)))

    def use(
        self, X: FloatArray, y: FloatArray, weight: FloatArray | None, omega: FloatArray | None
    ) -> None:
        """Point to rows: X (N x n_0), y (N x K), weight (N,), and omega (N x K or N x 1)."""
        given = [X, y, weight, omega]
        if [*map(id, given)] == [*map(id, self._given)]:
            return  # the same as before, as in every epoch
        self.make_room()
        self._given = given
        for name, array in (("X", X), ("y", y), ("weight", weight), ("omega", omega)):
            in_one = None if array is None else np.ascontiguousarray(array, self.dtype)
            self.point(**{name: in_one})
        if omega is not None:
            self.job.omega_row, self.job.omega_column = omega.shape[1], int(omega.shape[1] > 1)


def _aligned(size: int) -> NDArray[np.uint8]:
    room = np.zeros(size + _LINE, np.uint8)
    return room[-room.ctypes.data % _LINE :]


class Training(Work):
    """The job of a member of the team: its share of each batch, and its `gradient`."""

    def __init__(self, kernel: Kernel, task: Task, codes: Codes) -> None:
        super().__init__(kernel, task.network, codes, task.most_rows)
        self.job.answers, self.job.batch, self.job.l2 = -1, task.batch_size, task.objective.l2
        for i, name in enumerate(task.optimizer.moments):
            self.job.moments[i] = address(task.state[name])
        theta = task.network.theta
        room = _aligned(theta.nbytes + _LINE).view(theta.dtype)
        self.gradient: FloatArray = room[: theta.size]
        self.point(steps=task.state.get("steps"), gradient=room)
        self._outputs, self._divisor = task.network.sizes[-1], task.objective.divisor
        self._dealt = -1

    def deal(self, order: NDArray[np.uint32], rate: float) -> None:
        """Point to the order of the rows to come, batch by batch, at a learning rate."""
        self.job.rate = rate
        self.point(order=order)
        if len(order) != self._dealt:
            size, self._dealt = self.job.batch, len(order)
            rows = (size, len(order) % size or size)
            self.job.divisors[:] = [self._divisor(count, self._outputs) for count in rows]
