"""The result of a gradient check in words, as a table, and as a JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpcli.report.tables import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlpcli.check.run import FormResult, GradcheckResult
    from mlpcli.check.verdict.rule import TensorResult

__all__ = [
    "beyond_tensors",
    "forms_table",
    "gradcheck_document",
    "gradcheck_table",
    "gradcheck_words",
]


# These show at logits far from 0 only; the JSON has the reason of each.
_AT_SATURATION = {"naive-derivative", "epsilon-derivative", "epsilon-loss", "clamped-derivative",
                  "torch-bce-derivative", "clamped-loss"}  # fmt: skip
_SATURATION = "they show where probabilities come near 0 or 1"


def _number(value: float) -> str:
    return f"{value:.3g}" if np.isfinite(value) else str(value)


def _worst(tensor: TensorResult) -> tuple[str, str, str]:
    worst = tensor.worst
    index = ",".join(map(str, worst.index))
    return index, f"{worst.analytic:.9g}", f"{worst.numeric:.9g}"


def gradcheck_table(result: GradcheckResult) -> Table:
    """Return one row per tensor."""
    header = ("tensor", "verdict", "shape", "checked", "rel. error", "tolerance", "worst at",
              "given", "numeric")  # fmt: skip
    rows = tuple(
        (
            f"{tensor.parameter}{tensor.layer}",
            tensor.verdict,
            "x".join(map(str, tensor.shape)),
            str(tensor.checked),
            _number(tensor.max_relative_error),
            _number(tensor.tolerance),
            *_worst(tensor),
        )
        for tensor in result.check.layers
    )
    check = result.check
    what = f"{check.derivative} derivative" if check.derivative else "given gradient"
    title = (
        f"{what} against {check.method}: {check.parameters} parameters, {check.rows} rows, "
        f"{check.seconds:.2f} s"
    )
    return Table(title, header, rows)


def gradcheck_words(result: GradcheckResult) -> Iterator[str]:
    """Yield the verdict, the diagnosis with its fix, the second opinion and the blind spots."""
    check, opinion = result.check, result.check.second_opinion
    yield _verdict_line(result)
    for diagnosis in result.diagnosis:
        yield f"  {diagnosis.bug}: {diagnosis.explanation}. Fix: {diagnosis.fix}."
    agreement = "agrees with" if opinion.agrees else "DISAGREES with"
    yield (
        f"second opinion: {opinion.method} {agreement} {check.method} on {opinion.checked} "
        f"entries, largest relative difference {opinion.max_relative_error:.1e}"
    )
    by_reason: dict[str, list[str]] = {}
    for spot in result.blind_spots:
        reason = _SATURATION if spot.bug in _AT_SATURATION else spot.reason
        by_reason.setdefault(reason, []).append(spot.bug)
    for reason, bugs in by_reason.items():
        yield f"cannot be seen here: {', '.join(bugs)} ({reason})"


def beyond_tensors(result: GradcheckResult) -> str | None:
    """Return why a run is not right though each of its tensors is, None where a tensor shows it."""
    shown = {t.verdict for t in result.check.layers}
    if result.verdict == "pass" or result.verdict in shown:
        return None
    if result.verdict == "inconclusive":
        return _verdict_line(result)
    return "; ".join(f"{d.bug}: {d.explanation}. Fix: {d.fix}" for d in result.diagnosis)


def _verdict_line(result: GradcheckResult) -> str:
    names = {v: [f"{t.parameter}{t.layer}" for t in result.check.layers if t.verdict == v]
             for v in ("fail", "inconclusive")}  # fmt: skip
    if result.verdict == "pass":
        return "PASS: every tensor is right"
    if result.verdict == "fail":
        wrong = names["fail"] or names["inconclusive"]
        if not wrong:
            return "FAIL: every tensor is right, but the function that computed them is not"
        if not names["fail"]:
            return (
                f"FAIL: rounding hides {', '.join(wrong)}, but a known bug computes these numbers"
            )
        return f"FAIL: wrong: {', '.join(wrong)}"
    if not result.check.second_opinion.agrees:
        return (
            "INCONCLUSIVE: two numeric methods disagree, so neither is trusted; "
            "leave out gradcheck.step, or try another --method"
        )
    advice = "a float64 gradient or more varied rows may tell"
    if result.check.method == "plain":
        advice = "--method central can tell"
    hidden = ", ".join(names["inconclusive"])
    return f"INCONCLUSIVE: nothing is wrong, but rounding hides {hidden}; {advice}"


def forms_table(forms: tuple[FormResult, ...]) -> Table:
    """Return every form's worst relative error per tensor, one row per form."""
    tensors = list(dict.fromkeys(f"{f.tensor.parameter}{f.tensor.layer}" for f in forms))
    by_form: dict[str, dict[str, FormResult]] = {}
    for form in forms:
        by_form.setdefault(form.form, {})[f"{form.tensor.parameter}{form.tensor.layer}"] = form
    rows = tuple(
        (name, *(_form_cell(cells[tensor]) for tensor in tensors))
        for name, cells in by_form.items()
    )
    return Table("every form against the true loss: worst relative error", ("form", *tensors), rows)


def _form_cell(form: FormResult) -> str:
    marks = {"pass": "", "fail": " !", "inconclusive": " ?"}
    if form.non_finite:
        return f"nan{marks['fail']}"
    return _number(form.tensor.max_relative_error) + marks[form.tensor.verdict]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _tensor_document(tensor: TensorResult) -> dict[str, Any]:
    document: dict[str, Any] = {
        "layer": tensor.layer,
        "parameter": tensor.parameter,
        "shape": list(tensor.shape),
        "checked": tensor.checked,
        "mismatched": tensor.mismatched,
        "inconclusive": tensor.inconclusive,
        "max_relative_error": _finite(tensor.max_relative_error),
        "max_absolute_error": _finite(tensor.max_absolute_error),
        "tolerance": _finite(tensor.tolerance),
        "worst": {
            "index": list(tensor.worst.index),
            "analytic": _finite(tensor.worst.analytic),
            "numeric": _finite(tensor.worst.numeric),
        },
        "verdict": tensor.verdict,
    }
    worst = document["worst"]
    if None in (*document.values(), *worst.values()):
        own = worst["analytic"] is None
        document["reason"] = (
            f"non-finite: the given entry is {tensor.worst.analytic}" if own
            else "non-finite: the numbers of this network overflow"
        )  # fmt: skip
    return document


def _form_document(form: FormResult) -> dict[str, Any]:
    tensor = form.tensor
    document: dict[str, Any] = {
        "form": form.form,
        "layer": tensor.layer,
        "parameter": tensor.parameter,
        "max_relative_error": _finite(tensor.max_relative_error),
        "max_absolute_error": _finite(tensor.max_absolute_error),
        "non_finite": form.non_finite,
        "verdict": tensor.verdict,
    }
    if None in (document["max_relative_error"], document["max_absolute_error"]):
        document["reason"] = f"non-finite: {form.non_finite} entries are nan or inf"
    return document


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
        "second_opinion": {
            "method": opinion.method,
            "checked": opinion.checked,
            "max_relative_error": _finite(opinion.max_relative_error),
        },
        "forms": None if result.forms is None else [_form_document(f) for f in result.forms],
        "diagnosis": [asdict(diagnosis) for diagnosis in result.diagnosis],
        "blind_spots": [asdict(spot) for spot in result.blind_spots],
    }
