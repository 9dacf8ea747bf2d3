"""A folder with one good file of each format, made by the commands themselves."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from fuzz.format import ran
from mlp_runs import CONFIG, POINTS

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["RESUME", "build_stage"]

RESUME = ("train", "good.yaml", "--out", "again", "--resume", "--quiet")
CASE = ["gradcheck", "good.yaml", "--rows", "3", "--set", "network.hidden=[2]"]
GAPS = POINTS + "".join(f"{'' if i % 2 else 3.5},{'' if i % 3 else 'red'},no\n" for i in range(9))


def build_stage(folder: Path) -> None:
    """Fill a folder, and change to it: points.csv, good.yaml, run/, cases and gradients."""
    os.chdir(folder)
    (folder / "points.csv").write_text(GAPS, encoding="utf-8")
    data = "positive: yes, missing: {x: mean, c: level},"
    config = CONFIG.replace("epochs: 15", "epochs: 2, threads: 1").replace("positive: yes,", data)
    (folder / "good.yaml").write_text(config, encoding="utf-8")
    _made("train", "good.yaml", "--out", "run", "-q")
    for suffix in (".npz", ".json", ".safetensors"):
        _made(*CASE, "--dump", f"goodcase{suffix}", "--answers", f"goodgradient{suffix}")
    for name in ("model.safetensors", "last.ckpt.safetensors", "history.jsonl", "report.json"):
        shutil.copy(folder / "run" / name, folder / f"good-{name}")


def _made(*words: str) -> None:
    status, err = ran(words)
    assert status == 0, err
