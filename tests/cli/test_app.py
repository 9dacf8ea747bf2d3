"""The command as a whole: help, usage errors, bugs, streams that are closed, full or slow."""

from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer

import mlpcli
from mlp_runs import COMMAND, POINTS, process
from mlpcli.cli import app
from mlpcli.cli.app import main, program, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlp_runs import Mlp


def commands(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, child in getattr(node, "commands", {}).items():
        yield from commands(child, (*path, name))


COMMANDS = list(commands(typer.main.get_command(program(*app.COMMANDS))))


def test_the_promised_commands_are_there() -> None:
    promised = {"init", "train", "evaluate", "predict", "info", "config"}
    assert promised <= {path[0] for path in COMMANDS if path}
    assert {path[1] for path in COMMANDS if path[:1] == ("config",) and path[1:]} == {
        "check", "show", "schema",
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_shows_an_example_before_the_options(
    mlp: Mlp, monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    ran = mlp(*path, "--help")
    assert (ran.status, ran.err) == (0, "")
    assert mlp(*path, "-h").out == ran.out
    name = " ".join(("mlp", *path))
    (example,) = re.findall(r"^ +Example: (mlp .*)$", ran.out, re.MULTILINE)
    assert example.startswith(name)
    assert ran.out.index("Example:") < ran.out.index("\nOptions:")
    assert ("--debug" in ran.out) is ("Commands:" not in ran.out)


@pytest.mark.parametrize("path", [(), ("train",), ("init",), ("config", "show"), ("evaluate",)])
def test_help_fits_into_a_narrow_window_but_for_its_example(
    mlp: Mlp, monkeypatch: pytest.MonkeyPatch, path: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = mlp(*path, "--help").out.splitlines()
    assert [line for line in lines if len(line) > 40] == [
        line for line in lines if line.startswith("  Example: ")
    ]


@pytest.mark.parametrize("path", [path for path in COMMANDS if path], ids=" ".join)
def test_an_example_uses_options_that_exist(mlp: Mlp, path: tuple[str, ...]) -> None:
    text = mlp(*path, "--help").out
    (example,) = re.findall(r"Example: (.*)", text)
    for option in re.findall(r" (--?[a-z][\w-]*)", example):
        assert option in text.replace(example, "")


@pytest.mark.parametrize("path", [(), ("config",)])
def test_without_a_command_the_help_is_shown_and_it_is_an_error(
    mlp: Mlp, path: tuple[str, ...]
) -> None:
    ran = mlp(*path)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == mlp(*path, "--help").out


def test_version(mlp: Mlp) -> None:
    assert mlp("--version").out == f"mlp {mlpcli.__version__}\n"
    ran = process("--version")
    assert (ran.returncode, ran.stdout) == (0, f"mlp {mlpcli.__version__}\n")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (["trian"], r'mlp: no command "trian", did you mean "train"\? See mlp --help'),
        (
            ["config", "chek"],
            r'mlp config: no command "chek", did you mean "check"\? See mlp config --help',
        ),
        (["--frobnicate"], "mlp: no option --frobnicate; see mlp --help"),
        (
            ["train", "c.yaml", "--frobnicate"],
            "mlp train: no option --frobnicate; see mlp train --help",
        ),
        (["train"], r"mlp train: Missing argument 'CONFIG\|DATA'; see mlp train --help"),
        (
            ["train", "a.yaml", "b.yaml"],
            r"mlp train: Got unexpected extra argument.* \(b\.yaml\); see mlp train --help",
        ),
        (
            ["train", "c.yaml", "--set"],
            "mlp.*: Option '--set' requires an argument; see mlp.* --help",
        ),
        (
            ["evaluate", "m", "d", "--bootstrap", "-1"],
            "mlp evaluate: Invalid value for '--bootstrap': .*; see mlp evaluate --help",
        ),
        (
            ["evaluate", "m", "d", "--threshold", "x"],
            "mlp evaluate: Invalid value for '--threshold': .*; see mlp evaluate --help",
        ),
    ],
)
def test_a_command_line_that_cannot_be(mlp: Mlp, args: list[str], line: str) -> None:
    ran = mlp(*args)
    assert (ran.status, ran.out) == (2, "")
    assert len(ran.lines) == 1
    assert re.fullmatch(line, ran.lines[0])


def broken(*_args: object, **_options: object) -> None:
    raise RuntimeError("on\npurpose")


def test_a_bug_is_exit_70_and_one_line(
    here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlpcli.training.model_file.load_model", broken)
    ran = mlp("info", "model.safetensors", "--json")
    assert (ran.status, ran.out) == (70, "")
    (line,) = ran.lines
    assert re.fullmatch(
        r"mlp: internal error: RuntimeError: on purpose \(test_app\.py:\d+\); "
        "this is a bug of mlp: please report it, with what --debug prints",
        line,
    )


def test_debug_adds_the_traceback(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = mlp("info", "nothing", "--debug")
    assert ran.status == 2
    assert ran.lines[0] == "Traceback (most recent call last):"
    assert ran.lines[-1] == "nothing: no such file"
    monkeypatch.setattr("mlpcli.training.model_file.load_model", broken)
    ran = mlp("info", "model.safetensors", "--debug")
    assert ran.status == 70
    assert "in broken" in ran.err
    assert len(mlp("info", "model.safetensors").lines) == 1  # --debug does not outlive its command


def test_an_unexpected_input_output_error_is_74(
    here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise OSError(5, "Input/output error", "disk")

    monkeypatch.setattr("mlpcli.training.model_file.load_model", fail)
    ran = mlp("info", "model.safetensors", "--json")
    assert (ran.status, ran.out, ran.lines) == (74, "", ["mlp: disk: input/output error"])


def test_an_input_output_error_without_a_name_is_that_of_standard_output(
    mlp: Mlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("typer.echo", fail)
    ran = mlp("--version")
    line = "standard output: cannot be written: no space left on device"
    assert (ran.status, ran.out, ran.lines) == (74, "", [line])


def test_help_that_nobody_reads_to_its_end_is_no_error(
    mlp: Mlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(*_args: object, **_options: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    for name in ("stdout", "stderr"):  # Click replaces them
        monkeypatch.setattr(sys, name, getattr(sys, name))
    monkeypatch.setattr("typer.echo", close)
    assert run(["--version"]) == 0


def test_a_program_ends_with_the_status_and_sigterm_is_an_exception(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("mlpcli.cli.app.prepare_streams", lambda: None)
    monkeypatch.setattr(sys, "argv", ["mlp", "trian"])
    try:
        with pytest.raises(SystemExit) as caught:
            main()
        assert caught.value.code == 2
        with pytest.raises(SystemExit) as caught:
            signal.raise_signal(signal.SIGTERM)
        assert caught.value.code == 143
    finally:
        signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("error", [RuntimeError("can't start new thread"), BlockingIOError(11, "")])
def test_a_system_without_threads_to_start(
    here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*_args: object) -> None:
        raise error

    monkeypatch.setattr("mlpcli.training.model_file.load_model", refuse)
    ran = mlp("info", "model.safetensors")
    assert (ran.status, ran.out, len(ran.lines)) == (2, "", 1)
    assert "raise ulimit -u" in ran.err


def test_an_exit_of_somebody_else_is_let_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(*_args: object, **_options: object) -> None:
        raise SystemExit(143)

    monkeypatch.setattr("typer.echo", leave)
    with pytest.raises(SystemExit):
        run(["--version"])


@pytest.mark.parametrize("stop", [KeyboardInterrupt, typer.Abort])
def test_control_c_outside_training_is_130(
    here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    def interrupt(*_args: object) -> None:
        raise stop

    monkeypatch.setattr("mlpcli.training.model_file.load_model", interrupt)
    ran = mlp("info", "model.safetensors", "--json")
    assert (ran.status, ran.out, ran.err.strip()) == (130, "", "")


def test_what_is_quoted_stays_on_one_line(here: Path, mlp: Mlp) -> None:
    ran = mlp("info", "no\nsuch\x1b[31m")
    assert ran.lines == ["no\\nsuch\\x1b[31m: no such file"]


LOADED = """
import sys
from mlpcli.cli.app import run
status = run({args})
libraries = {{"numpy", "numpy.ma", "duckdb", "pydantic", "yaml", "safetensors", "rich"}}
heavy = sorted(libraries & set(sys.modules))
print(status, *heavy, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("args", "forbidden"),
    [
        (["--help"], {"numpy", "duckdb", "yaml", "safetensors"}),
        (["train", "--help"], {"numpy", "duckdb", "yaml", "safetensors"}),
        (["--version"], {"numpy", "duckdb", "yaml", "safetensors"}),
        (["config", "check", "bad.yaml"], {"numpy", "duckdb", "safetensors"}),
        (["train", "bad.yaml"], {"numpy", "duckdb", "safetensors"}),
        (["train", "good.yaml", "--set", "training.epochs=1"], {"numpy.ma", "rich"}),
    ],
)
def test_heavy_libraries_are_loaded_only_where_used(
    here: Path, args: list[str], forbidden: set[str]
) -> None:
    (here / "bad.yaml").write_text("data: 5\n")
    (here / "good.yaml").write_text("data: {train: t.csv, target: y}\n")
    (here / "t.csv").write_text("x,y\n" + "0.5,1\n-2,0\n" * 9)
    code = [sys.executable, "-c", LOADED.format(args=args)]
    ran = subprocess.run(code, capture_output=True, text=True, check=True, timeout=60)
    status, *loaded = ran.stderr.splitlines()[-1].split()
    assert status == ("2" if "bad.yaml" in args else "0")
    assert not forbidden & set(loaded)


CLOSED = [
    (["--help"], 0, ""),
    (["train", "-h"], 0, ""),
    (["--version"], 0, ""),
    (["info", "model.safetensors"], 0, ""),
    (["predict", "model.safetensors", "points.csv"], 0, ""),
    (
        ["evaluate", "model.safetensors", "points.csv", "--fail-under", "mcc=2"],
        1,
        "--fail-under mcc: ",
    ),
    (["info", "nothing"], 2, "nothing: no such file\n"),
]


@pytest.mark.parametrize(("args", "status", "err"), CLOSED)
def test_a_closed_pipe_is_no_error(here: Path, args: list[str], status: int, err: str) -> None:
    read, write = os.pipe()
    os.close(read)
    ran = process(*args, stdout=write)
    os.close(write)
    assert ran.returncode == status
    assert ran.stderr.startswith(err)
    assert ran.stderr.count("\n") == (err != "")


def test_head_ends_a_long_prediction_quietly(here: Path) -> None:
    header, *rows = POINTS.splitlines(keepends=True)
    (here / "long.csv").write_text(header + "".join(rows) * 200)
    shell = (
        f"{' '.join(COMMAND)} predict model.safetensors long.csv | head -1; echo ${{PIPESTATUS[0]}}"
    )
    ran = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stdout.splitlines() == ["probability,prediction", "0"]
    assert ran.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["info", "model.safetensors", "--json"],
        ["config", "schema"],
        ["predict", "model.safetensors", "points.csv"],
        ["train", "config.yaml", "-q", "--json"],
    ],
)
def test_a_full_disk_is_74(here: Path, args: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = process(*args, stdout=full)
    assert ran.returncode == 74
    assert ran.stderr == "standard output: cannot be written: no space left on device\n"


@pytest.mark.parametrize(
    ("stream", "args", "status", "err"),
    [
        (0, "predict model.safetensors -", 2, "stdin: the file is empty\n"),
        (1, "info model.safetensors", 0, ""),
        (2, "info nothing", 2, ""),
    ],
)
def test_streams_that_are_closed_from_the_start(
    here: Path, stream: int, args: str, status: int, err: str
) -> None:
    ran = subprocess.run(
        ["bash", "-c", f"{' '.join(COMMAND)} {args} {stream}>&-"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (status, "", err)


def test_terminated_while_waiting_removes_temporary_files(here: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with subprocess.Popen(
        [*COMMAND, "predict", "model.safetensors", "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(scratch)},
    ) as run:  # fmt: skip
        assert run.stdin is not None
        run.stdin.write(b" " * (1 << 19))  # some of it is in the file while more is waited for
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not any(f.stat().st_size for f in scratch.iterdir()):
            time.sleep(0.01)
        run.send_signal(signal.SIGTERM)
        out, err = run.communicate(timeout=60)
    assert (run.returncode, out, err) == (143, b"", b"")
    assert list(scratch.iterdir()) == []
