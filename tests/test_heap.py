from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from mlpcli.heap import keep_freed_memory

CODE = """
import resource, sys
import numpy as np
from mlpcli.heap import keep_freed_memory
if sys.argv[1] == "kept" and not keep_freed_memory():
    sys.exit(9)
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
np.ones(8_000_000)
before = faults()
for _ in range(20):
    np.ones(8_000_000)
print(faults() - before)
"""


def faults(how: str) -> int:
    ran = subprocess.run(
        [sys.executable, "-c", CODE, how], capture_output=True, text=True, check=False
    )
    if ran.returncode == 9:
        pytest.skip("no glibc")
    return int(ran.stdout)


def test_memory_that_was_freed_is_used_again() -> None:
    """Twenty arrays of 64 MB, one after the other: pages are new where they are mapped anew."""
    assert 10 * faults("kept") < faults("mapped")


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert not keep_freed_memory()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not keep_freed_memory()
