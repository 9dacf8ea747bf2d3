"""Thousands of searches, of which every line has been run by the first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from coverage import Coverage

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def unmeasured() -> Iterator[None]:
    """Measure no coverage, which would double the minute that the searches of some files take.

    The marker of pytest-cov ends only the last of the two measurements that it has in the
    processes of pytest-xdist.
    """
    measuring = []
    while (coverage := Coverage.current()) is not None:
        coverage.stop()
        measuring.append(coverage)
    yield
    for coverage in reversed(measuring):
        coverage.start()
