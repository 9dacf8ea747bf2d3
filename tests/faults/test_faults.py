"""A full disk at every call of a small run, and kills at some: `make trust` does the rest."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from faults.injector import ALL, FAULTS, WRITERS, Bench, build_shim
from foreign import foreign
from mlpcli.cli.app import COMMANDS, program
from mlpcli.cli.paths import ROLES, Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KILLS = 5
SHARES = 2  # of the calls, for as many processes as there are


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("faults")
    shim = build_shim(folder)
    if shim is None:
        foreign("cc")
        pytest.skip("no Linux")
    with Bench(folder, shim, WRITERS["train"]) as bench:
        yield bench


def test_every_command_that_writes_is_put_to_the_test() -> None:
    import inspect

    writes = {Role.WRITE, Role.REPLACE, Role.FOLDER}
    names = {
        command.callback.__name__
        for command in program(*COMMANDS).registered_commands
        if command.callback
        and any(
            ROLES.get(name) in writes for name in inspect.signature(command.callback).parameters
        )
    }
    assert names == {line[0].replace("-", "_") for line in WRITERS.values()}


@pytest.mark.parametrize("share", range(SHARES))
def test_a_disk_that_is_full_from_the_nth_call_on(bench: Bench, share: int) -> None:
    fault = FAULTS[0]
    calls = bench.calls(fault.kinds)
    assert calls > 10
    for n in range(1 + share, calls + 1, SHARES):
        assert bench.fail(fault, n, again=n % 4 == 0) is None, f"call {n} of {calls}"


def test_kills(bench: Bench) -> None:
    calls = bench.calls(ALL)
    for n in random.Random(0).sample(range(1, calls + 1), KILLS):
        assert bench.kill(n) is None, f"call {n} of {calls}"


def test_the_judge_is_not_blind(bench: Bench, tmp_path: Path) -> None:
    here = bench._copy()
    assert bench._broken(here) is None
    (here / "run").mkdir()
    (here / "run/model.safetensors").write_bytes(b"half")
    assert "half written" in str(bench._broken(here))
    (here / "points.csv").write_text("other")
    assert bench._broken(here) == "an input was changed"
