"""Where addresses are few, one line says so: libraries in C end the process without a word."""

from __future__ import annotations

import resource
import subprocess
from typing import TYPE_CHECKING

import pytest

from mlp_runs import COMMAND, write_inputs
from mlpcli.errors import InputError
from mlpcli.limits import address_space, require_addresses

if TYPE_CHECKING:
    from pathlib import Path


FEW = "mlp: out of memory: ulimit -v leaves {} MB of addresses, {}"


@pytest.mark.parametrize(
    ("megabytes", "status", "line"),
    [
        (100, 2, FEW.format(100, "a start needs 160 MB")),
        (400, 2, FEW.format(400, "reading a table needs 1024 MB")),
        (1100, 0, ""),
    ],
)
def test_few_addresses(tmp_path: Path, megabytes: int, status: int, line: str) -> None:
    write_inputs(tmp_path)
    bytes_ = megabytes << 20
    ran = subprocess.run(
        [*COMMAND, "train", "config.yaml", "--quiet"], cwd=tmp_path, capture_output=True,
        text=True, check=False, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (bytes_, bytes_)),
    )  # fmt: skip
    assert (ran.returncode, ran.stderr.strip(), ran.stdout) == (status, line, "")


def test_no_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    infinite = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: infinite)
    assert address_space() is None
    require_addresses(1 << 60, "anything")


def test_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _kind: (5 << 20, 9 << 20))
    assert address_space() == 5 << 20
    require_addresses(5 << 20, "this")
    with pytest.raises(InputError, match="leaves 5 MB of addresses, that needs 6 MB"):
        require_addresses(6 << 20, "that")
