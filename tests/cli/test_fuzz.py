"""Whatever bytes a file holds: an exit status of the contract, lines and no traceback, never 70."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlp_runs import CONFIG, process, write_inputs
from mlpcli.cli.app import run

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = int(os.environ.get("MLP_FUZZ", "25"))  # of each kind of file

FED = {
    "config.yaml": ["config", "check", "config.yaml"],
    "points.csv": ["init", "points.csv", "--target", "y"],
    "rows.csv": ["evaluate", "run", "rows.csv"],
    "run/model.safetensors": ["predict", "run", "points.csv"],
    "run/last.ckpt.safetensors": ["train", "config.yaml", "--out", "run", "--resume", "--quiet"],
    "run/history.jsonl": ["train", "config.yaml", "--out", "run", "--resume", "--quiet"],
    "run/report.json": ["runs", "run"],
    "case.npz": ["gradcheck", "--case", "case.npz"],
    "case.json": ["gradcheck", "--case", "case.json"],
    "case.safetensors": ["gradcheck", "--case", "case.safetensors"],
    "gradient.npz": ["gradcheck", "--case", "case.npz", "--gradient", "gradient.npz"],
    "gradient.json": ["gradcheck", "--case", "case.npz", "--gradient", "gradient.json"],
}
"""A command that reads a file, by the name of the file."""

CASE = ["gradcheck", "config.yaml", "--rows", "3", "--set", "network.hidden=[2]"]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Change to a folder with one good file of each kind."""
    folder, before = tmp_path_factory.mktemp("fuzz"), Path.cwd()
    os.chdir(folder)
    write_inputs(folder)
    Path("config.yaml").write_text(CONFIG.replace("epochs: 15", "epochs: 2"), encoding="utf-8")
    assert process("train", "config.yaml", "--out", "run", "-q").returncode == 0
    for suffix in (".npz", ".json", ".safetensors"):
        files = ["--dump", f"case{suffix}", "--answers", f"gradient{suffix}"]
        assert process(*CASE, *files).returncode == 0
    shutil.copy("points.csv", "rows.csv")
    shutil.copytree(".", "good")
    yield Path()
    os.chdir(before)


@st.composite
def edits(draw: st.DrawFn, size: int) -> tuple[int, int, bytes]:
    """Return where to cut how many bytes, and what to put there."""
    start = draw(st.integers(0, size))
    stop = draw(st.integers(start, min(size, start + 20)) | st.just(size))
    fresh = st.sampled_from([b"\0", b"\xff", b'"', b"\n", b",", b"nan", b"9" * 400, b"[" * 2000])
    return start, stop, draw(fresh | st.binary(max_size=8))


@pytest.mark.parametrize("name", FED)
def test_edited_bytes(stage: Path, name: str) -> None:
    good = (stage / "good" / name).read_bytes()

    @settings(max_examples=EXAMPLES, database=None)
    @given(changes=st.lists(edits(len(good)), min_size=1, max_size=3))
    def feed(changes: list[tuple[int, int, bytes]]) -> None:
        content = good
        for start, stop, fresh in changes:
            content = content[:start] + fresh + content[stop:]
        shutil.copytree(stage / "good/run", stage / "run", dirs_exist_ok=True)
        (stage / name).write_bytes(content)
        status, err = ran(FED[name])
        assert status in {0, 1, 2, 3, 4}, (status, err)
        assert "Traceback" not in err

    try:
        feed()
    finally:
        shutil.copy(stage / "good" / name, stage / name)


def ran(words: list[str]) -> tuple[int, str]:
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        status = run(words)
    return status, err.getvalue()
