"""A model as an ONNX graph: raw columns in, probabilities and labels out.

Columns that hold numbers are doubles whatever the dtype of the network, since the encoder computes
in double precision: a float32 would lose the digits of a large number before its mean is taken off.
"""

from __future__ import annotations

import json
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.data.rules import NumberRule
from mlpcli.errors import UsageError
from mlpcli.export.document import facts
from mlpcli.export.features import Feature, features_of, refuse_texts, texts_of
from mlpcli.export.onnx_builder import Builder
from mlpcli.extras import require_extra

if TYPE_CHECKING:
    from mlpcli.training.model_file import Model

__all__ = ["to_onnx"]

_MOST_BYTES = 2**31 - 2**20  # of a protobuf, with room for what is no weight
_OUTPUTS: dict[str, tuple[str, dict[str, Any]]] = {
    "sigmoid": ("Sigmoid", {}),
    "softmax": ("Softmax", {"axis": 1}),
}
"""Operator and attributes, by what makes probabilities of logits."""


def to_onnx(model: Model, name: str) -> bytes:
    """Return the model as ONNX of opset 17 and ai.onnx.ml 3.

    Raises UsageError where onnx is not installed, and for a model that has no such form: weights
    beyond 2 GB, an activation or output that is no operator, texts that are no UTF-8.
    """
    require_extra("--to onnx", "onnx", "onnx")
    refuse_texts(texts_of(model), "onnx")
    _refuse_unfit(model)
    features = features_of(model)
    build = Builder(feature.name for feature in features)
    encoded = [_encoded(build, feature, model.dtype) for feature in features]
    parts = [inputs for inputs, _ in encoded if inputs is not None]
    lacking = [flag for _, flag in encoded if flag is not None]
    logits = _logits(build, model, build.node("Concat", *parts, axis=1, out="inputs"))
    p, labels = _answers(build, model, logits, lacking)
    return build.model(
        name,
        {
            feature.name: (object if feature.is_text else np.float64, _words(feature))
            for feature in features
        },
        {
            p: (model.dtype, model.network.sizes[-1], "of each output; nan: a value is missing"),
            labels: (object, len(model.targets), "of each target; empty: a value is missing"),
        },
        {
            key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for key, value in facts(model).items()
        },
    )


def _refuse_unfit(model: Model) -> None:
    activation, output = model.network.activation, model.loss.output
    if activation.in_onnx is None:
        raise UsageError(f"--to onnx: activation {activation.name} has no operator there")
    if output not in _OUTPUTS:
        raise UsageError(f"--to onnx: output {output} has no operator there")
    if model.network.theta.nbytes > _MOST_BYTES:
        size = model.network.theta.nbytes / 1e9
        raise UsageError(f"--to onnx: {size:.1f} GB of weights; such a file holds 2; use --to npz")


def _words(feature: Feature) -> str:
    if feature.is_text:
        return "text"
    return "number; nan: missing" + "; 1 is true, 0 is false" * feature.truth


def _encoded(build: Builder, feature: Feature, dtype: str) -> tuple[str | None, str | None]:
    """Return the inputs (N x width) that a column makes, and what says that a row lacks it.

    Either is None where there is none.
    """
    encode = _text if feature.is_text else _number
    return encode(build, feature, dtype)


def _number(build: Builder, feature: Feature, dtype: str) -> tuple[str | None, str | None]:
    rule = feature.rule
    assert isinstance(rule, NumberRule)
    column = feature.name
    for code in feature.codes:
        same = build.node("Equal", column, _double(build, code))
        column = build.node("Where", same, _double(build, np.nan), column)
    missing = build.node("IsNaN", column, out="missing")
    if rule.fill is not None:
        column = build.node("Where", missing, _double(build, rule.fill), column)
    column = build.node("Sub", column, _double(build, rule.mean))
    column = build.node("Div", column, _double(build, rule.scale))
    inputs = _cast(build, column, dtype)
    if rule.missing:
        inputs = build.node("Concat", inputs, _cast(build, missing, dtype), axis=1)
    return inputs, missing if feature.required else None


def _text(build: Builder, feature: Feature, dtype: str) -> tuple[str | None, str | None]:
    """Encode by the place of the 1; a place beyond the last input makes all of them 0."""
    other, missing = feature.other_place, feature.missing_place
    unknown = feature.width if other is None else other
    absent = feature.width + 1 if missing is None else missing
    places = feature.places | dict.fromkeys(feature.absent, absent)
    place = build.node(
        "LabelEncoder",
        feature.name,
        keys_strings=[*places],
        values_int64s=[*places.values()],
        default_int64=unknown,
    )
    lacks = None
    if feature.required:
        lacks = build.node("Equal", place, build.constant(np.array(absent)), out="missing")
    if not feature.width:
        return None, lacks
    row = build.node("Reshape", place, build.constant(np.array([-1])))
    zero_one = build.constant(np.array([0, 1], np.float32))  # the only type that runtimes have
    ones = build.node("OneHot", row, build.constant(np.array(feature.width)), zero_one)
    return _cast(build, ones, dtype), lacks


def _logits(build: Builder, model: Model, Z: str) -> str:
    network = model.network
    for i, (W, b) in enumerate(zip(network.W, network.b, strict=True), start=1):
        if i > 1:
            slope = network.activation.chosen_slope
            slopes = [] if slope is None else [np.array([slope], model.dtype)]
            assert network.activation.in_onnx is not None
            given = [build.constant(array, "slope") for array in slopes]
            Z = build.node(network.activation.in_onnx, Z, *given, out=f"Z{i - 1}")
        weights = [build.constant(W, f"W{i}")]
        weights += [build.constant(b, f"b{i}")] if network.bias else []
        Z = build.node("Gemm", Z, *weights, transB=1, out=f"H{i}")
    return Z


def _answers(build: Builder, model: Model, logits: str, lacking: list[str]) -> tuple[str, str]:
    """Return probabilities (N x K) and labels (N x targets)."""
    h = _cast(build, logits, "float64")  # in which a probability is compared with a threshold
    operator, attributes = _OUTPUTS[model.loss.output]
    p = build.node(operator, h, **attributes)
    classes = model.classes
    if classes is not None:
        likeliest = build.node("ArgMax", h, axis=1, keepdims=1)
        labels = build.node("Gather", _texts(build, classes.labels), likeliest)
    else:
        negative, positive = zip(*(target.labels for target in model.targets), strict=True)
        thresholds = build.constant(np.array(model.thresholds), "thresholds")
        above = build.node("GreaterOrEqual", p, thresholds)
        labels = build.node("Where", above, _texts(build, positive), _texts(build, negative))
    if lacking:
        lacks = reduce(lambda a, b: build.node("Or", a, b), lacking)
        p = build.node("Where", lacks, _double(build, np.nan), p)
        labels = build.node("Where", lacks, _texts(build, [""]), labels)
    return (
        _cast(build, p, model.dtype, out="probabilities"),
        build.node("Identity", labels, out="labels"),
    )


def _double(build: Builder, value: float) -> str:
    return build.constant(np.array(value, np.float64))


def _texts(build: Builder, texts: tuple[str, ...] | list[str]) -> str:
    return build.constant(np.array(texts, object), "texts")


def _cast(build: Builder, value: str, dtype: str, out: str = "") -> str:
    from onnx import helper

    to = int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
    return build.node("Cast", value, to=to, out=out)
