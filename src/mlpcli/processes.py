"""Works on items in processes of their own: small networks spend their time in Python itself.

A worker is a fresh interpreter, so that neither threads nor locks of this one matter, and a user's
script needs no guard. It takes functions and items through a pipe, and ends with its parent.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, TypeVar

from mlpcli.errors import UsageError
from mlpcli.parallel import limit_blas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["map_processes", "serve"]

T = TypeVar("T")
R = TypeVar("R")
_CODE = "import sys; from mlpcli.processes import serve; serve(int(sys.argv[1]))"
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_SECONDS_BETWEEN_LOOKS = 0.1
_NO_MORE = object()


def map_processes(
    function: Callable[[T], R],
    items: Iterator[T],
    count: int,
    stop: Callable[[], object] = lambda: False,
) -> Iterator[R]:
    """Yield function(item) for every item, as they are done, by `count` processes at a time.

    The function is one of a module, items and results can be pickled. Items are taken as they are
    needed. It ends early, and ends the processes, once `stop` says so, which is asked ten times a
    second, or the consumer goes away. Raises what the function raises, and UsageError where a
    process was killed.
    """
    busy: dict[Connection, subprocess.Popen[bytes]] = {}
    try:
        while len(busy) < count and (item := next(items, _NO_MORE)) is not _NO_MORE:
            line, worker = _worker()
            busy[line] = worker
            _ask(line, worker, (function, item))
        while busy and not stop():
            ready = {*wait([*busy], _SECONDS_BETWEEN_LOOKS)}
            for line in [line for line in busy if line in ready]:
                yield _answer(line, busy[line])
                if (item := next(items, _NO_MORE)) is _NO_MORE:
                    _end(line, busy.pop(line))
                else:
                    _ask(line, busy[line], (function, item))
    finally:
        for line, worker in busy.items():
            worker.kill()
            _end(line, worker)


def _worker() -> tuple[Connection, subprocess.Popen[bytes]]:
    """Start a worker, deaf to a terminal's Ctrl-C, that sees the modules that this process sees."""
    here, there = Pipe()
    path = os.pathsep.join(entry for entry in sys.path if entry)
    with there:
        worker = subprocess.Popen(  # noqa: S603  ourselves
            [sys.executable, "-P", "-c", _CODE, str(there.fileno())],
            pass_fds=[there.fileno()],
            env={**os.environ, "PYTHONPATH": path, **dict.fromkeys(_THREADS, "1")},
            stdin=subprocess.PIPE,  # which ends with this process, however it ends
            stdout=subprocess.DEVNULL,
            process_group=0,
        )
    return here, worker


def _ask(line: Connection, worker: subprocess.Popen[bytes], work: object) -> None:
    try:
        line.send(work)
    except OSError:
        raise _lost(worker) from None


def _answer(line: Connection, worker: subprocess.Popen[bytes]) -> Any:
    try:
        done, answer = line.recv()
    except (EOFError, OSError):
        raise _lost(worker) from None
    if not done:
        raise answer
    return answer


def _lost(worker: subprocess.Popen[bytes]) -> UsageError:
    status = worker.wait()
    how = f"signal {-status}" if status < 0 else f"status {status}"
    return UsageError(
        f"a worker process ended with {how}, perhaps for want of memory; use fewer at a time"
    )


def _end(line: Connection, worker: subprocess.Popen[bytes]) -> None:
    line.close()
    assert worker.stdin is not None
    worker.stdin.close()
    worker.wait()


def serve(handle: int) -> None:
    """Answer (function, item) by (True, result) or (False, exception) until the pipe is closed."""
    threading.Thread(target=_die_with_parent, daemon=True).start()
    with Connection(handle) as line:
        while True:
            try:
                function, item = line.recv()
            except EOFError:
                return
            try:
                with limit_blas(1):
                    answer = True, function(item)
            except Exception as error:  # noqa: BLE001  raised again by the parent
                answer = False, error
            line.send(answer)


def _die_with_parent() -> None:
    os.read(sys.stdin.fileno(), 1)  # nothing is ever written to it
    os._exit(1)
