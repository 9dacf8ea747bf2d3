"""Draws mutants of a room: Cosmic Ray's operators at places that run, by a seed."""

from __future__ import annotations

import ast
import random
from dataclasses import dataclass
from difflib import unified_diff
from typing import TYPE_CHECKING, Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Mutant", "draw", "found_again"]

_NAMING = {"core/VariableReplacer", "core/VariableInserter"}  # which want to be told names
_SAME = {
    f"core/ReplaceComparisonOperator_{change}"
    for change in ("Eq_Is", "NotEq_IsNot", "Is_Eq", "IsNot_NotEq")
}  # which say the same of None, of names and of small numbers, of which there is one each
_ARITHMETIC = {"arith_expr", "term", "power", "shift_expr", "expr", "and_expr", "xor_expr"}  # no *x
_GUARDS = {"frozen", "strict"}  # against mistakes yet to be made; without them nothing differs
_SPEED = {"cache", "lru_cache"}  # decorators on which no result depends


@dataclass(frozen=True)
class Mutant:
    """The n-th place in a file that an operator can change."""

    path: Path
    line: int
    operator: str
    occurrence: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.operator.removeprefix('core/')} {self.occurrence}"

    def code(self, root: Path) -> str:
        """Return the changed file. Raises ValueError where the operator changes nothing."""
        text = (root / self.path).read_text("utf-8")
        changed = mutate_code(text, get_operator(self.operator)(), self.occurrence)
        if changed is None or changed == text:
            raise ValueError(f"{self} is no mutant")
        return str(changed)

    def difference(self, root: Path) -> str:
        """Return the changed lines, old and new."""
        old, new = (root / self.path).read_text("utf-8"), self.code(root)
        found = unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0)
        return "\n".join(line for line in [*found][2:] if not line.startswith("@@"))


def draw(root: Path, rooms: list[str], count: int, seed: int) -> list[Mutant]:
    """Return so many mutants of the rooms under `root`, each at a place of its own."""
    rng = random.Random(seed)
    places: list[tuple[Any, list[Mutant]]] = []
    for room in rooms:
        for path in sorted((root / room).rglob("*.py")):
            places += sorted(_places(root, path.relative_to(root)).items())
    return [rng.choice(mutants) for _, mutants in rng.sample(places, min(count, len(places)))]


def found_again(root: Path, mutant: Mutant, difference: str) -> Mutant | None:
    """Return the mutant that makes this difference now, next to where it was; None: it is gone."""
    if not (root / mutant.path).is_file():
        return None
    mutants = [m for some in _places(root, mutant.path).values() for m in some]
    same = [
        m for m in mutants if m.operator == mutant.operator and m.difference(root) == difference
    ]
    return min(same, key=lambda m: abs(m.line - mutant.line), default=None)


def _places(root: Path, path: Path) -> dict[tuple[int, int], list[Mutant]]:
    """Return the mutants at each place of a file that runs."""
    text = (root / path).read_text("utf-8")
    idle = _idle(ast.parse(text))
    nodes = [*ast_nodes(get_ast(text))]
    found: dict[tuple[int, int], list[Mutant]] = {}
    for name in sorted({*operator_names()} - _NAMING - _SAME):
        operator = get_operator(name)()
        starts = ((node, start) for node in nodes for start, _ in operator.mutation_positions(node))
        for occurrence, (node, (line, column)) in enumerate(starts):
            star = name.startswith("core/ReplaceBinary") and node.parent.type not in _ARITHMETIC
            if not star and not any(first <= (line, column) < last for first, last in idle):
                found.setdefault((line, column), []).append(Mutant(path, line, name, occurrence))
    return found


def _idle(tree: ast.Module) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return what never runs, annotations and imports for types, what only guards or hastens."""
    nodes: list[ast.AST | None] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            nodes += [node.returns, *(d for d in node.decorator_list if _head(d) in _SPEED)]
        elif isinstance(node, ast.arg | ast.AnnAssign):
            nodes.append(node.annotation)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes.append(node)
        elif isinstance(node, ast.keyword) and node.arg in _GUARDS:
            nodes.append(node.value)
        elif isinstance(node, ast.Call) and _head(node) == "cast":
            nodes.append(node.args[0])
    spans: list[Any] = [node for node in nodes if node is not None]
    return [
        ((n.lineno, n.col_offset - 1), (n.end_lineno, n.end_col_offset))  # with the @ before it
        for n in spans
    ]


def _head(node: ast.expr) -> str:
    """Return the name of a function that is called, or stands there as it is."""
    return ast.unparse(node.func if isinstance(node, ast.Call) else node)
