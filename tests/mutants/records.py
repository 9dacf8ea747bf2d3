"""What became of each mutant, line by line in a file, so that a run goes on where it ended."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mutants.draw import Mutant

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["ENDS", "Record", "Records", "equal"]

ENDS = ("found", "too slow", "found since", "equal", "lives")
_EQUAL = Path(__file__).with_name("equal.toml")


@dataclass(frozen=True)
class Record:
    """A mutant, the lines that it changed, and how it ended."""

    mutant: Mutant
    difference: str
    end: str


class Records:
    """All mutants that have been tried, by the last word on each."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: dict[Mutant, Record] = {}
        for line in path.read_text("utf-8").splitlines() if path.exists() else ():
            kept = json.loads(line)
            file, place, operator, occurrence = kept["mutant"]
            mutant = Mutant(Path(file), place, operator, occurrence)
            self._last[mutant] = Record(mutant, kept["difference"], kept["end"])

    def __contains__(self, mutant: Mutant) -> bool:
        return mutant in self._last

    def add(self, record: Record) -> None:
        """Append what is known now."""
        self._last[record.mutant] = record
        m = record.mutant
        kept = {
            "mutant": [str(m.path), m.line, m.operator, m.occurrence],
            "difference": record.difference,
            "end": record.end,
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(kept) + "\n")

    def living(self) -> list[Record]:
        """Return those that no test found."""
        return [record for record in self._last.values() if record.end == "lives"]

    def counts(self) -> Counter[tuple[str, str]]:
        """Return how many ended how, by room; `equal` are those of the list."""
        known = {each for some in equal().values() for each in some}
        return Counter(
            (
                r.mutant.path.parts[0],
                "equal" if r.end == "lives" and named(r) in known else r.end,
            )
            for r in self._last.values()
        )


def named(record: Record) -> str:
    """Return a mutant as the list of equal ones names it: its file and the lines it changed."""
    words = (line[:1] + " ".join(line[1:].split()) for line in record.difference.splitlines())
    return "\n".join([str(record.mutant.path), *words])


def equal() -> dict[str, Sequence[str]]:
    """Return the mutants that do what the original does, by the reason why."""
    kinds = tomllib.loads(_EQUAL.read_text("utf-8")).get("kind", [])
    return {
        kind["reason"]: [each.strip() for each in kind["mutants"].strip().split("\n\n")]
        for kind in kinds
    }
