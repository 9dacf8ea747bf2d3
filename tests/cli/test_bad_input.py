"""Whatever is fed to `mlp`: one line (or the stated ones), the right status, nothing overwritten."""
# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.files import to_safetensors

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

TABLES: dict[str, tuple[bytes | None, str]] = {
    "missing": (None, "points.csv: no such file"),
    "empty": (b"", "points.csv: the file is empty"),
    "blank": (b"\n \n", "points.csv: the file is empty"),
    "binary": (b"x,c,y\n\0\1\2", "points.csv: expected CSV or Parquet, got binary data"),
    "zip": (b"PK\x03\x04....", "points.csv: zip archive that cannot be unpacked (file is not a zip file)"),
    "damaged UTF-8": (b"x,c,y\n1,ros\xe9,no\n2,\xc3\xa9,yes\n", 'points.csv:2: column "c": expected UTF-8, got byte 0xe9'),
    "bzip2": (b"BZh9....", "points.csv: expected CSV or Parquet, got a file compressed with bzip2; unpack it first: bunzip2 -k points.csv"),
    "header only": (b"x,c,y\n", "points.csv: no rows below the header"),
    "no header": (b"1,2,3\n4,5,6\n", 'points.csv:1: expected column names, got numbers such as "1"; set data.header to false, or put a line of names at the top'),
    "ragged": (b"x,c,y\n1,a,no\n2,b,yes,more\n3,a\n", "points.csv:3: "),
    "duplicate name": (b"x,x,y\n1,2,no\n", 'points.csv:1: columns 1 and 2 are both named "x"; rename one'),
    "blank name": (b"x,,y\n1,2,no\n", "points.csv:1: column 2 has no name; give it one"),
    "text in a number column": (b"x,c,y\n1,a,no\nabc,b,yes\n3,b,yes\n", 'points.csv:3: column "x": expected a number, got "abc"'),
    "another positive label": (b"x,c,y\n1,a,no\n2,b,maybe\n3,c,nil\n", 'target "y": data.positive is "yes", but the labels are "maybe", "nil", "no"'),
    "one class": (b"x,c,y\n1,a,yes\n2,b,yes\n", 'target "y": expected two labels, got only "yes"; a classifier needs rows of both classes'),
    "missing target": (b"x,c,Y\n1,a,no\n2,b,yes\n", 'data.target: no column "y" in the data, did you mean "Y"?'),
    "gzip cut short": (gzip.compress(b"x,c,y\n" + bytes(range(32, 127)) * 99)[:-20], "points.csv: "),
    "Parquet in name only": (b"PAR1 nothing of the kind", "points.csv: "),
}  # fmt: skip

CONFIGS: dict[str, tuple[bytes | None, str]] = {
    "missing": (
        None,
        "config.yaml: expected a config file, got no such file; `mlp init` writes one",
    ),
    "empty": (b"", "config.yaml"),
    "a list": (b"- data\n- target\n", "config.yaml:1:1: "),
    "two documents": (b"data: {train: points.csv, target: y}\n---\na: 1\n", "config.yaml:2:1: "),
    "python tag": (b"data: !!python/object/apply:os.system [true]\n", "config.yaml:1:7: "),
    "alias bomb": (
        b"a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + b"".join(
            b"%c: &%c [%s]\n" % (98 + i, 98 + i, b", ".join([b"*%c" % (97 + i)] * 10))
            for i in range(9)
        ),
        "config.yaml:",
    ),
    "binary": (b"data: \0\1\n", "config.yaml"),
    "Latin-1": (b"data: {train: ros\xe9.csv, target: y}\n", "config.yaml"),
    "duplicate key": (b"data: {train: points.csv, target: y, target: z}\n", "config.yaml:1:38: "),
    "unclosed": (b"data: {train: points.csv\n", "config.yaml:"),
}


@pytest.mark.parametrize(("content", "line"), TABLES.values(), ids=TABLES)
def test_table(here: Path, mlp: Mlp, content: bytes | None, line: str) -> None:
    refuse(here, mlp, "points.csv", content, line)


@pytest.mark.parametrize(("content", "line"), CONFIGS.values(), ids=CONFIGS)
def test_config(here: Path, mlp: Mlp, content: bytes | None, line: str) -> None:
    refuse(here, mlp, "config.yaml", content, line)


def refuse(here: Path, mlp: Mlp, name: str, content: bytes | None, line: str) -> None:
    path = here / name
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    before = sorted(here.iterdir())
    ran = mlp("train", "config.yaml", "--json")
    assert (ran.status, ran.out) == (2, "")
    assert "Traceback" not in ran.err
    assert ran.lines[0].startswith(line)
    assert len(ran.lines) == (2 if content and b"more" in content else 1)
    assert sorted(here.iterdir()) == before


def test_ragged_rows_are_counted(here: Path, mlp: Mlp) -> None:
    rows = "".join(f"{i},red,no{',more' if i % 2 else ''}\n" for i in range(20))
    (here / "points.csv").write_text("x,c,y\n" + rows)
    lines = mlp("train", "config.yaml").lines
    assert [line.split(":")[1] for line in lines[:5]] == ["3", "5", "7", "9", "11"]
    assert len(lines) == 6
    assert "10" in lines[5]


def model(weights: float = 1.0, **metadata: str) -> bytes:
    return to_safetensors({"W1": np.full((1, 1), weights)}, metadata)


def edited(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def newer(content: bytes) -> bytes:
    return content.replace(b"mlp.model/1", b"mlp.model/9")


DAMAGE = "damaged: its digest does not match its content; get it again"
NO_SAFETENSORS = "not a safetensors file, or cut short; expected one that mlp train wrote"


@pytest.mark.parametrize("command", [["info"], ["predict"], ["evaluate"]])
@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("cut short", NO_SAFETENSORS),
        ("empty", NO_SAFETENSORS),
        ("text", NO_SAFETENSORS),
        ("bit flipped in the weights", DAMAGE),
        (
            "newer",
            "expected format mlp.model/1, got version 9; it was written by a newer mlp: upgrade mlpcli to read it",
        ),
        ("not ours", "expected a mlp.model file, got a safetensors file of something else"),
        ("checkpoint", "expected a mlp.model file, got a mlp.checkpoint file"),
        ("folder", "no model.safetensors in this folder; expected a model or a run folder"),
        ("missing", "no such file"),
    ],
)
def test_model(
    here: Path, trained: Path, mlp: Mlp, command: list[str], kind: str, line: str
) -> None:
    good = (here / "model.safetensors").read_bytes()
    path = here / "bad.safetensors"
    contents = {
        "cut short": good[:-3],
        "empty": b"",
        "text": b"x,c,y\n1,red,no\n",
        "bit flipped in the weights": edited(good, len(good) - 2),
        "newer": newer(good),
        "not ours": model(),
        "checkpoint": (trained / "run/last.ckpt.safetensors").read_bytes(),
    }
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.write_bytes(contents[kind])
    data = [] if command == ["info"] else ["points.csv"]
    ran = mlp(*command, path, *data)
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == [f"bad.safetensors: {line}"]


def test_a_model_with_nan_weights(here: Path, mlp: Mlp) -> None:
    from mlpcli.training.tensor_file import read_tensors, write_tensors

    path = here / "model.safetensors"
    tensors, metadata = read_tensors(path, "mlp.model/1")
    tensors["W1"][0, 0] = np.nan
    metadata.pop("tensor_digest")
    write_tensors(path, "mlp.model/1", tensors, metadata)
    ran = mlp("info", path, "--json")
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines == ["model.safetensors: W1 holds a value that is not finite; train again"]


def test_a_model_whose_header_is_no_header(here: Path, mlp: Mlp) -> None:
    header = json.dumps({"W1": {"dtype": "F99", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (here / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"1234")
    ran = mlp("info", "model.safetensors")
    assert (ran.status, ran.lines) == (2, [f"model.safetensors: {NO_SAFETENSORS}"])


def test_a_huge_value_is_no_bug(here: Path, mlp: Mlp) -> None:
    (here / "huge.csv").write_text("x,c,y\n1e308,red,no\n-1e308,blue,yes\n1,red,no\n")
    for command in (["predict"], ["evaluate"]):
        ran = mlp(*command, "model.safetensors", "huge.csv")
        assert ran.status in {0, 2}
        assert "nan" not in ran.out
