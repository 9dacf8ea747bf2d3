"""The result of a gradient check as a JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mlpcli.check.convention import convention_of
from mlpcli.text import finite

if TYPE_CHECKING:
    from mlpcli.check.result import FormResult, GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult

__all__ = ["gradcheck_document"]


def gradcheck_document(result: GradcheckResult) -> dict[str, Any]:
    """Return the document of `mlp gradcheck --json`."""
    check, opinion = result.check, result.check.second_opinion
    return {
        "schema": "mlp.gradcheck/1",
        "verdict": result.verdict,
        "method": check.method,
        "derivative": check.derivative,
        "rows": check.rows,
        "parameters": check.parameters,
        "seconds": round(check.seconds, 4),
        "layers": [_tensor_document(tensor) for tensor in check.layers],
        "second_opinion": finite(
            {
                "method": opinion.method,
                "checked": opinion.checked,
                "max_relative_error": opinion.max_relative_error,
            }
        ),
        "forms": None if result.forms is None else [_form_document(f) for f in result.forms],
        "diagnosis": [asdict(diagnosis) for diagnosis in result.diagnosis],
        "blind_spots": [asdict(spot) for spot in result.blind_spots],
        "cases": [{"name": name, "verdict": verdict} for name, verdict in result.cases],
        "objective": convention_of(result.case).document(),
        "layout": asdict(result.known.layout),
        "call": result.known.call,
        "suggestion": result.suggestion,
        "returned": [finite(vars(found)) for found in result.known.beside],
        "printed": None if check.printed is None else str(check.printed),
    }


def _tensor_document(tensor: TensorResult) -> dict[str, Any]:
    worst = finite({**vars(tensor.worst), "index": list(tensor.worst.index)})
    document = finite({**vars(tensor), "shape": list(tensor.shape), "worst": worst})
    del document["errors"], document["verdicts"]
    if worst["analytic"] is None:
        document["reason"] = f"non-finite: the given entry is {tensor.worst.analytic}"
    elif None in (*document.values(), *worst.values()):
        document["reason"] = "non-finite: the numbers of this network overflow"
    return document


def _form_document(form: FormResult) -> dict[str, Any]:
    tensor = form.tensor
    document = finite({
        "form": form.form,
        "layer": tensor.layer,
        "parameter": tensor.parameter,
        "max_relative_error": tensor.max_relative_error,
        "max_absolute_error": tensor.max_absolute_error,
        "non_finite": form.non_finite,
        "verdict": tensor.verdict,
    })  # fmt: skip
    if None in document.values():
        document["reason"] = f"non-finite: {form.non_finite} entries are nan or inf"
    return document
