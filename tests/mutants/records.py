"""What became of each mutant, line by line in a file, so that a run goes on where it ended."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from mutants.draw import Mutant

__all__ = ["ENDS", "Kind", "Record", "Records", "survivors"]

ENDS = {  # as the page says it
    "found": "found at once",
    "too slow": "did not end",
    "found since": "found since",
    "equal": "equal",
    "lives": "open",
}
_SURVIVORS = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Record:
    """A mutant, the lines that it changed, and how it ended."""

    mutant: Mutant
    difference: str
    end: str

    @property
    def name(self) -> str:
        """The mutant as the list of survivors has it: its file, and the lines that it changed."""
        lines = (line[:1] + " ".join(line[1:].split()) for line in self.difference.splitlines())
        return "\n".join([str(self.mutant.path), *lines])


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
        """Return how many ended how, by room; those that are known to be equal are so called."""
        known = {each for kind in survivors() if kind.equal for each in kind.mutants}
        return Counter(
            (r.mutant.path.parts[0], "equal" if r.end == "lives" and r.name in known else r.end)
            for r in self._last.values()
        )

    def kinds(self) -> Counter[Kind]:
        """Return how many live of each kind of survivors, and of none that is known yet."""
        of = {each: kind for kind in survivors() for each in kind.mutants}
        return Counter(of.get(record.name, _UNKNOWN) for record in self.living())


@dataclass(frozen=True)
class Kind:
    """Why mutants live: they do what the original does, or no test looks there."""

    reason: str
    equal: bool
    mutants: tuple[str, ...] = ()


_UNKNOWN = Kind("not looked at yet", equal=False)


def survivors() -> list[Kind]:
    """Return the kinds of mutants that lived, as `survivors.toml` lists them."""
    return [
        Kind(kind["reason"], kind["equal"], tuple(kind["mutants"].strip().split("\n\n")))
        for kind in tomllib.loads(_SURVIVORS.read_text("utf-8")).get("kind", [])
    ]
