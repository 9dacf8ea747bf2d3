"""Safetensors files that say what they are and carry a digest of all they hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlpcli.errors import ModelError
from mlpcli.files import to_safetensors, write_bytes
from mlpcli.text import strict_json

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read_tensors", "write_tensors"]

Tensors = Mapping[str, NDArray[Any]]


def _digest(tensors: Tensors, metadata: Mapping[str, str]) -> str:
    """SHA-256 over names, dtypes, shapes, bytes and metadata, in sorted order."""
    sha = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        sha.update(json.dumps([name, str(tensor.dtype), tensor.shape]).encode())
        sha.update(np.ascontiguousarray(tensor).tobytes())
    sha.update(json.dumps(metadata, sort_keys=True).encode())
    return sha.hexdigest()


def write_tensors(
    path: Path, schema: str, tensors: Tensors, metadata: Mapping[str, Any], *, durable: bool = True
) -> None:
    """Write tensors and metadata (JSON values, each stored as JSON text) to `path`, atomically.

    `schema` is "mlp.<kind>/<version>". Equal content gives equal bytes.
    """
    texts = {key: json.dumps(value, ensure_ascii=False) for key, value in metadata.items()}
    texts["schema"] = schema
    texts["tensor_digest"] = _digest(tensors, {})
    texts["digest"] = _digest(tensors, texts)
    write_bytes(path, to_safetensors(tensors, texts), durable=durable)


def read_tensors(path: Path, schema: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the tensors and the metadata that `write_tensors` wrote with this schema.

    Runs no code of the file. Raises ModelError if the file is missing, no such file, damaged, or
    of another version.
    """
    tensors, texts = _read(path)
    kind, _, version = schema.partition("/")
    found_kind, _, found_version = texts.get("schema", "").partition("/")
    if found_kind != kind:
        what = f"a {found_kind} file" if found_kind else "a safetensors file of something else"
        raise ModelError(f"{path}: expected a {kind} file, got {what}")
    if found_version != version:
        raise ModelError(
            f"{path}: expected format {schema}, got version {found_version[:20]}; "
            "it was written by a newer mlp: upgrade mlpcli to read it"
        )
    digest = texts.pop("digest", None)
    if digest != _digest(tensors, texts):
        raise ModelError(f"{path}: damaged: its digest does not match its content; get it again")
    try:
        metadata = {
            key: strict_json(text)
            for key, text in texts.items()
            if key not in {"schema", "tensor_digest"}
        }
    except ValueError as error:
        raise ModelError(f"{path}: not a {kind[4:]} that mlp train wrote: {error}") from error
    return tensors, {**metadata, "tensor_digest": texts.get("tensor_digest", "")}


def _read(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, file.metadata() or {}
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such file") from error
    except OSError as error:
        reason = "is a folder" if path.is_dir() else f"cannot be read: {error}"
        raise ModelError(f"{path}: {reason}; expected a model.safetensors file") from error
    except (SafetensorError, TypeError, ValueError) as error:
        raise ModelError(
            f"{path}: not a safetensors file, or cut short; expected one that mlp train wrote"
        ) from error
