"""The check's probes are summed up to a few roundoffs, by NumPy and all levels of the kernel."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from mlpcli.nn.cubic import Cubic
from mlpcli.nn.kernel.differences import Probes, differences
from mlpcli.nn.kernel.library import VARIABLE, kernel_for

LEVELS = ("plain", "v2", "v3", "v4")


def probes(units: int, inputs: int, rows: int, size: float) -> Probes:
    """Return probes whose Z is part of wider rows, as pieces of rows are."""
    rng = np.random.default_rng(rows)
    Z = rng.normal(size=(inputs, rows + 3))[:, 1:-2]
    s, lean, P, Q, R = rng.normal(size=(5, units, rows))
    return Probes(Z, size * rng.uniform(0.5, 1, inputs), s, lean, Cubic(P, Q, R, 2.0))


def exactly(given: Probes, unit: int, probe: int) -> tuple[Fraction, float]:
    """Return the sum for one probe, and that of the sizes of its terms."""
    terms, scale = [], Fraction(given.cubic.scale)
    arrays = (given.Z[probe], given.s[unit], given.lean[unit], *(k[unit] for k in given.cubic[:3]))
    for row in zip(*arrays, strict=True):
        z, s, lean, P, Q, R = map(Fraction, row)
        g = Fraction(given.half[probe]) * z
        for sign in (1, -1):
            u = s * g / (lean * g + sign)
            x = scale * u
            terms.append(sign * u * (P + Q * x + R * x * x))
    return sum(terms, Fraction(0)), float(sum(map(abs, terms)))


@pytest.mark.parametrize("level", ["numpy", *LEVELS])
@pytest.mark.parametrize("rows", [1, 7, 8, 37])
def test_sums_of_exact_terms(monkeypatch: pytest.MonkeyPatch, level: str, rows: int) -> None:
    monkeypatch.setenv(VARIABLE, level)
    kernel = kernel_for()
    if level != "numpy" and (kernel is None or kernel.level != level):
        pytest.skip(f"there is no kernel of level {level} here")
    given = probes(3, 4, rows, 2.0**-8)
    found = differences(given)
    assert found.shape == (3, 4)
    for unit, probe in np.ndindex(3, 4):
        exact, size = exactly(given, unit, probe)
        assert abs(Fraction(float(found[unit, probe])) - exact) <= 2.0**-53 * (rows + 8) * size


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_not_finite_stays_so(wrong: float) -> None:
    given = probes(2, 2, 20, 2.0**-8)
    given.s[1, 5] = wrong
    with np.errstate(all="ignore"):
        found = differences(given)
    assert np.isfinite(found[0]).all()
    assert not np.isfinite(found[1]).any()
