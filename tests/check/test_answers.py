"""The answer key: ours in any layout and format, and it is read back as a right answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from mlpcli.check.answers import write_answers
from mlpcli.check.array_files import SUFFIXES
from mlpcli.check.exchange import read_returned
from mlpcli.check.given.intermediates import compare
from mlpcli.check.given.layout import OURS, Layout
from planted import network_case

if TYPE_CHECKING:
    from pathlib import Path

CASE = network_case((3, 4, 5, 2), 7)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("layout", [OURS, *OURS.others()])
def test_answers_are_right_answers(layout: Layout, suffix: str, tmp_path: Path) -> None:
    path, case = tmp_path / f"answers{suffix}", layout.of(CASE)
    with path.open("wb") as file:
        write_answers(CASE, file, suffix, layout)
    found = read_returned(path, case, layout)
    np.testing.assert_array_equal(found.gradient.theta, case.gradient().theta)
    compared = compare(found.beside, case, layout)
    assert [c.name for c in compared] == ["loss", "H1", "Z1", "H2", "Z2", "H3", "Z3",
                                          "delta3", "delta2", "delta1", "dX"]  # fmt: skip
    assert all(c.verdict == "pass" and not c.max_relative_error for c in compared)
