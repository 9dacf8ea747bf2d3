"""A model as named NumPy arrays, which load without pickle."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.rules import NumberRule
from mlpcli.export.document import SCHEMA
from mlpcli.export.features import features_of, refuse_texts, texts_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from mlpcli.export.features import Feature
    from mlpcli.training.model_file import Model

__all__ = ["to_npz"]


def to_npz(model: Model, _name: str) -> bytes:
    """Return weights and encoder as arrays; UsageError for a text with a NUL, which NumPy loses."""
    refuse_texts(texts_of(model), "npz")
    buffer = io.BytesIO()
    arrays = {**dict(model.network.tensors()), **_network(model), **_encoder(features_of(model))}
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _network(model: Model) -> dict[str, NDArray[Any]]:
    activation = model.network.activation
    return {
        "schema": _texts(SCHEMA),
        "activation": _texts(activation.name),
        "slope": np.array(activation.chosen_slope or 0.0),
        "output": _texts(model.loss.output),
        "targets": _texts(model.names),
        "labels": _texts([target.labels for target in model.targets]),
        "thresholds": np.array(model.thresholds),
        "inputs": _texts(model.encoder.inputs),
    }


def _encoder(features: Sequence[Feature]) -> dict[str, NDArray[Any]]:
    """Return a number or text per column, and what there may be several of as pairs with a column.

    Levels are in the order of the inputs of their column.
    """
    rules = [feature.rule for feature in features]
    numbers = [rule if isinstance(rule, NumberRule) else None for rule in rules]
    levels = [() if isinstance(rule, NumberRule) else rule.levels for rule in rules]
    fills = [rule.fill for rule in rules]
    return {
        "columns": _texts([rule.name for rule in rules]),
        "kinds": _texts([rule.kind for rule in rules]),
        "mean": np.array([0.0 if rule is None else rule.mean for rule in numbers]),
        "scale": np.array([1.0 if rule is None else rule.scale for rule in numbers]),
        "fill": np.array([fill if isinstance(fill, float) else np.nan for fill in fills]),
        "fill_text": _texts([fill if isinstance(fill, str) else "" for fill in fills]),
        "filled": np.array([fill is not None for fill in fills]),
        "other": np.array([getattr(rule, "other", False) for rule in rules]),
        "missing": np.array([rule.missing for rule in rules]),
        "required": np.array([feature.required for feature in features]),
        "level_column": _owners(levels),
        "level": _texts([level for some in levels for level in some]),
        "missing_text_column": _owners(feature.absent for feature in features),
        "missing_text": _texts([text for feature in features for text in feature.absent]),
        "missing_number_column": _owners(feature.codes for feature in features),
        "missing_number": np.array([code for feature in features for code in feature.codes]),
    }


def _texts(texts: str | Sequence[str] | Sequence[Sequence[str]]) -> NDArray[np.str_]:
    return np.array(texts, np.str_)


def _owners(lists: Iterable[Sequence[object]]) -> NDArray[np.int64]:
    """Return the number of the column of each item, as long as all lists together."""
    return np.array([i for i, items in enumerate(lists) for _ in items], np.int64)
