"""Which kernel is used, and what is said of one that is not."""

from __future__ import annotations

import ctypes
import logging
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from mlpcli.errors import UsageError
from mlpcli.nn.kernel import library
from mlpcli.nn.kernel.build import LIBRARY, SOURCE, compile_kernel
from mlpcli.nn.kernel.job import Job
from mlpcli.nn.kernel.library import Kernel, kernel_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def _afresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let nothing be known of kernels yet, nor afterwards of those of these tests."""
    library._of_level.cache_clear()
    monkeypatch.delenv(library.VARIABLE, raising=False)
    yield
    library._of_level.cache_clear()


@pytest.fixture
def compiled() -> Kernel:
    kernel = kernel_for()
    if kernel is None:
        pytest.skip("there is no compiled kernel")
    return kernel


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Return a copy of the source, beside which the library is looked for."""
    copy = tmp_path / SOURCE.name
    shutil.copy(SOURCE, copy)
    monkeypatch.setattr(library, "SOURCE", copy)
    return copy


def said(caplog: pytest.LogCaptureFixture) -> str:
    with caplog.at_level(logging.DEBUG, logger="mlpcli"):
        assert kernel_for() is None
    return caplog.text


def test_the_best_level_is_taken_unless_another_is_asked_for(
    compiled: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = compiled.library.mlp_levels().decode().split()
    assert compiled.level == levels[-1]
    for level in levels:
        monkeypatch.setenv(library.VARIABLE, level)
        chosen = kernel_for()
        assert chosen is not None
        assert re.fullmatch(rf"c {level} \([0-9a-f]{{8}}, .+\)", chosen.identity)


def test_what_is_used_is_said_once(caplog: pytest.LogCaptureFixture, compiled: Kernel) -> None:
    library._of_level.cache_clear()
    with caplog.at_level(logging.DEBUG, logger="mlpcli"):
        for kept in (None, compiled.identity, None):
            assert kernel_for(kept) is not None
    assert [record.getMessage().split(",")[0] for record in caplog.records] == [
        f"kernel: {compiled.identity.split(',', maxsplit=1)[0]}"
    ]


def test_a_run_goes_on_with_the_level_that_it_began_with(compiled: Kernel) -> None:
    plain = kernel_for("c plain (01234567, GCC 1)")
    assert plain is not None
    assert plain.level == "plain"
    assert kernel_for(plain.identity) == plain
    assert kernel_for("numpy") is None
    for other in ("a kernel of the future", "c", ""):
        assert kernel_for(other) == compiled


def test_the_variable_turns_it_off(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(library.VARIABLE, "numpy")
    assert "kernel: numpy" in said(caplog)


def test_a_variable_that_means_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(library.VARIABLE, "fast")
    with pytest.raises(UsageError, match=r'MLP_KERNEL: expected one of numpy, plain, .*got "fast"'):
        kernel_for()


@pytest.mark.usefixtures("elsewhere")
def test_none_is_there(caplog: pytest.LogCaptureFixture) -> None:
    assert "there is no compiled kernel at" in said(caplog)


def test_one_that_is_no_library(elsewhere: Path, caplog: pytest.LogCaptureFixture) -> None:
    elsewhere.with_name(LIBRARY).write_bytes(b"no library")
    assert "cannot be loaded" in said(caplog)


def test_one_of_another_source(
    compiled: Kernel, elsewhere: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copy(SOURCE.with_name(LIBRARY), elsewhere.with_name(LIBRARY))
    assert kernel_for() is not None
    library._of_level.cache_clear()
    elsewhere.write_text(elsewhere.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert "was compiled of another source than kernel.c beside it" in said(caplog)


@pytest.mark.usefixtures("compiled")
def test_one_whose_jobs_have_other_fields(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Longer(Job):
        _fields_ = (("more", ctypes.c_int64),)

    library._of_level.cache_clear()
    monkeypatch.setattr(library, "Job", Longer)
    assert "was compiled of another source than kernel.c beside it" in said(caplog)


@pytest.mark.usefixtures("compiled")
def test_one_that_says_nothing_of_itself(
    elsewhere: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = tmp_path / "other.c"
    source.write_text("int one(void) { return 1; }\n")
    assert compile_kernel(source, elsewhere.with_name(LIBRARY)) is None
    library._of_level.cache_clear()
    assert "cannot be loaded" in said(caplog)


@pytest.mark.parametrize("compiler", ["no-such-compiler", "false"])
def test_no_compiler(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compiler: str) -> None:
    monkeypatch.setenv("CC", compiler)
    reason = compile_kernel(SOURCE, tmp_path / "it")
    assert reason is not None
    assert reason.startswith(f"{compiler}: ")
    assert list(tmp_path.iterdir()) == []
