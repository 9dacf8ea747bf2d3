"""`mlp predict`: a CSV line per row, in the labels of the training data, from file or stdin."""
# ruff: noqa: E501 - a message is compared with the whole line that the user sees

from __future__ import annotations

import csv
import errno
import io
import os
import re
import threading
from typing import TYPE_CHECKING

import pytest

from mlp_runs import CONFIG, POINTS, process

if TYPE_CHECKING:
    from pathlib import Path

    from mlp_runs import Mlp

GAP = (
    "missing value, and the model was trained with data.missing: error; fill it in, or train with "
    "--set data.missing=median"
)
MODEL = "model.safetensors"


def cells(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_a_line_per_row_in_input_order(here: Path, mlp: Mlp) -> None:
    ran = mlp("predict", MODEL, "points.csv")
    assert (ran.status, ran.err) == (0, "")
    assert "\r" not in ran.out
    header, *rows = cells(ran.out)
    assert header == ["probability", "prediction"]
    assert len(rows) == 80
    for p, label in rows:
        assert label == ("yes" if float(p) >= 0.5 else "no")
    right = sum(
        row[1] == line.split(",")[2]
        for row, line in zip(rows, POINTS.splitlines()[1:], strict=True)
    )
    assert right >= 68  # a short training, far from a coin's 40


def test_columns_are_found_by_name(here: Path, mlp: Mlp) -> None:
    (here / "a.csv").write_text("x,c\n1,red\n8,blue\n")
    (here / "b.csv").write_text("more,c,x\n?,red,1\n?,blue,8\n")
    assert mlp("predict", MODEL, "a.csv").out == mlp("predict", MODEL, "b.csv").out


def test_a_missing_column_is_named(here: Path, mlp: Mlp) -> None:
    (here / "a.csv").write_text("x,C\n1,red\n")
    ran = mlp("predict", MODEL, "a.csv")
    assert (ran.status, ran.out, ran.lines) == (2, "", ['a.csv: no column "c", did you mean "C"?'])


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_half_a_number_is_no_row_name(here: Path, mlp: Mlp, command: str) -> None:
    (here / "a.csv").write_text("x,c,y\n-1,5,red,no\n-0,5,blue,yes\n")
    ran = mlp(command, MODEL, "a.csv")
    comma = "decimal comma? put such numbers in quotes, or part the fields with ;"
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines[0] == f"a.csv:2: expected 3 fields, got 4; {comma}"


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_row_names_that_are_left_out_are_said(here: Path, mlp: Mlp, command: str) -> None:
    (here / "a.csv").write_text('"x","c","y"\n"1",1.5,"red","no"\n"2",7.5,"blue","yes"\n')
    ran = mlp(command, MODEL, "a.csv")
    assert ran.status == 0
    left_out = "the first column has no name and is left out: row names or an index"
    assert f"warning: a.csv: {left_out}" in ran.lines


def test_an_unseen_text_is_warned_of(here: Path, mlp: Mlp) -> None:
    (here / "a.csv").write_text("x,c\n1,green\n8,red\n1,mauve\n")
    ran = mlp("predict", MODEL, "a.csv")
    assert ran.status == 0
    assert ran.lines == ['warning: column "c": 2 of 3 rows hold a text not seen in training']
    assert len(cells(ran.out)) == 4


def test_threshold(here: Path, mlp: Mlp) -> None:
    rows = cells(mlp("predict", MODEL, "points.csv", "--threshold", "0.0001").out)[1:]
    assert {label for p, label in rows if float(p) >= 0.0001} == {"yes"}


@pytest.mark.parametrize("missing", ["drop", "median"])
def test_gaps(here: Path, mlp: Mlp, missing: str) -> None:
    (here / "gaps.yaml").write_text(CONFIG.replace("target: y", f"target: y, missing: {missing}"))
    assert mlp("train", "gaps.yaml", "-q", "--out", "gaps").status == 0
    (here / "a.csv").write_text("x,c\n1,red\n,red\n8,\n8,red\n")
    ran = mlp("predict", "gaps/model.safetensors", "a.csv")
    assert ran.status == 0
    rows = cells(ran.out)[1:]
    empty = [row == ["", ""] for row in rows]
    if missing == "drop":
        assert empty == [False, True, True, False]
        assert ran.lines == ["warning: 2 of 4 rows miss a value: no prediction for them"]
    else:
        assert empty == [False] * 4
        assert ran.lines == []


def test_a_column_read_in_another_unit_is_warned_of(here: Path, mlp: Mlp) -> None:
    (here / "a.csv").write_text("x,c\n1500,red\n8500,blue\n")
    ran = mlp("predict", MODEL, "a.csv")
    assert (ran.status, len(ran.lines)) == (0, 1)
    far = 'warning: column "x": 2 of 2 values, such as 1500, lie far outside training (mean '
    assert ran.err.startswith(far)


def test_a_gap_is_refused_where_training_refused_it(here: Path, mlp: Mlp) -> None:
    (here / "a.csv").write_text("x,c\n1,red\n,red\n")
    ran = mlp("predict", MODEL, "a.csv", "-o", "p.csv")
    assert ran.status == 2
    assert ran.lines == [f'a.csv:3: column "x": {GAP}']
    assert not (here / "p.csv").exists()
    assert sorted(p.name for p in here.iterdir() if p.name.startswith(".")) == []


def test_several_targets_and_odd_labels(here: Path, mlp: Mlp) -> None:
    table = "x,a,b\n" + "".join(
        f'{i},{2 + i % 2},"{("x,y", "q")[int(i > 20)]}"\n' for i in range(40)
    )
    (here / "two.csv").write_text(table)
    (here / "two.yaml").write_text(
        "data: {train: two.csv, target: [a, b], positive: {a: 3, b: q}}\ntraining: {epochs: 2}\n"
    )
    assert mlp("train", "two.yaml", "-q", "--out", "two").status == 0
    header, *rows = cells(mlp("predict", "two/model.safetensors", "two.csv").out)
    assert header == ["a_probability", "a_prediction", "b_probability", "b_prediction"]
    assert {row[1] for row in rows} <= {"2", "3"}
    assert {row[3] for row in rows} <= {"x,y", "q"}


def test_output_file(here: Path, mlp: Mlp) -> None:
    ran = mlp("predict", MODEL, "points.csv", "-o", "p.csv")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    written = (here / "p.csv").read_text("utf-8")
    assert written == mlp("predict", MODEL, "points.csv").out
    ran = mlp("predict", MODEL, "points.csv", "-o", "p.csv", "--threshold", "0.9")
    assert (ran.status, ran.lines) == (2, ["p.csv: exists already; give --force to replace it"])
    assert (here / "p.csv").read_text("utf-8") == written
    assert mlp("predict", MODEL, "points.csv", "-o", "p.csv", "--force").status == 0


@pytest.mark.parametrize(
    ("output", "status", "line"),
    [
        (".", 2, ".: is a folder; expected the name of a file to write"),
        ("points.csv/p.csv", 74, "points.csv/p.csv: cannot be written: not a directory"),
        ("nowhere/p.csv", 74, "nowhere/p.csv: cannot be written: no such file or directory"),
    ],
)
def test_output_file_that_cannot_be(
    here: Path, mlp: Mlp, output: str, status: int, line: str
) -> None:
    ran = mlp("predict", MODEL, "points.csv", "-o", output)
    assert (ran.status, ran.out, ran.lines) == (status, "", [line])


def test_standard_input(here: Path, mlp: Mlp) -> None:
    expected = mlp("predict", MODEL, "points.csv").out
    ran = process("predict", MODEL, "-", stdin=None, input=POINTS)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, expected, "")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "stdin: the file is empty"),
        (
            b"x,c\n1,red\nz,red\n",
            'stdin:3: column "x": expected a number, got "z"; if that is a missing value, leave the field empty',
        ),
        (b"x,d\n1,red\n", 'stdin: no column "c"; it has "x", "d"'),
    ],
)
def test_bad_standard_input(
    here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch, content: bytes, line: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
    ran = mlp("predict", MODEL, "-")
    assert (ran.status, ran.out, ran.lines) == (2, "", [line])


def test_standard_input_that_does_not_fit_on_the_disk(
    here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Endless(io.BytesIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(Endless()))
    ran = mlp("predict", MODEL, "-")
    assert (ran.status, ran.out) == (74, "")
    assert re.fullmatch(
        r".*: no room for a copy of stdin: no space left on device; TMPDIR names another folder",
        ran.lines[0],
    )


def test_blocks_join_up(here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mlp("predict", MODEL, "points.csv").out
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 7)
    blocks = mlp("predict", MODEL, "points.csv").out
    assert len(cells(blocks)) == 81
    for a, b in zip(cells(whole)[1:], cells(blocks)[1:], strict=True):
        assert float(a[0]) == pytest.approx(float(b[0]), rel=1e-6)
        assert a[1] == b[1]


@pytest.mark.parametrize("cores", [1, 5])
def test_what_comes_before_a_bad_row_is_written(
    here: Path, mlp: Mlp, monkeypatch: pytest.MonkeyPatch, cores: int
) -> None:
    """To stdout as it comes, by whole blocks; a file appears only where all rows are good."""
    monkeypatch.setattr("mlpcli.parallel.core_count", lambda: cores)
    monkeypatch.setattr("mlpcli.data.table.scan._BLOCK_ROWS", 10)
    good = mlp("predict", MODEL, "points.csv").out.splitlines()
    lines = POINTS.splitlines()
    lines[36] = ",red,no"
    (here / "bad.csv").write_text("\n".join(lines) + "\n")
    ran = mlp("predict", MODEL, "bad.csv")
    assert ran.status == 2
    assert ran.out.splitlines() == good[:31]
    assert ran.lines == [f'bad.csv:37: column "x": {GAP}']
    assert mlp("predict", MODEL, "bad.csv", "-o", "p.csv").lines == ran.lines
    assert not (here / "p.csv").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_named_pipe(here: Path, mlp: Mlp, command: str) -> None:
    expected = mlp(command, MODEL, "points.csv").out
    os.mkfifo("pipe")
    writer = threading.Thread(target=(here / "pipe").write_text, args=(POINTS,))
    writer.start()
    ran = mlp(command, MODEL, "pipe")
    writer.join()
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == expected.replace("points.csv", "pipe")


def test_utf_8_whatever_the_locale(here: Path, mlp: Mlp) -> None:
    for name in ("points.csv", "config.yaml"):
        path = here / name
        path.write_text(path.read_text("utf-8").replace("yes", "oui é"), encoding="utf-8")
    assert mlp("train", "config.yaml", "-q", "--out", "e").status == 0
    ran = process(
        "predict", "e/model.safetensors", "points.csv",
        env={"PYTHONIOENCODING": "ascii", "PATH": ""}, encoding="utf-8",
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "oui é" in ran.stdout


def test_a_table_is_not_overwritten_by_its_own_predictions(here: Path, mlp: Mlp) -> None:
    before = (here / "points.csv").read_bytes()
    model = here / "run" / "model.safetensors"
    mlp("train", "config.yaml", "--out", "run", "-q")
    ran = mlp("predict", model, "points.csv", "-o", "points.csv", "--force")
    assert ran.status == 2
    assert ran.lines == ["points.csv: is read here; write elsewhere"]
    assert (here / "points.csv").read_bytes() == before


IDS = "id,x,note,c\n007,1.50,=1+1,red\n12,8,,blue\nNA,2,-5,red\n"


def test_columns_that_are_kept_stand_in_front_as_they_were_asked_for(here: Path, mlp: Mlp) -> None:
    (here / "ids.csv").write_text(IDS)
    plain = cells(mlp("predict", MODEL, "ids.csv").out)
    ran = mlp("predict", MODEL, "ids.csv", "--keep", "note", "--keep", "id", "--keep", "note")
    assert (ran.status, ran.err) == (0, "")
    assert [row[2:] for row in cells(ran.out)] == plain
    assert [row[:2] for row in cells(ran.out)] == [
        ["note", "id"], ["=1+1", "007"], ["", "12"], ["-5", ""],
    ]  # fmt: skip


def test_all_columns_are_kept(here: Path, mlp: Mlp) -> None:
    (here / "ids.csv").write_text(IDS)
    ran = mlp("predict", MODEL, "ids.csv", "--keep-all")
    header, first, *_ = cells(ran.out)
    assert header == ["id", "x", "note", "c", "probability", "prediction"]
    assert first[:4] == ["007", "1.50", "=1+1", "red"]


def test_cells_that_a_spreadsheet_would_run(here: Path, mlp: Mlp) -> None:
    (here / "ids.csv").write_text(IDS.replace("id,", "@id,"))
    header, *rows = cells(mlp("predict", MODEL, "ids.csv", "--keep-all", "--safe-csv").out)
    assert header[0] == "'@id"
    assert [row[2] for row in rows] == ["'=1+1", "", "'-5"]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--keep", "nothing"], 'a.csv: no column "nothing"; it has "prediction", "x", "c"'),
        (
            ["--keep-all"],
            (
                '--keep: column "prediction" has the name of a column of the output; leave it out, or '
                "rename it"
            ),
        ),
        (
            ["--keep", "x", "--keep-all"],
            "--keep: --keep-all keeps every column; give one of the two",
        ),
    ],
)
def test_what_cannot_be_kept(here: Path, mlp: Mlp, options: list[str], line: str) -> None:
    (here / "a.csv").write_text("prediction,x,c\n1,1,red\n")
    ran = mlp("predict", MODEL, "a.csv", "-o", "p.csv", *options)
    assert (ran.status, ran.out, ran.lines) == (2, "", [line])
    assert not (here / "p.csv").exists()


def test_kept_columns_of_rows_without_a_prediction(here: Path, mlp: Mlp) -> None:
    (here / "gaps.yaml").write_text(CONFIG.replace("target: y", "target: y, missing: drop"))
    assert mlp("train", "gaps.yaml", "-q", "--out", "gaps").status == 0
    (here / "a.csv").write_text("x,c,id\n1,red,a\n,red,b\n")
    assert cells(mlp("predict", "gaps", "a.csv", "--keep", "id").out)[2] == ["b", "", ""]


@pytest.mark.parametrize("command", ["predict", "evaluate", "info"])
def test_a_run_folder_is_its_model(trained: Path, here: Path, mlp: Mlp, command: str) -> None:
    data = [] if command == "info" else ["points.csv"]
    outs = [mlp(command, path, *data).out for path in (trained / "run", MODEL)]
    assert outs[0].replace(str(trained / "run"), MODEL) == outs[1]
    assert outs[0]


def strangers(rows: int) -> str:
    return "c,x\n" + "violet,1\n" * rows


def test_a_column_that_training_never_saw_is_refused(here: Path, mlp: Mlp) -> None:
    (here / "new.csv").write_text(strangers(20))
    ran = mlp("predict", "model.safetensors", "new.csv", "-o", "p.csv")
    assert (ran.status, ran.out) == (2, "")
    assert ran.lines[0].startswith(
        'new.csv: column "c": no text of the first 20 rows, such as "violet", was seen in training'
    )
    assert not (here / "p.csv").exists()
    allowed = mlp("predict", "model.safetensors", "new.csv", "--allow-unseen")
    assert (allowed.status, len(allowed.out.splitlines())) == (0, 21)


def test_in_few_rows_it_is_a_note(here: Path, mlp: Mlp) -> None:
    (here / "new.csv").write_text(strangers(19))
    ran = mlp("predict", "model.safetensors", "new.csv")
    assert ran.status == 0
    assert ran.lines == ['warning: column "c": 19 of 19 rows hold a text not seen in training']
