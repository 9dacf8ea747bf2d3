"""The comparison as JSON, to the letter of what is promised, and as text for narrow terminals."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from mlp_runs import strict_json
from mlpcli.compare.dial import DIALLED, dial
from mlpcli.compare.records import LayerComparison, TrainingRun
from mlpcli.compare.summary import Comparison, PairedDifference, compare_on_grid, summarise
from mlpcli.compare.sweep import sweep
from mlpcli.nn.losses import BCE_FORMS, LOSSES
from mlpcli.report.compare_losses import Section, comparison_json, comparison_text

NAN = float("nan")
RUNS = (
    TrainingRun("naive", 0, "diverged", 0, 0.7, "training diverged: 0/0", ()),
    TrainingRun("naive", 1, "diverged", 1, 0.7, "training diverged: again", (0.7,)),
    TrainingRun("stable", 0, "epochs", 2, 0.25, None, (0.5, 0.25)),
    TrainingRun("stable", 1, "early-stopping", 1, 1.5e38, "no better", (NAN,)),
)
LAYERS = (
    LayerComparison("naive", 1, "W", None, 3, None),
    LayerComparison("stable", 1, "W", 1.25e-7, 0, 0.5),
    LayerComparison("mse", 1, "W", None, 0, 0.125),
)
PAIRED = (PairedDifference("naive", 0, None, None, None),)


def comparison(
    forms: tuple[str, ...] = tuple(BCE_FORMS),
    dtypes: tuple[str, ...] = ("float16", "float32", "float64"),
    grid: list[float] | None = None,
    **runs: Any,
) -> Comparison:
    curves = sweep(forms, dtypes, 1e-7, None if grid is None else np.array(grid))
    turned = dial([form for form in forms if form in DIALLED], [1e-7], dtypes)
    return Comparison(1e-7, curves, tuple(map(summarise, curves)), turned, **runs)


def document(result: Comparison) -> Any:
    return strict_json("".join(comparison_json(result)))


def test_the_document_has_the_promised_keys() -> None:
    found = document(comparison(layers=LAYERS, training=RUNS, paired=PAIRED))
    assert list(found)[:2] == ["schema", "epsilon"]
    assert set(found) == {
        "schema", "epsilon", "summary", "rows", "layers", "training", "dial", "paired",
    }  # fmt: skip
    assert found["schema"] == "mlp.compare-losses/1"
    assert list(found["summary"][0]) == [
        "form", "dtype", "label", "first_non_finite_logit", "first_dead_logit", "first_lost_logit",
        "first_tail_logit", "max_relative_error", "max_relative_error_logit", "max_ulp_error",
        "loss_first_non_finite_logit", "loss_flat_logit", "verdict",
    ]  # fmt: skip
    assert set(found["layers"][1]) == {
        "form", "layer", "parameter", "max_relative_error", "non_finite", "gradient_norm",
    }  # fmt: skip
    assert found["layers"][0]["reason"] == "3 entries are nan or inf"
    assert "only its norm" in found["layers"][2]["reason"]
    assert set(found["training"][0]) == {
        "form", "seed", "stopped", "epochs_run", "loss", "reason", "curve",
    }  # fmt: skip
    assert found["training"][3]["curve"] == [None]
    assert found["paired"][0]["reason"].startswith("an interval needs two pairs")


def test_rows_are_complete_and_null_has_a_reason() -> None:
    result = comparison()
    rows = document(result)["rows"]
    assert len(rows) == sum(curve.logits.size for curve in result.curves)
    keys = {"logit", "label", "dtype", "form", "loss", "gradient", "exact", "relative_error"}
    nulls = 0
    for row in rows:
        assert set(row) - {"reason"} == keys
        lacking = [key for key in keys if row[key] is None]
        nulls += len(lacking)
        assert bool(lacking) == ("reason" in row)
        if row["gradient"] is None:
            assert "gradient is nan" in row["reason"]
    assert nulls > 1000
    assert {(row["form"], row["dtype"], row["label"]) for row in rows} == {
        (form, dtype, label)
        for form in BCE_FORMS for dtype in ("float16", "float32", "float64") for label in (0, 1)
    }  # fmt: skip


def test_without_a_config_layers_and_training_are_empty_lists() -> None:
    found = document(comparison(grid=[1.0]))
    assert found["layers"] == found["training"] == found["paired"] == []


def test_each_record_has_a_line_of_its_own() -> None:
    text = "".join(comparison_json(comparison(grid=[-1.0, 1.0])))
    lines = [line.strip().rstrip(",") for line in text.splitlines()]
    assert sum('"logit"' in line for line in lines) == 2 * 2 * 3 * 5
    assert json.loads(next(line for line in lines if '"logit"' in line))["logit"] == -1


def test_a_softmax_says_what_its_logits_are() -> None:
    result = compare_on_grid(("naive", "stable"), 1e-7, loss=LOSSES["cross_entropy"])
    first, table, *_ = comparison_text(result, 80)
    assert first == Section(
        "logits (h, 0, 0) of a softmax; y = 1: the label is the first, y = 0: the second"
    )
    line = next(line.split() for line in table.table if line.startswith("naive"))
    assert line[-4:-1] == ["11.09", "88.72", "709.8"] or line[-3:] == ["11.09", "88.72", "709.8"]
    assert set(document(result)) == set(document(comparison()))


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize("grid", [None, [-50.0, 0.0, 50.0]])
def test_tables_fit_a_narrow_terminal(width: int, grid: list[float] | None) -> None:
    forms = (*BCE_FORMS, "torch", "keras", "scikit-learn")
    result = comparison(forms, grid=grid, layers=LAYERS, training=RUNS, paired=PAIRED)
    sections = list(comparison_text(result, width))
    assert max(len(line) for s in sections for line in s.table) <= width
    assert all(len(line) <= 79 for s in sections for line in s.title.splitlines())


def test_where_each_form_breaks() -> None:
    first = next(comparison_text(comparison(), 80))
    assert [" ".join(line.split()) for line in first.table[:4]] == [
        "form y float16 float32 float64",
        "naive 0 nan or inf 7.625 16.64 36.74",
        "1 nan or inf 7.625 16.64 36.74",
        "1 % off in tail 3.875 12.12 32.5",
    ]
    assert first.table[-1].split()[:3] == ["1", "right", "to"]


def test_words_are_told_once() -> None:
    words = list(comparison_text(comparison(), 80))[1].words
    assert words[:2] == (
        "naive, y = 0",
        "  fine up to |h| = 7.621 / 16.63 / 36.73, nan from |h| = 7.625 / 16.64 / 36.74",
    )
    assert words[-2] == "stable, y = 0 or 1"
    assert re.fullmatch(r"  right on the whole grid, to [\d.]+ / [\d.]+ / [\d.]+ ulp", words[-1])
    epsilon = words[words.index("epsilon, y = 0") + 1 :][:2]
    assert epsilon[0].startswith("  float16: fine up to")
    assert epsilon[1].startswith("  float32 / float64: loses 1 % of a wrong answer's gradient")


def test_few_logits_are_shown_one_by_one() -> None:
    result = comparison(("torch",), ("float64",), [-50.0, 50.0])
    (values, *_) = comparison_text(result, 80)
    assert values == Section(
        "dJ/dh in float64, epsilon 1e-07",
        (
            "h    y  form   loss        dJ/dh        exact  rel. error",
            "-50  0  torch     0   3.7201e-32   1.9287e-22     1.0e+00",
            "50   0  torch   100            0            1     1.0e+00",
            "-50  1  torch    50  -1.9287e-10           -1     1.0e+00",
            "50   1  torch     0            0  -1.9287e-22     1.0e+00",
        ),
    )


def test_the_dial_only_where_there_is_something_to_turn() -> None:
    assert len(list(comparison_text(comparison(("stable", "fused")), 80))) == 2
    dial_section = list(comparison_text(comparison(("clamped",)), 99))[2]
    assert dial_section.table[2].split()[-3:] == ["16.13", "16.81", "36.74"]
    assert "nan 7.625" in dial_section.table[2]


def test_layers_and_training_are_folded() -> None:
    result = comparison(layers=LAYERS, training=RUNS, paired=PAIRED)
    *_, layers, training = comparison_text(result, 80)
    assert layers.table == (
        "    naive   stable  |stable|     |mse|",
        "W1  3 nan  1.2e-07  5.00e-01  1.25e-01",
    )
    assert training.table[1].split() == ["naive", "diverged", "x2", "0-1", "0.70000", *"---"]
    assert training.table[2].split()[:6] == [
        "stable", "epochs", "x1,", "early-stopping", "x1", "1-2",
    ]  # fmt: skip
    assert "7.5000e+37" in training.table[2]
    assert training.words == (
        "  naive, seed 0: training diverged: 0/0",
        "  stable, seed 1: no better",
    )
    assert "2 seeds" in training.title
    *_, single = comparison_text(comparison(training=RUNS[:1], grid=[1.0]), 80)
    assert "1 seed:" in single.title
