"""Says what is wrong with text that is no YAML, and what to write instead."""

from __future__ import annotations

import re

from mlpcli.text import shorten

__all__ = ["explain"]

TAB_INDENT = re.compile(r"^ *\t", re.MULTILINE)
UNCLOSED = 'expected a closing "{}" of what opens here, got none'
COLON = 'expected one "key: value", got a second ":"; put text with ": " in quotes'
START = "expected a value, got a character that cannot begin one; put the text in quotes"
KEY = 'expected a key in line with the others, as in "epochs: 10"; check the indentation'

ADVICE = (
    ("mapping values are not allowed", COLON),
    ("could not find expected ':'", 'expected "key: value", got a line without ":"'),
    ("unexpected end of stream", "expected a closing quote of the text that opens here, got none"),
    ("cannot start any token", START),
    ("expected ',' or ']'", UNCLOSED.format("]")),
    ("expected ',' or '}'", UNCLOSED.format("}")),
    ("did not find expected key", KEY),
    ("expected <block end>", KEY),
    ("'-' indicator", 'expected "- item" like the lines above; check the indentation'),
    ("node content", "expected a value, got a closing bracket or a comma"),
    ("escape", r"expected an escape that YAML knows; write \\ for \, or use single quotes"),
    ("maximum nesting", "expected at most 32 levels of nesting, got more"),
)
"""Parts of the problems that libyaml and PyYAML name, with what to tell the user."""


def explain(error: Exception, text: str) -> tuple[int, int, str]:
    """Return the 0-based line and column of a parser's error, and what is wrong there."""
    problem = str(getattr(error, "problem", None) or error)
    mark = getattr(error, "problem_mark", None)
    opening = getattr(error, "context_mark", None)
    if opening and (mark is None or mark.index >= len(text.rstrip())):
        mark = opening
    line, column = (mark.line, mark.column) if mark else (0, 0)
    tab = TAB_INDENT.search(text)
    if tab and (tab_line := text.count("\n", 0, tab.start())) <= line:
        return tab_line, len(tab.group()) - 1, "expected spaces before the key, got a tab"
    for part, advice in ADVICE:
        if part in problem:
            return line, column, advice
    return line, column, f"expected YAML, got something else: {shorten(problem)}"
