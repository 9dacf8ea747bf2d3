"""`mlp info`."""

from __future__ import annotations

from mlpcli.cli.command import Json, ModelFile
from mlpcli.cli.console import put_json, put_tables

__all__ = ["info"]


def info(model: ModelFile, json: Json = False) -> int:
    """Show what a model file holds.

    Example: mlp info runs/moons
    """
    from mlpcli.report.info import info_document, info_tables
    from mlpcli.training.model_file import load_model

    loaded = load_model(model)
    if json:
        put_json(info_document(loaded, str(model)))
        return 0
    put_tables(info_tables(loaded, str(model)))
    return 0
