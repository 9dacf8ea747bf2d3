"""All formats that are fed, by the name of their row, and how many inputs each is to get."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fuzz.arrays import ARRAY_FORMATS, Message
from fuzz.configs import ConfigFile, Settings
from fuzz.runs import History, Report
from fuzz.signed import Checkpoint, ModelFile
from fuzz.tables import CsvTable, PackedTable, Predicted

if TYPE_CHECKING:
    from fuzz.format import Format

__all__ = ["FORMATS", "WANTED", "slug"]

_ALL: list[type[Format]] = [
    ConfigFile, Settings, CsvTable, PackedTable, Predicted, ModelFile, Checkpoint,
    *ARRAY_FORMATS, Message, History, Report,
]  # fmt: skip
FORMATS = {form.name: form for form in _ALL}

WANTED = dict.fromkeys(FORMATS, 100_000) | {"configs": 1_000_000, "CSV": 200_000}


def slug(name: str) -> str:
    """Return the name of a format as that of a file."""
    return re.sub(r"\W+", "-", name).strip("-")
