"""Runs of `mlp` at the price of one start: a process that has loaded all of it forks for each.

The fork goes on as a program, with arguments, folder, environment and streams of its own.
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["PATIENCE", "Forks", "Run"]

PATIENCE = 120.0  # seconds that a run may take
_HEAVY = ("duckdb", "nanoarrow", "pydantic", "rich.progress", "safetensors.numpy", "threadpoolctl",
          "matplotlib.figure", "matplotlib.backends.backend_svg")  # fmt: skip


@dataclass(frozen=True)
class Run:
    """How a run ended (minus the signal, where one ended it) and what it wrote."""

    status: int
    out: str
    err: str


class Forks:
    """A process to fork from, with a library preloaded; runs leave their output in `folder`."""

    def __init__(self, folder: Path, shim: Path) -> None:
        self._streams = [folder / "stdout", folder / "stderr"]
        self._server = subprocess.Popen(
            [sys.executable, "-m", "faults.forks"],
            cwd=Path(__file__).parents[1],
            env={**os.environ, "LD_PRELOAD": str(shim), "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._server.communicate("")

    def run(
        self,
        args: Sequence[str],
        cwd: Path,
        env: Mapping[str, str],
        stdin: Path | None = None,
        seconds: float = PATIENCE,
    ) -> Run:
        """Run `mlp` once; after so many seconds it is ended, without being asked."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        streams = [stdin or Path(os.devnull), *self._streams]
        asked = {"args": [*args], "cwd": str(cwd), "env": {**env},
                 "streams": [*map(str, streams)], "seconds": seconds}  # fmt: skip
        self._server.stdin.write(json.dumps(asked) + "\n")
        status = int(self._server.stdout.readline())
        return Run(status, *(path.read_text(errors="replace") for path in self._streams))


def _load() -> None:
    """Import all that a run may need, none of which starts a thread.

    A small run makes a checkpoint after each epoch, as only a long one does else.
    """
    import mlpcli
    from mlpcli.training import run

    found = (module.name for module in pkgutil.walk_packages(mlpcli.__path__, "mlpcli."))
    for name in (*found, *_HEAVY):
        with suppress(ImportError):  # what is not installed, and the kernel, which is no module
            import_module(name)
    run._SECONDS_BETWEEN_CHECKPOINTS = 0
    assert len([*Path("/proc/self/task").iterdir()]) == 1, "a process with threads cannot be forked"


def _serve() -> bool:
    """Answer requests until there are no more; True in a fork that is to run one."""
    for line in iter(sys.stdin.readline, ""):
        asked = json.loads(line)
        child = os.fork()
        if not child:
            _become(asked)
            return True
        print(_waited(child), flush=True)
    return False


def _become(asked: Mapping[str, Any]) -> None:
    """Be the process that was asked for, with an alarm that nothing hears and that ends it."""
    sys.argv = ["mlp", *asked["args"]]
    os.chdir(asked["cwd"])
    os.environ.update(asked["env"])
    tempfile.tempdir = None  # to be found anew
    for number, name in enumerate(asked["streams"]):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
        handle = os.open(name, flags, 0o666)
        os.dup2(handle, number)
        os.close(handle)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False) for n in (1, 2))
    signal.setitimer(signal.ITIMER_REAL, asked["seconds"])


def _waited(child: int) -> int:
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    _load()
    if _serve():
        from mlpcli.__main__ import main

        main()
