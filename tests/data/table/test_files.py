"""Files are named and hashed as the user meant them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.data.table.files import find_files, sha256

if TYPE_CHECKING:
    from pathlib import Path


def test_a_digest_ends_with_the_files(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,2\n")
    taken = 0

    def wanted() -> bool:
        nonlocal taken
        taken += 1
        return taken < 2

    links = tmp_path / "links"
    links.mkdir()
    (file,) = find_files([path], links)
    assert sha256([file, file], wanted) == ""
    assert taken == 2
