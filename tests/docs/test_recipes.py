"""There is a recipe for whatever has a registry; `test_sessions.py` runs each of them."""

from __future__ import annotations

import re

import pytest

from docs.sessions import ROOT, steps

PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
REGISTRIES = {
    "An activation": "ACTIVATIONS",
    "A loss": "LOSSES",
    "A form": "BCE_FORMS",
    "An optimizer": "OPTIMIZERS",
    "A bug": "BUGS",
    "A report format": "FORMATS",
    "A command": "COMMANDS",
}


def test_every_registry_has_a_recipe() -> None:
    assert RECIPES.keys() == REGISTRIES.keys()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_is_a_program_that_is_run(name: str) -> None:
    assert REGISTRIES[name] in RECIPES[name]
    program = re.search(r"<!-- file: (\w+\.py) -->", RECIPES[name])
    assert program is not None
    runs = [
        step for step in steps(RECIPES[name]) if step.command.startswith(f"python {program[1]}")
    ]
    assert runs
    assert all(step.expected.strip(".\n") for step in runs)  # says more than "..."
