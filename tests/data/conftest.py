"""What the tests of the data room share: a config over a table that is written for one test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlpcli.config import parse_config

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlpcli.config import Config


@pytest.fixture
def config_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Config]:
    """Return a function that writes tables (t.csv and others by name) and reads a config."""
    monkeypatch.chdir(tmp_path)

    def make(table: str, data: str = "", training: str = "", **others: str) -> Config:
        for name, content in {"t": table, **others}.items():
            (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")
        keys = f"train: t.csv, target: y{', ' if data else ''}{data}"
        return parse_config(f"data: {{{keys}}}\ntraining: {{{training}}}\n", "c.yaml")

    return make
