"""The kernel compiles by clang, for every platform of a wheel, without a warning; and is as right.

Zig has the headers of all of them, so that one machine compiles for each.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from engines import engine_of, setting
from foreign import foreign
from kernel_functions import BOUNDS, LIMITS, worst_errors
from mlpcli.nn.kernel import build, library

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlpcli.nn.sigmoid import FloatArray

TARGETS = (
    "x86_64-linux-gnu", "aarch64-linux-gnu", "x86_64-macos", "aarch64-macos", "x86_64-windows-gnu",
)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_it_compiles_without_a_warning(target: str, tmp_path: Path) -> None:
    strict = ["-std=c11", "-O0", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-psabi"]
    words = [foreign("zig"), "cc", "-target", target, *strict, "-c", str(build.SOURCE)]
    object_file = ["-o", str(tmp_path / "kernel.o")]
    done = subprocess.run([*words, *object_file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def by_clang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the library be one that clang made."""
    source = tmp_path / build.SOURCE.name
    shutil.copy(build.SOURCE, source)
    monkeypatch.setenv("CC", f"{foreign('zig')} cc")
    assert build.compile_kernel(source, source.with_name(build.LIBRARY)) is None
    monkeypatch.setattr(library, "SOURCE", source)
    library._of_level.cache_clear()
    yield
    library._of_level.cache_clear()


def test_what_it_computes_is_right_on_every_level(by_clang: None) -> None:
    kernel = library.kernel_for()
    assert kernel is not None
    assert "Clang" in kernel.identity
    rng = np.random.default_rng(0)
    for level in kernel.library.mlp_levels().decode().split():
        chosen = library.kernel_for(f"c {level}")
        assert chosen is not None
        for dtype, limit in LIMITS.items():
            errors = worst_errors(
                chosen, rng.uniform(-1.1 * limit, 1.1 * limit, 9999).astype(dtype)
            )
            assert all(errors[name] <= bound for name, bound in BOUNDS.items())
            for activation, loss in (("sigmoid", "stable"), ("tanh", "softmax"), ("relu", "mse")):
                ours, theirs = (
                    weights(kind, level, dtype, activation, loss) for kind in ("kernel", "numpy")
                )
                bound = 512 * float(np.finfo(dtype).eps) * np.abs(theirs).max()
                assert np.abs(ours - theirs).max() <= bound, (level, dtype, activation)


def weights(kind: str, level: str, dtype: str, activation: str, loss: str) -> FloatArray:
    """Return theta after nine batches and a smaller one."""
    start, objective, rows = setting(loss, activation=activation)
    network = start.with_theta(start.theta.astype(dtype))
    engine = engine_of(kind, network, objective, rows.cast(dtype), 32, rule="adam", level=level)
    order = np.random.default_rng(0).permutation(300).astype(np.uint32)
    assert engine.steps(order, 3e-4, 0.0, np.zeros(len(network.W)))[0] == 10
    return network.theta.astype(np.float64)
