"""Items are worked on in other processes, which end with the consumer, the parent or an error."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from itertools import count
from multiprocessing import Pipe
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.errors import UsageError
from mlpcli.processes import map_processes, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def square(x: NDArray[np.float64]) -> tuple[int, NDArray[np.float64]]:
    return os.getpid(), x @ x


def fail(x: int) -> int:
    if x == 2:
        raise UsageError("two", "lines")
    return x


def die(_: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_results_of_other_processes() -> None:
    items = [np.random.default_rng(k).normal(size=(50, 50)) for k in range(5)]
    results = [*map_processes(square, iter(items), 2)]
    pids, arrays = zip(*results, strict=True)
    assert os.getpid() not in pids
    assert len({*pids}) == 2
    expected = {(item @ item).tobytes() for item in items}
    assert {array.tobytes() for array in arrays} == expected
    assert not any(map(alive, pids))


def test_no_more_processes_than_items_and_none_for_none() -> None:
    assert len([*map_processes(square, iter([np.eye(2)]), 8)]) == 1
    empty: Iterator[NDArray[np.float64]] = iter(())
    assert [*map_processes(square, empty, 8)] == []


def test_items_are_taken_as_they_are_needed() -> None:
    taken = []

    def items() -> Iterator[float]:
        for k in count():
            taken.append(k)
            yield 0.0

    results = map_processes(sleep, items(), 2)
    pid = next(results)
    assert len(taken) <= 3
    results.close()  # type: ignore[attr-defined]  # it is a generator
    assert not alive(pid)


def test_an_error_is_raised_here() -> None:
    with pytest.raises(UsageError) as caught:
        list(map_processes(fail, iter([1, 2, 3]), 1))
    assert caught.value.lines == ("two", "lines")


def test_a_process_that_is_killed() -> None:
    with pytest.raises(UsageError, match="a worker process ended with signal 9, perhaps for want"):
        list(map_processes(die, iter([1, 2]), 2))


def test_stop() -> None:
    assert [*map_processes(sleep, iter([60.0, 60.0]), 2, lambda: True)] == []


PARENT = """
import sys
from mlpcli.processes import map_processes
from test_processes import sleep
results = map_processes(sleep, iter([0.0, 600.0]), 1)
print(next(results), flush=True)
next(results)
"""


def test_workers_do_not_outlive_their_parent() -> None:
    path = os.pathsep.join([os.path.dirname(__file__), *sys.path])  # noqa: PTH120
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env={"PYTHONPATH": path}
    )
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    for _ in range(300):
        if not alive(worker):
            break
        time.sleep(0.1)
    assert not alive(worker)


def test_a_worker_answers_until_its_pipe_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.processes._die_with_parent", lambda: None)
    here, there = Pipe()
    handle = os.dup(there.fileno())
    there.close()
    thread = threading.Thread(target=serve, args=(handle,))
    thread.start()
    for item, expected in ((1, (True, 1)), (2, (False, "two"))):
        here.send((fail, item))
        done, answer = here.recv()
        assert (done, answer if done else answer.lines[0]) == expected
    here.close()
    thread.join(10)
    assert not thread.is_alive()


def test_a_process_that_is_gone_before_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlpcli.processes._CODE", "raise SystemExit(7)")
    with pytest.raises(UsageError, match="a worker process ended with status 7"):
        list(map_processes(square, iter([np.ones((2000, 2000))]), 1))
