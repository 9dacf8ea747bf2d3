"""A full disk at every call of a small run, and kills at some: `make trust` does the rest."""

from __future__ import annotations

import inspect
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest

from faults.injector import ALL, FAULTS, WRITERS, Bench, build_shim
from foreign import foreign
from mlpcli.cli.app import COMMANDS, program
from mlpcli.cli.paths import ROLES, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
    tried = {(line[0], word) for line in WRITERS.values() for word in line[1:]}
    for command in program(*COMMANDS).registered_commands:
        assert command.callback is not None
        name = command.callback.__name__.replace("_", "-")
        for words in _outputs(command.callback):
            assert {(name, word) for word in words} & tried, words


def _outputs(command: Callable[..., Any]) -> Iterator[Sequence[str]]:
    """Yield the options by which a command is told where to write."""
    for name, parameter in inspect.signature(command).parameters.items():
        if ROLES.get(name) in {Role.WRITE, Role.REPLACE, Role.FOLDER}:
            kind, option = get_args(parameter.annotation)
            if kind in {Path, Path | None}:  # one of gradcheck's is the output of a network
                yield option.param_decls or (f"--{name}",)


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
