"""A fresh bench for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from training_workshop import Workshop

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    made = Workshop(tmp_path)
    made.table()
    return made
