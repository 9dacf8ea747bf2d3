"""Small charts in text: what a line of bars shows of its series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mlpcli.errors import UsageError
from mlpcli.report.figures import line_chart, require_format

NAN = float("nan")


def test_lines_of_bars() -> None:
    text = line_chart({"loss": [1.0, 0.5, 0.0], "flat\n": [2.0, 2.0], "none": []})
    assert text == "loss  █▅▁ 1 .. 0\nflat\\n ▁▁ 2 .. 2"
    assert line_chart({"a": [1.0, 0.0, NAN, 100.0]}, log=True) == "a ▁  █ 1 .. 100"
    assert line_chart({"a": [NAN]}) == "a   nan .. nan"
    assert len(line_chart({"a": np.arange(1000.0)})) < 80


def test_the_name_of_a_file_says_its_format() -> None:
    for name in ("p.png", "p.svg", "p.pdf"):
        require_format(Path(name))
    with pytest.raises(UsageError, match=r"ends in \.png, \.svg or \.pdf"):
        require_format(Path("p.gif"))
