"""The slider's numbers are the metrics, and its script shows those of the slider's place."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from sklearn import metrics

from foreign import foreign
from html_page import Page
from mlpcli.nn.losses import LOSSES
from mlpcli.nn.sigmoid import sigmoid
from mlpcli.report.evaluate import curves
from mlpcli.report.page_threshold import panel, places
from results import evaluation, of_two, rows

if TYPE_CHECKING:
    from mlpcli.report.evaluate import Curves

COUNTS = ("tn", "fp", "fn", "tp")


def target(threshold: float = 0.4, answers: tuple[str, str] = ("no", "yes")) -> Curves:
    (found,) = curves(evaluation(*rows(), threshold=threshold))
    return replace(found, answers=answers)


def sweep(page: Page) -> dict[str, list[Any]]:
    (found,) = (tag for tag in page.tags if "data-sweep" in tag.attributes)
    numbers: dict[str, list[Any]] = json.loads(found.attributes["data-sweep"] or "")
    return numbers


def cells(page: Page) -> dict[str, str]:
    return {
        tag.attributes["data-is"] or "": tag.text
        for tag in page.tags
        if "data-is" in tag.attributes
    }


@pytest.mark.parametrize("threshold", [0.1, 0.37, 0.9])
def test_the_numbers_are_those_of_the_metrics(threshold: float) -> None:
    h, y = rows()
    numbers = sweep(Page.of(panel(target(), 0)))
    i = numbers["at"].index(threshold)
    found = of_two(evaluation(h, y, threshold=threshold).rows.metrics(LOSSES["bce"]))  # type: ignore[union-attr]
    for name in ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc"):
        assert numbers[name][i] == round(getattr(found, name), 4)
    guess = sigmoid(h[:, 0]) >= threshold
    expected = metrics.confusion_matrix(y[:, 0], guess).ravel().tolist()
    assert [numbers[name][i] for name in COUNTS] == expected


def test_the_model_s_own_threshold_is_where_it_starts() -> None:
    page = Page.of(panel(target(threshold=1 / 3), 0))
    numbers, shown = sweep(page), cells(page)
    (slider,) = page.all("input")
    i = numbers["at"].index(1 / 3)
    assert (slider.attributes["value"], slider.attributes["max"]) == (str(i), "101")
    assert numbers["at"] == sorted(numbers["at"]) == places(1 / 3)
    assert shown["at"] == "0.3333"
    assert [shown[name] for name in COUNTS] == [str(numbers[name][i]) for name in COUNTS]


def test_without_a_script_the_slider_is_away_and_a_table_tells() -> None:
    page = Page.of(panel(target(), 0))
    assert page.faults == []
    assert page.all("p")[0].attributes == {"class": "slider", "hidden": None}
    lines = [tag.text for tag in page.all("tr")]
    assert sum(line.startswith(("0", "1")) for line in lines) == 11


def test_labels_are_named_and_escaped() -> None:
    page = Page.of(panel(target(answers=('"<i>', "&yes")), 0))
    assert page.faults == []
    headers = [tag.text for tag in page.all("th")]
    assert headers[:2] == ['predicted "<i>', "predicted &yes"]
    assert {'actual "<i>', "actual &yes"} <= set(headers)


STAGE = """
const cells = %s.map(function (name) { return {dataset: {is: name}, textContent: ""}; });
const wrap = {hidden: true};
let moved;
const slider = {
  value: "0", told: {}, closest: () => wrap,
  setAttribute(name, value) { this.told[name] = value; },
  addEventListener(_, listener) { moved = listener; },
};
const panel = {
  dataset: {sweep: %s}, querySelector: () => slider, querySelectorAll: () => cells,
};
const document = {querySelectorAll: (what) => what === "[data-sweep]" ? [panel] : []};
const window = {addEventListener() {}};
%s
const seen = {};
for (const place of %s) {
  slider.value = String(place);
  moved();
  const shown = cells.map((cell) => [cell.dataset.is, String(cell.textContent)]);
  seen[place] = Object.fromEntries(shown);
}
console.log(JSON.stringify({seen, hidden: wrap.hidden, told: slider.told}));
"""


def test_the_script_shows_the_numbers_of_the_place() -> None:
    numbers = sweep(Page.of(panel(target(), 0)))
    script = files("mlpcli.report").joinpath("page.js").read_text("utf-8")
    names, places_tried = list(numbers), [0, 37, 100]
    stage = STAGE % (
        json.dumps(names), json.dumps(json.dumps(numbers)), script, json.dumps(places_tried),
    )  # fmt: skip
    ran = subprocess.run([foreign("node"), "-e", stage], capture_output=True, text=True, check=True)
    found = json.loads(ran.stdout)
    assert found["hidden"] is False
    assert found["told"] == {"aria-valuetext": "threshold 1"}
    for place in places_tried:
        shown = found["seen"][str(place)]
        for name in names:
            value = numbers[name][place]
            whole = name in COUNTS or name == "at"
            assert shown[name] == (f"{value:.4g}" if whole else f"{value:.4f}"), (name, place)
    assert np.all(np.diff(numbers["tn"]) >= 0)
