"""A file is read as it was written, or refused: cut anywhere, or with any bit turned."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from mlpcli.errors import ModelError
from mlpcli.files import to_safetensors
from mlpcli.training.tensor_file import read_tensors, write_tensors

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCHEMA = "mlp.thing/3"
TENSORS = {
    "W1": np.array([[0.5, -2.0], [3.25, 1e-30]]),
    "b1": np.array([1.0, -0.0], np.float32),
    "steps": np.array(12),
}
METADATA = {
    "names": ["é", 'a "quoted" one', "x\ny\x1f\\"],
    "numbers": {"a": 1, "b": 0.1, "c": None, "big": 2**127},
    "nothing": {},
}


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda a: a[::-1][::-1].T.copy().T])
def test_memory_in_another_order(tmp_path: Path, layout: Callable[[Any], Any]) -> None:
    tensor = layout(np.arange(6.0).reshape(2, 3))
    assert not tensor.flags.c_contiguous
    write_tensors(tmp_path / "f", SCHEMA, {"W": tensor, "s": np.array(1.0)}, {})
    tensors, _ = read_tensors(tmp_path / "f", SCHEMA)
    assert tensors["W"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert tensors["s"].shape == ()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f.safetensors"
    write_tensors(path, SCHEMA, TENSORS, METADATA)
    return path


def test_round_trip(file: Path) -> None:
    tensors, metadata = read_tensors(file, SCHEMA)
    assert {key: metadata[key] for key in METADATA} == METADATA
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in tensors.items():
        assert tensor.dtype == TENSORS[name].dtype
        assert tensor.shape == TENSORS[name].shape
        assert tensor.tobytes() == TENSORS[name].tobytes()


def test_equal_content_is_equal_bytes(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write_tensors(other, SCHEMA, dict(reversed(TENSORS.items())), dict(reversed(METADATA.items())))
    assert other.read_bytes() == file.read_bytes()


def test_tensor_digest_depends_on_tensors_alone(file: Path, tmp_path: Path) -> None:
    digest = read_tensors(file, SCHEMA)[1]["tensor_digest"]
    other = tmp_path / "other"
    write_tensors(other, SCHEMA, TENSORS, {})
    assert read_tensors(other, SCHEMA)[1]["tensor_digest"] == digest
    for change in ({"W2": TENSORS["W1"]}, {"W1": TENSORS["W1"].T}, {"W1": TENSORS["W1"].ravel()}):
        write_tensors(other, SCHEMA, TENSORS | change, {})
        assert read_tensors(other, SCHEMA)[1]["tensor_digest"] != digest


def test_cut_short_anywhere(file: Path) -> None:
    whole = file.read_bytes()
    for length in range(len(whole)):
        file.write_bytes(whole[:length])
        with pytest.raises(ModelError, match="not a safetensors file, or cut short"):
            read_tensors(file, SCHEMA)
    file.write_bytes(whole + b"\0")
    with pytest.raises(ModelError):
        read_tensors(file, SCHEMA)


def test_any_bit_turned(file: Path) -> None:
    whole = file.read_bytes()
    messages = set()
    for position in range(len(whole)):
        for bit in range(8) if position < 8 else (position * 5 % 8,):
            damaged = bytearray(whole)
            damaged[position] ^= 1 << bit
            file.write_bytes(damaged)
            with pytest.raises(ModelError) as caught:
                read_tensors(file, SCHEMA)
            (line,) = caught.value.lines
            messages.add(line.removeprefix(f"{file}: ")[:20])
    assert {m[:8] for m in messages} >= {"damaged:", "not a sa", "expected"}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            "mlp.thing/4",
            "expected format mlp.thing/4, got version 3; it was written by a newer mlp",
        ),
        ("mlp.other/3", "expected a mlp.other file, got a mlp.thing file"),
    ],
)
def test_another_format(file: Path, schema: str, message: str) -> None:
    with pytest.raises(ModelError) as caught:
        read_tensors(file, schema)
    assert str(caught.value).startswith(f"{file}: {message}")


def test_safetensors_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "theirs"
    for metadata in (None, {"format": "pt"}):
        save_file({"W": np.ones(2)}, path, metadata=metadata)
        with pytest.raises(
            ModelError, match=r"expected a mlp.thing file, got a safetensors file of"
        ):
            read_tensors(path, SCHEMA)


@pytest.mark.parametrize("content", [b"", b"{}", b"a,b\n1,2\n" * 9, b"\xff" * 64, b"\0" * 64])
def test_no_safetensors_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "f"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="f: not a safetensors file, or cut short; expected one"):
        read_tensors(path, SCHEMA)


def test_missing_or_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none: no such file"):
        read_tensors(tmp_path / "none", SCHEMA)
    with pytest.raises(ModelError, match=r"is a folder; expected a model.safetensors file"):
        read_tensors(tmp_path, SCHEMA)


def test_a_digest_that_fits_metadata_that_does_not(tmp_path: Path) -> None:
    """Made by hand, not by damage."""
    from mlpcli.training.tensor_file import _digest

    path = tmp_path / "f"
    texts = {"schema": SCHEMA, "config": "{", "tensor_digest": ""}
    texts["digest"] = _digest({}, texts)
    path.write_bytes(to_safetensors({}, texts))
    with pytest.raises(ModelError, match=r"not a .* that mlp train wrote"):
        read_tensors(path, SCHEMA)


def test_any_safetensors_reader_gets_the_metadata(file: Path) -> None:
    from safetensors import safe_open

    with safe_open(file, framework="np") as opened:
        texts = opened.metadata()
    assert json.loads(texts["numbers"]) == METADATA["numbers"]
    assert texts["schema"] == SCHEMA
