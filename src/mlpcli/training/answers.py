"""What a model says of a table, or of encoded rows, as arrays: for those who work in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.target import Target, classes_of
from mlpcli.errors import DataError
from mlpcli.parallel import limit_blas
from mlpcli.training.model_file import logits_of
from mlpcli.training.predict import predict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mlpcli.data.frames import Data
    from mlpcli.data.labels import Label
    from mlpcli.data.target import AnyTarget
    from mlpcli.training.model_file import Model

__all__ = ["answers", "probabilities"]

_BLOCK_ROWS = 16_384
_SHOWN = 4


def probabilities(model: Model, data: Data, allow_unseen: bool) -> NDArray[np.float64]:
    """Return probabilities (N,) of one target, else (N x K), nan where a row lacks a value."""
    p = np.where(*_known(model, data, allow_unseen), np.nan)
    return p[:, 0] if p.shape[1] == 1 else p


def answers(model: Model, data: Data, allow_unseen: bool) -> NDArray[Any]:
    """Return labels (N,) of one target, else (N x K), as the training table has them."""
    known, p = _known(model, data, allow_unseen)
    chosen = classes_of(model.targets)
    if chosen is not None:
        return _labels(chosen.values, p.argmax(axis=1), known[:, 0])
    columns = [
        _labels(_values(target), (column >= threshold).astype(np.intp), known[:, 0])
        for target, threshold, column in zip(model.targets, model.thresholds, p.T, strict=True)
    ]
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _known(
    model: Model, data: Data, allow_unseen: bool
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return which rows (N x 1) have all that is needed, and probabilities (N x K)."""
    if isinstance(data, np.ndarray) and data.ndim == 2:
        p = _of_matrix(model, data)
        return np.ones((len(p), 1), np.bool_), p
    predictions = predict(model, data, allow_unseen=allow_unseen)
    with predictions.scan:
        blocks = [(block.known, block.p) for block in predictions]
    known, p = map(np.concatenate, zip(*blocks, strict=True))
    return known[:, None], p


def _of_matrix(model: Model, X: NDArray[Any]) -> NDArray[np.float64]:
    """Return the probabilities of rows that are encoded already."""
    inputs = model.encoder.inputs
    if X.shape[1] != len(inputs) or X.dtype.kind not in "fiu":
        some = ", ".join([*inputs[:_SHOWN], *[".."] * (len(inputs) > _SHOWN)])
        raise DataError(
            f"expected a matrix with the model's encoded inputs, N x {len(inputs)} ({some}), got "
            f"{X.dtype} {X.shape}; pass columns that are not encoded as a dict"
        )
    pieces = [X[start : start + _BLOCK_ROWS] for start in range(0, max(1, len(X)), _BLOCK_ROWS)]
    with limit_blas(1):
        h = np.concatenate([logits_of(model.network, piece) for piece in pieces])
    return np.asarray(model.loss.predict(h), np.float64)


def _values(target: AnyTarget) -> Sequence[Label]:
    """Return what a target of one output calls 0 and 1."""
    return (target.negative, target.positive) if isinstance(target, Target) else target.labels


def _labels(
    values: Sequence[Label], codes: NDArray[np.intp], known: NDArray[np.bool_]
) -> NDArray[Any]:
    """Return the label of each code: whole numbers as int64 if there is one for every row."""
    if any(isinstance(value, str) for value in values):
        texts = np.array(values, object)[codes]
        texts[~known] = None
        return texts
    numbers = np.array(values, np.float64)
    if known.all() and (numbers == np.floor(numbers)).all():
        return numbers.astype(np.int64)[codes]
    return np.where(known, numbers[codes], np.nan)
