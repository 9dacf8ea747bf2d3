"""HTML of tables and sentences is well formed, whatever they quote."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from mlpcli.report.html import html
from mlpcli.report.table import Table
from results import HOSTILE


def test_everything_is_escaped_and_in_order() -> None:
    table = Table(HOSTILE, ("a", HOSTILE), (("1", HOSTILE), ("2", "<b>")))
    root = ET.fromstring(f"<div>{html(['  first', table, HOSTILE])}</div>")
    assert [child.tag for child in root] == ["p", "table", "p"]
    assert root[0].text == "first"
    assert [cell.text for cell in root.iter("td")][::2] == ["1", "2"]
    assert [*root.iter("td")][-1].text == "<b>"
    assert len([*root.iter("tr")]) == 3
