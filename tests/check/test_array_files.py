"""Files of named arrays: what is written is read back; what anybody may send is bounded."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.array_files import SUFFIXES, read_array_file, write_array_file
from mlpcli.errors import CaseError

if TYPE_CHECKING:
    from pathlib import Path

ARRAYS: dict[str, Any] = {
    "X": np.random.default_rng(0).standard_normal((5, 3)),
    "b1": np.array([1e-300, -0.0, 1 / 3]),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
}


def written(tmp_path: Path, content: str | bytes, suffix: str = ".json") -> Path:
    path = tmp_path / f"file{suffix}"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(CaseError) as caught:
        read_array_file(path).arrays()
    (line,) = caught.value.lines
    assert "\n" not in line
    assert len(line) < 400
    return line.replace(f"{path}: ", "")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_arrays_and_texts_come_back_bit_for_bit(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as file:
        write_array_file(file, suffix, ARRAYS, {"objective": '{"loss": "bce"}'})
    found = read_array_file(path)
    assert dict(found.texts) == {"objective": '{"loss": "bce"}'}
    arrays = found.arrays()
    assert sorted(arrays) == sorted(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].tobytes() == array.tobytes()


def test_json_is_strict_json_with_a_line_per_array(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    with path.open("wb") as file:
        write_array_file(file, ".json", {"W1": np.array([[np.nan, np.inf, 0.1]]), "b1": np.ones(2)})
    text = path.read_text(encoding="utf-8")
    assert text == '{\n"W1": [[null, null, 0.1]],\n"b1": [1.0, 1.0]\n}\n'
    arrays = read_array_file(path).arrays()
    assert np.isnan(arrays["W1"][0, :2]).all()


def test_json_trees(tmp_path: Path) -> None:
    content = '{"grads": {"dW": [[[1, 2]], [[3]]], "db": [[1], 2]}, "loss": 3, "n": [true, 2e400]}'
    trees = read_array_file(written(tmp_path, content)).trees
    assert [a.tolist() for a in trees["grads"]["dW"][0]] == [[1.0, 2.0]]
    assert trees["loss"] == 3.0
    assert trees["n"].tolist() == [1.0, np.inf]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('{"W1": [[1]], "W1": [[2]]}', '"W1" comes twice'),
        ('{"a": {"W1": 1, "W1": 2}}', '"W1" comes twice'),
        ('{"W1": [[1, 2], [3]]}', "W1: expected rows of one length"),
        ('{"W1": [1, "2"]}', "W1: expected numbers, got text"),
        ('{"W1": {"a": 1}}', "W1: expected an array, got an object"),
        ('{"W1": [[{}, 1]]}', "W1: expected rows of numbers, got an object in one"),
        ('{"W1": null}', "W1: expected numbers, got null"),
        ('{"W1": true}', "W1: expected numbers, got true or false"),
        ("[1, 2]", "expected an object of named arrays, got a list"),
        ('{"W1": [1, 2', "no json file, or a damaged one: Expecting ',' delimiter"),
        ("", "no json file, or a damaged one: Expecting value"),
        ('{"W1": ' + "[" * 100_000, "its lists are nested too deeply"),
        (b"\xff\xfe\x00", "no json file, or a damaged one: 'utf-8' codec"),
        (json.dumps({str(i): 1 for i in range(10_001)}), "holds 10,001 names"),
    ],
)
def test_json_that_is_refused(content: str | bytes, words: str, tmp_path: Path) -> None:
    assert refusal(written(tmp_path, content)).startswith(words)


def test_what_unpacks_to_more_than_is_bounded_is_refused_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, {"descr": "<f8", "fortran_order": False, "shape": (1 << 30,)}
        )
        archive.writestr("X.npy", header.getvalue() + bytes(1000))
    assert refusal(path) == "unpacks to 8,589,934,592 bytes; expected at most 1,073,741,824"


def test_members_that_are_no_arrays_or_come_twice(tmp_path: Path) -> None:
    path = tmp_path / "odd.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")
    assert refusal(path).startswith("no npz file, or a damaged one")
    buffer = io.BytesIO()
    np.save(buffer, np.ones(2))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("W1.npy", buffer.getvalue())
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("W1.npy", buffer.getvalue())
    assert refusal(path) == '"W1" comes twice'


def test_damaged_json_is_refused_in_one_line(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    write_array_file(buffer, ".json", ARRAYS)
    rng = np.random.default_rng(0)
    for _ in range(300):
        damaged = bytearray(buffer.getvalue())
        for place in rng.integers(0, len(damaged), 3):
            damaged[place] = rng.integers(256)
        path = written(tmp_path, bytes(damaged))
        with suppress(CaseError):  # anything else is a bug of ours
            read_array_file(path).arrays()


def test_other_files(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.json") == "no such file"
    assert refusal(tmp_path / "a.csv") == "expected a .npz, .safetensors or .json file, got .csv"
    (tmp_path / "d.json").mkdir()
    assert refusal(tmp_path / "d.json") == "cannot be read: Is a directory"
