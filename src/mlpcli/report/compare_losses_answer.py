"""What the comparison of the forms comes to, on one screen: the verdict first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.compare.choices import OTHER_LOSS
from mlpcli.report.compare_losses import FEW_LOGITS, Section, training_section
from mlpcli.report.compare_losses_words import inward
from mlpcli.report.table import aligned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlpcli.compare.records import LayerComparison
    from mlpcli.compare.summary import Comparison, Summary

__all__ = ["MORE", "asks_for_values", "comparison_answer", "right_forms"]

MORE = "--details: other dtypes, each event by label, the dial of epsilon, each layer"
_FEW_ULPS = 100
_WHAT = "dJ/dh, for the label that is worse"
_USUAL = ("float32", "float64")


def asks_for_values(result: Comparison) -> bool:
    """Whether the logits are so few that each is shown: these are the answer then."""
    return max(curve.logits.size for curve in result.curves) <= FEW_LOGITS


def comparison_answer(result: Comparison, width: int) -> Iterator[Section]:
    """Yield which forms are right, what happens to each by dtype, and what came of it on data."""
    right = right_forms(result)
    title = "no form is right on the whole grid"
    if right:
        title = f"right on the whole grid: {', '.join(right)}"
    rows = [row for form in _forms(result) for row in _rows(result, form)]
    table = [f"  {line}" for line in aligned([["", "", _WHAT], *rows], 3)]
    if max(map(len, table)) <= width:
        yield Section(title, tuple(table))
    else:
        yield Section(title, words=(f"{_WHAT}:", *_sentences(rows)))
    if result.layers:
        errors = ", ".join(f"{form} {_worst(result.layers, form)}" for form in _forms(result))
        yield Section("", words=(f"largest relative error of a layer's gradient: {errors}",))
    if result.training:
        yield training_section(result, width)


def right_forms(result: Comparison) -> list[str]:
    """Return the forms that are 1 % off or worse nowhere."""
    wrong = {s.form for s in result.summary if _events(s)}
    return [form for form in _forms(result) if form not in wrong]


def _events(s: Summary) -> list[float]:
    found = (s.first_non_finite_logit, s.first_lost_logit, s.first_tail_logit)
    return [abs(logit) for logit in found if logit is not None]


def _forms(result: Comparison) -> list[str]:
    return list(dict.fromkeys(s.form for s in result.summary))


def _rows(result: Comparison, form: str) -> Iterator[list[str]]:
    """Yield form, dtypes and words; dtypes of the same words share a row."""
    by_words: dict[str, list[str]] = {}
    for dtype in _dtypes(result):
        both = [s for s in result.summary if (s.form, s.dtype) == (form, dtype)]
        by_words.setdefault(_words(both), []).append(dtype)
    for k, (words, dtypes) in enumerate(by_words.items()):
        yield [form if k == 0 else "", ", ".join(dtypes), words]


def _sentences(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the rows as sentences, each under the form that its first cell names or leaves out."""
    form = ""
    for name, dtypes, words in rows:
        form = name or form
        yield f"  {form} ({dtypes}): {words}"


def _dtypes(result: Comparison) -> list[str]:
    """Return the dtypes that people train in, or else those that were asked for."""
    dtypes = list(dict.fromkeys(s.dtype for s in result.summary))
    usual = [dtype for dtype in dtypes if dtype in _USUAL]
    return usual if len(usual) == len(_USUAL) else dtypes


def _words(both: Sequence[Summary]) -> str:
    """Return what happens to a form in a dtype, for the label for which it happens first."""
    broken = _nearest(both, "first_non_finite_logit")
    lost = _nearest(both, "first_lost_logit")
    if broken is not None and (lost is None or broken[0] <= lost[0]):
        return _broken(broken[1], broken[0])
    if lost is not None:
        end = "" if broken is None else f", {broken[1].broken_as} from {broken[0]:.4g}"
        return f"1 % lost for wrong answers from |h| = {lost[0]:.4g}{end}"
    tail = _nearest(both, "first_tail_logit")
    if tail is not None:
        return f"1 % off for right answers from |h| = {tail[0]:.4g}"
    ulps = [s.max_ulp_error for s in both if s.max_ulp_error is not None]
    if ulps and max(ulps) <= _FEW_ULPS:
        return f"right, to {max(ulps):.1f} ulp"
    errors = [s.max_relative_error for s in both if s.max_relative_error is not None]
    return f"right, to {max(errors):.1e}" if errors else "nothing to judge"


def _nearest(both: Sequence[Summary], field: str) -> tuple[float, Summary] | None:
    found = [(abs(at), s) for s in both if (at := getattr(s, field)) is not None]
    return min(found, key=lambda pair: pair[0], default=None)


def _broken(s: Summary, first: float) -> str:
    if s.last_finite_logit is None or not s.ever_finite:
        return f"{s.broken_as} from |h| = {first:.4g}"
    last, at = inward(s.last_finite_logit, first)
    return f"fine up to |h| = {last:.4g}, {s.broken_as} from {at:.4g}"


def _worst(layers: Sequence[LayerComparison], form: str) -> str:
    """Return the largest error of a form's layers; nan where an entry is none."""
    rows = [row for row in layers if row.form == form != OTHER_LOSS]
    if any(row.non_finite for row in rows):
        return "nan"
    errors = [row.max_relative_error for row in rows if row.max_relative_error is not None]
    return f"{max(errors):.1e}" if errors else "-"
