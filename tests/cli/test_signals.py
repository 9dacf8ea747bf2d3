"""A signal ends a command wherever it is, also where a library makes its own error of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlp_runs import write_inputs

if TYPE_CHECKING:
    from pathlib import Path

# While the table is read, a query is asked that would take minutes.
IN_A_QUERY = """
import os, signal, sys, threading
import mlpcli.data.table.store as store
from mlpcli.__main__ import main
QUERY = "SELECT sum(a.range * b.range) FROM range(1000000) AS a, range(10000000) AS b"
def slow(self):
    self.connection.execute("SET threads = 1")  # of more, one would go on with its part
    threading.Timer(0.2, os.kill, (os.getpid(), SIGNUM)).start()
    try:
        self.connection.execute(QUERY)
    except RuntimeError as error:
        raise ERROR from error
store.Store.memory_limit = slow
sys.argv[1:] = ["train", "config.yaml", "--quiet"]
main()
"""
ERRORS = ("RuntimeError(str(error))", "store.DataError('no such row')", "ValueError(str(error))")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("error", ERRORS)
def test_a_query_that_is_interrupted(tmp_path: Path, error: str, signum: int) -> None:
    write_inputs(tmp_path)
    (tmp_path / "tmp").mkdir()
    code = IN_A_QUERY.replace("ERROR", error).replace("SIGNUM", str(int(signum)))
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        timeout=60, env={"TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip
    assert (ran.returncode, ran.stderr.strip(), ran.stdout) == (128 + signum, "", "")
    assert not [*(tmp_path / "tmp").iterdir()]
