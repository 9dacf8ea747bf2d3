"""Wilson's interval against SciPy's."""

from __future__ import annotations

import numpy as np
import pytest

from mlpcli.report.wilson import wilson


def test_the_intervals_are_wilsons() -> None:
    stats = pytest.importorskip("scipy.stats")
    shares, counts = np.array([0.0, 0.25, 1.0, 0.5]), np.array([3, 8, 5, 1000])
    low, high = wilson(shares, counts)
    for k, (share, n) in enumerate(zip(shares, counts.tolist(), strict=True)):
        wanted = stats.binomtest(round(share * n), n).proportion_ci(method="wilson")
        assert (low[k], high[k]) == pytest.approx((wanted.low, wanted.high), abs=1e-6)
