"""Small charts in text: what a line of bars shows of its series."""

from __future__ import annotations

import numpy as np

from mlpcli.report.figures import line_chart

NAN = float("nan")


def test_lines_of_bars() -> None:
    text = line_chart({"loss": [1.0, 0.5, 0.0], "flat\n": [2.0, 2.0], "none": []})
    assert text == "loss  █▅▁ 1 .. 0\nflat\\n ▁▁ 2 .. 2"
    assert line_chart({"a": [1.0, 0.0, NAN, 100.0]}, log=True) == "a ▁  █ 1 .. 100"
    assert line_chart({"a": [NAN]}) == "a   nan .. nan"
    assert len(line_chart({"a": np.arange(1000.0)})) < 80
