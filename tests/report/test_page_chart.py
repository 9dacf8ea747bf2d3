"""Charts as SVG: every line where it belongs, few points, words that are words."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from html_page import Page
from mlpcli.report.page_chart import Chart

CHART = Chart("c", "Title & more", "It <says> so.", "x", "y", {"one": ([0, 0.5, 1], [0, 1, 0.25])})


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


def path(chart: Chart, style: str = "s0") -> str:
    (found, *_) = (
        tag for tag in Page.of(chart.markup()).all("path") if tag.attributes["class"] == style
    )
    return found.attributes["d"] or ""


def test_points_are_where_the_axes_say() -> None:
    left, low, right, high = 62, 254, 448, 12
    expected = [left, low, (left + right) / 2, high, right, low - 0.25 * (low - high)]
    assert numbers(path(CHART)) == pytest.approx(expected, abs=0.06)
    decades = replace(CHART, lines={"one": ([0, 1], [1e-4, 1e-2])}, y_span=(1e-4, 1.0), log=True)
    assert numbers(path(decades)) == pytest.approx([left, low, right, (low + high) / 2], abs=0.06)


def test_words_are_escaped_and_named() -> None:
    page = Page.of(CHART.markup())
    assert page.faults == []
    assert page.all("title")[0].text == "Title & more"
    assert page.all("desc")[0].text == "It <says> so."
    assert {"x", "y", "0", "0.2", "1"} <= {tag.text for tag in page.all("text")}


def test_a_gap_where_there_is_no_number_and_a_zero_has_no_decade() -> None:
    holes = replace(CHART, lines={"one": ([0, 0.2, 0.4, 0.6], [0.1, 0.2, np.nan, 0.3])})
    assert path(holes).count("M") == 2
    log = replace(CHART, lines={"one": ([0, 0.5, 1], [0.1, 0, 1])}, y_span=(0.1, 1.0), log=True)
    assert path(log).count("M") == 2
    assert "nan" not in log.markup()
    none = replace(CHART, lines={"one": ([0, 1], [np.nan, np.inf])})
    assert Page.of(none.markup()).faults == []


def test_many_points_are_thinned_and_their_ends_kept() -> None:
    x = np.linspace(0, 1, 100_000)
    drawn = numbers(path(replace(CHART, lines={"one": (x, x)})))
    assert len(drawn) == 1600
    assert drawn[:2] == [62, 254]
    assert drawn[-2:] == [448, 12]


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize(
    "span", [(1e-300, 1e-290), (1e-9, 1.0), (0.5, 0.50001), (3.0, 3e9), (0.013, 0.12)]
)
def test_every_axis_has_a_few_ticks(span: tuple[float, float], log: bool) -> None:
    chart = replace(CHART, lines={"one": ([0, 1], span)}, y_span=span, log=log)
    ends = [
        tag for tag in Page.of(chart.markup()).all("text") if tag.attributes.get("class") == "end"
    ]
    assert 2 <= len(ends) <= 8


@pytest.mark.parametrize("last", [1, 2, 3, 30, 1000])
def test_whole_numbers_are_marked_by_whole_ones(last: int) -> None:
    chart = replace(CHART, x_span=(0.5, last + 0.5), whole=True)
    texts = Page.of(chart.markup()).all("text")
    ticks = [tag.text for tag in texts if tag.attributes.get("class") == "middle"]
    marked = [tick for tick in ticks if tick not in {"x", "y"}]
    assert 1 <= len(marked) <= 8
    assert all(1 <= int(tick) <= last for tick in marked)


def test_several_lines_have_a_legend_and_styles_of_their_own() -> None:
    lines = {f"line {k} <": ([0, 1], [0, k / 9]) for k in range(8)}
    page = Page.of(replace(CHART, lines=lines, upright={"best": 0.5}).markup())
    keys = [tag.text.strip() for tag in page.all("span") if tag.attributes["class"] == "key"]
    assert keys == [*lines, "best"]
    styles = {tag.attributes["class"] for tag in page.all("path")}
    assert {f"s{k}" for k in range(8)} <= styles
