"""No command writes onto what it reads, replaces a device, or stumbles over the name of a file."""

from __future__ import annotations

import errno
import inspect
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlp_runs import process
from mlpcli.cli import app
from mlpcli.cli import config as config_commands
from mlpcli.cli.paths import ROLES, Role

if TYPE_CHECKING:
    from mlp_runs import Mlp

COMMANDS = [
    *app.program(*app.COMMANDS).registered_commands,
    *config_commands.app.registered_commands,
]


def parameters(command: Any) -> dict[str, Any]:
    return dict(inspect.signature(command.callback).parameters)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.callback.__name__)
def test_every_path_of_a_command_has_a_role(command: Any) -> None:
    for name, parameter in parameters(command).items():
        if "Path" in str(parameter.annotation):
            assert name in ROLES
        if ROLES.get(name) in {Role.WRITE, Role.FOLDER}:
            assert "force" in parameters(command)


CASE = ["gradcheck", "config.yaml", "--dump", "case.npz", "--rows", "3"]
WRITES = {
    "init": ["init", "{data}", "--target", "y", "--force", "-o"],
    "predict": ["predict", "{model}", "{data}", "--force", "-o"],
    "export": ["export", "{model}", "--to", "json", "--force", "-o"],
    "evaluate": ["evaluate", "{model}", "{data}", "--plot"],
    "train": ["train", "{config}", "--out", "new", "--plot"],
    "chain": ["chain", "{config}", "--model", "{model}", "--plot"],
    "compare-losses": ["compare-losses", "{config}", "--plot"],
    "gradcheck --plot": ["gradcheck", "{config}", "--plot"],
    "gradcheck --junit": ["gradcheck", "{config}", "--model", "{model}", "--junit"],
    "gradcheck --dump": ["gradcheck", "{config}", "--force", "--dump"],
    "gradcheck --answers": ["gradcheck", "--case", "{case}", "--force", "--answers"],
}
SUFFIXES = {"--plot": ".png", "--dump": ".npz", "--answers": ".npz"}


def stage(here: Path, mlp: Mlp, suffix: str) -> dict[str, str]:
    """Give each kind of input a name that the output's option allows, by a link where needed."""
    assert mlp(*CASE).status == 0
    files = {
        "data": "points.csv", "config": "config.yaml", "model": "model.safetensors",
        "case": "case.npz",
    }  # fmt: skip
    for kind, name in files.items() if suffix else ():
        if name != f"{kind}{suffix}":
            (here / f"{kind}{suffix}").hardlink_to(name)
    return files


@pytest.mark.parametrize("name", WRITES)
def test_no_input_is_ever_an_output(here: Path, mlp: Mlp, name: str) -> None:
    *words, option = WRITES[name]
    suffix = SUFFIXES.get(option, "")
    files = stage(here, mlp, suffix)
    read = [kind for kind in files if f"{{{kind}}}" in words]
    if "config" in read:
        read.append("data")  # which the config names
    before = {path: path.read_bytes() for path in here.iterdir()}
    for kind in read:
        target = f"{kind}{suffix}" if suffix else files[kind]
        for spelled in (target, f"../{Path.cwd().name}/{target}"):
            ran = mlp(*(word.format(**files) for word in words), option, spelled)
            assert (ran.status, ran.out, len(ran.lines)) == (2, "", 1), ran
            assert f"{spelled}: is read here" in ran.err
            assert {path: path.read_bytes() for path in here.iterdir()} == before


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("device", ["/dev/null", "/dev/full"])
def test_no_device_is_replaced(here: Path, mlp: Mlp, name: str, device: str) -> None:
    *words, option = WRITES[name]
    files = stage(here, mlp, "")
    link = here / f"link{SUFFIXES.get(option, '')}"
    link.symlink_to(device)
    ran = mlp(*(word.format(**files) for word in words), option, link)
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == [f"{link}: is no regular file; expected the name of a file to write"]
    assert not Path(device).is_file()


def test_a_run_does_not_replace_its_own_data(here: Path, mlp: Mlp) -> None:
    (here / "run").mkdir()
    (here / "run/report.json").hardlink_to("points.csv")
    ran = mlp("train", "config.yaml", "--force", "--out", "run")
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert "run/report.json: is read here as points.csv" in ran.err
    assert [path.name for path in (here / "run").iterdir()] == ["report.json"]


def test_two_outputs_are_two_files(here: Path, mlp: Mlp) -> None:
    ran = mlp("gradcheck", "config.yaml", "--dump", "a.json", "--answers", "./a.json")
    assert (ran.status, ran.lines) == (
        2,
        ["a.json: is to be written twice; give each its own name"],
    )


@pytest.mark.parametrize(
    ("words", "option"),
    [
        (["train", "config.yaml", "--out", ""], "--out"),
        (["train", ""], "CONFIG"),
        (["init", "points.csv", "--target", "y", "-o", ""], "--output"),
        (["predict", "model.safetensors", ""], "DATA"),
        (["gradcheck", "--gradient", ""], "--gradient"),
    ],
)
def test_an_empty_name(here: Path, mlp: Mlp, words: list[str], option: str) -> None:
    ran = mlp(*words)
    assert (ran.status, len(ran.lines)) == (2, 1)
    assert "expected the name of a file or folder, got none" in ran.err
    assert sorted(path.name for path in here.iterdir()) == sorted(
        ["points.csv", "config.yaml", "model.safetensors"]
    )


READS = {
    "config": ["train", "{}"],
    "data": ["init", "{}", "--target", "y"],
    "model": ["info", "{}"],
    "rows": ["evaluate", "model.safetensors", "{}"],
    "case": ["gradcheck", "--case", "{}"],
    "gradient": ["gradcheck", "--gradient", "{}.npz"],
    "runs": ["runs", "{}"],
    "folder": ["train", "config.yaml", "--out", "{}"],
}
HOSTILE = {
    "too long": ("x" * 300, "cannot be read: file name too long"),
    "loop": ("loop", "cannot be read: too many levels of symbolic links"),
    "dangling": ("dangling", "is a link to nowhere, which is not there"),
    "not UTF-8": (os.fsdecode(b"caf\xe9"), "expected a name in UTF-8; rename it"),
    "below a file": ("points.csv/x", "cannot be read: not a directory"),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("cause", HOSTILE)
def test_one_cause_has_one_reason_whatever_the_file_is_for(
    here: Path, mlp: Mlp, name: str, cause: str
) -> None:
    text, reason = HOSTILE[cause]
    suffix = ".npz" if name == "gradient" else ""
    (here / f"loop{suffix}").symlink_to(f"loop{suffix}")
    (here / f"dangling{suffix}").symlink_to("nowhere")
    ran = mlp(*(word.format(text) for word in READS[name]))
    if name == "folder":
        reason = reason.replace("read", "written")
    status = 74 if (name, cause) == ("folder", "below a file") else 2
    assert (ran.status, ran.out, len(ran.lines)) == (status, "", 1)
    assert ran.lines[0].endswith(reason)


def test_a_file_that_may_not_be_read(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", denied)  # root may read all
    for words in (["train", "config.yaml"], ["info", "model.safetensors"], ["init", "points.csv"]):
        ran = mlp(*words, *(["--target", "y"] if words[0] == "init" else []))
        assert (ran.status, ran.lines) == (2, [f"{words[1]}: cannot be read: permission denied"])


def test_a_working_folder_that_is_gone(here: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    ran = process("train", tmp_path / "config.yaml")
    assert ran.returncode == 2
    assert ran.stderr == "mlp: the current folder is not there any more; change to one that is\n"
    os.chdir(tmp_path)


def test_a_backend_of_nothing(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "nonsense")
    ran = process("evaluate", "model.safetensors", "points.csv", "--plot", "p.png")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (here / "p.png").stat().st_size > 1000


def test_standard_output_is_written_into(here: Path) -> None:
    for name in ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        with Path("out.txt").open("w", encoding="utf-8") as out:
            ran = process("predict", "model.safetensors", "points.csv", "-o", name, stdout=out)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert len(Path("out.txt").read_text(encoding="utf-8").splitlines()) == 81


def test_a_full_temporary_folder(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    pipe = here / "pipe"
    os.mkfifo(pipe)
    keep = os.open(pipe, os.O_RDWR)
    os.write(keep, b"x,c,y")
    monkeypatch.setattr("shutil.copyfileobj", full)
    monkeypatch.setattr("tempfile.tempdir", "/tmp/full", raising=False)
    monkeypatch.setattr("tempfile.mkdtemp", lambda **_: str(Path.cwd()))
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    ran = mlp("init", "pipe", "--target", "y")
    os.close(keep)
    assert (ran.status, ran.out) == (74, "")
    why = "no room for a copy of pipe: no space left on device"
    assert ran.lines == [f"/tmp/full: {why}; TMPDIR names another folder"]
