"""The formats that a model can be written in, by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.export.c_header import to_c
from mlpcli.export.document import to_json
from mlpcli.export.npz import to_npz
from mlpcli.export.onnx_graph import to_onnx

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.training.model_file import Model

__all__ = ["FORMATS"]

FORMATS: dict[str, Callable[[Model, str], bytes]] = {
    "onnx": to_onnx,
    "npz": to_npz,
    "json": to_json,
    "c": to_c,
}
"""Each takes a model and a name for it, and returns the file, the same bytes for the same model.

Raises UsageError where the format cannot hold the model, or needs a package that is not there.
"""
