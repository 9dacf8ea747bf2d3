"""The answer in short: which forms are right, and what happens to each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlpcli.compare.choices import LOSS, parse_grid
from mlpcli.compare.records import TrainingRun
from mlpcli.compare.summary import Comparison, compare_on_grid
from mlpcli.report.compare_losses import training_section
from mlpcli.report.compare_losses_answer import asks_for_values, comparison_answer, right_forms


def compared(form: str, grid: str = "-60:60:0.5") -> Comparison:
    return compare_on_grid([form], 1e-7, ["float32"], parse_grid(grid), LOSS)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("naive", "fine up to |h| = 16.5, nan from 17"),
        ("epsilon", "1 % lost for wrong answers from |h| = 1"),
        ("fused", "1 % off for right answers from |h| = 13.5"),
        ("stable", "right, to "),
    ],
)
def test_each_form_has_its_words(form: str, said: str) -> None:
    result = compared(form)
    (section,) = comparison_answer(result, 80)
    assert said in section.table[-1]
    assert section.title.endswith("whole grid" if form != "stable" else "stable")
    assert right_forms(result) == (["stable"] if form == "stable" else [])


def test_few_logits_are_shown_themselves() -> None:
    assert asks_for_values(compared("stable", grid="-1:1:1"))
    assert not asks_for_values(compared("stable"))


@pytest.mark.parametrize("width", [80, 40])
def test_a_narrow_window_gets_sentences(width: int) -> None:
    (section,) = comparison_answer(compared("naive"), width)
    if width == 80:
        assert not section.words
    else:
        assert not section.table
        assert section.words[1] == "  naive (float32): fine up to |h| = 16.5, nan from 17"


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_table_of_training_fits(width: int) -> None:
    runs = tuple(
        TrainingRun(form, seed, stopped, 200, 0.0922, None, ())
        for form in ("epsilon", "stable")
        for seed, stopped in enumerate(("diverged", "epochs", "epochs"))
    )
    section = training_section(replace(compared("stable"), training=runs), width)
    assert max(map(len, section.table)) <= width
