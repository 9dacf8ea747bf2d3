"""Puts nodes of an ONNX graph together, and gives what flows between them names of its own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = ["IR_VERSION", "ML_OPSET", "OPSET", "Builder"]

OPSET = 17
ML_OPSET = 3
IR_VERSION = 8
"""Of 2022: what reads them is many years old, and nothing newer is needed."""

_ML = "ai.onnx.ml"


class Builder:
    """A graph under construction; a name that is taken is never given to anything else."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._counts: Counter[str] = Counter()
        self._nodes: list[Any] = []
        self._constants: list[Any] = []

    def name(self, wanted: str) -> str:
        """Return the name, or one like it where that is taken, and take it."""
        name = wanted
        while name in self._taken:
            self._counts[wanted] += 1
            name = f"{wanted}_{self._counts[wanted]}"
        self._taken.add(name)
        return name

    def node(self, operator: str, *inputs: str, out: str = "", **attributes: Any) -> str:
        """Add a node and return the name of its output."""
        from onnx import helper

        name = self.name(out or operator.lower())
        domain = _ML if operator == "LabelEncoder" else ""
        node = helper.make_node(operator, inputs, [name], name=name, domain=domain, **attributes)
        self._nodes.append(node)
        return name

    def constant(self, value: NDArray[Any], name: str = "constant") -> str:
        """Add an array (of texts: of dtype object) and return its name."""
        from onnx import helper, numpy_helper

        name = self.name(name)
        if value.dtype.hasobject:
            texts: Any = [str(text).encode() for text in value.ravel()]
            tensor = helper.make_tensor(name, _type(value.dtype), value.shape, texts)
        else:
            tensor = numpy_helper.from_array(np.ascontiguousarray(value), name)
        self._constants.append(tensor)
        return name

    def model(
        self,
        name: str,
        inputs: Mapping[str, tuple[Any, str]],
        outputs: Mapping[str, tuple[Any, int, str]],
        metadata: Mapping[str, str],
    ) -> bytes:
        """Return the bytes of a model.

        `inputs` (N x 1) have dtype and words by their names, `outputs` (N x M) dtype, M and words.
        """
        from onnx import helper

        ins = [_value(name, dtype, 1, words) for name, (dtype, words) in inputs.items()]
        outs = [_value(name, *about) for name, about in outputs.items()]
        graph = helper.make_graph(self._nodes, name, ins, outs, self._constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(_ML, ML_OPSET)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="mlpcli"
        )
        helper.set_model_props(model, dict(metadata))
        content: bytes = model.SerializeToString(deterministic=True)
        return content


def _value(name: str, dtype: Any, width: int, words: str) -> Any:
    from onnx import helper

    return helper.make_tensor_value_info(name, _type(dtype), ["N", width], doc_string=words)


def _type(dtype: Any) -> int:
    from onnx import TensorProto, helper

    if np.dtype(dtype).hasobject:
        return int(TensorProto.STRING)
    return int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))
