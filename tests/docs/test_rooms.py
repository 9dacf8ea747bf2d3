"""The picture and the table of the rooms say what the imports say, and name what is there."""

from __future__ import annotations

import ast
import re

import grimp
import pytest

from docs.rooms import RECORDS, SOURCE, flows, layers
from docs.sessions import ROOT

HANDED_ON = [(room, record) for room, records in RECORDS.items() for record in records]
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("mlpcli", exclude_type_checking_imports=False, cache_dir=None)


def test_every_arrow_is_an_import_between_the_rooms(graph: grimp.ImportGraph) -> None:
    drawn = {(user, maker) for maker, _, user in flows()}
    assert all(
        graph.find_shortest_chain(f"mlpcli.{user}", f"mlpcli.{maker}", as_packages=True)
        for user, maker in drawn
    )
    assert {room for pair in drawn for room in pair} == {*RECORDS, "cli", "export"}


def test_no_arrow_leads_down(graph: grimp.ImportGraph) -> None:
    height = {room: -i for i, row in enumerate(layers()) for room in row}
    for maker, record, user in flows():
        assert height[maker] < height[user], record
    rooms = {module.removeprefix("mlpcli.") for module in graph.find_children("mlpcli")}
    assert rooms == {*height, "__main__"}


@pytest.mark.parametrize(("room", "record"), HANDED_ON)
def test_a_record_is_made_in_its_room(room: str, record: str) -> None:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.glob(f"{room}/**/*.py"))
    assert record in {n.name for tree in trees for n in tree.body if isinstance(n, ast.ClassDef)}
    assert any((maker, name) == (room, record) for maker, name, _ in flows())


@pytest.mark.parametrize("path", re.findall(r"`((?:\w+/)+(?:\w+\.py)?|\w+\.py)`", PAGE))
def test_what_the_page_names_is_there(path: str) -> None:
    assert (SOURCE / path).exists() or (ROOT / path).exists()
