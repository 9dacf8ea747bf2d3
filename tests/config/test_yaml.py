from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpcli.config import yaml as yaml_module
from mlpcli.config.yaml import KeyPath, Node, parse_value, read_yaml
from mlpcli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator


def refusal(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read_yaml(text, "c.yaml")
    assert len(caught.value.lines) == 1
    return caught.value.lines[0]


def test_quotes_and_blocks_keep_text_as_text() -> None:
    tree = read_yaml("a: \"1\"\nb: '2'\nc: |\n  3\nd: 4\n0: null\n", "c.yaml")
    assert tree.plain() == {"a": "1", "b": "2", "c": "3\n", "d": 4, "0": None}


def every_node(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Node]]:
    yield path, node
    inside = dict(enumerate(node.value)) if isinstance(node.value, list) else node.value
    for part, inner in inside.items() if isinstance(inside, dict) else ():
        yield from every_node(inner, (*path, part))


def test_every_key_and_value_knows_its_place() -> None:
    tree = read_yaml("# first\ndata:\n  äö: [1, {b: 2}]\n  e:\n", "c.yaml")
    places = {
        path: (node.key.label.removeprefix("c.yaml:"), node.place.label.removeprefix("c.yaml:"))
        for path, node in every_node(tree, ())
    }
    assert places == {
        (): ("2:1", "2:1"),
        ("data",): ("2:1", "3:3"),
        ("data", "äö"): ("3:3", "3:7"),
        ("data", "äö", 0): ("3:8", "3:8"),
        ("data", "äö", 1): ("3:11", "3:11"),
        ("data", "äö", 1, "b"): ("3:12", "3:15"),
        ("data", "e"): ("4:3", "4:5"),
    }


def test_an_alias_is_a_copy_that_knows_its_places() -> None:
    tree = read_yaml("a: &x [1, {b: 2}]\nc: *x\n", "c.yaml")
    assert tree.plain() == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}
    assert tree.plain()["a"][1] is not tree.plain()["c"][1]
    assert tree.nearest(("c",))[1].place.label == "c.yaml:2:4"
    assert tree.nearest(("c", 1, "b"))[1] == tree.nearest(("a", 1, "b"))[1]


EXPECTED = (
    "expected a config with the sections data, network, loss, training, gradcheck, got {}; "
    "`mlp init` writes one to start from"
)
REFUSED = {
    "": f"1:1: {EXPECTED.format('an empty file')}",
    "# only this\n": f"1:1: {EXPECTED.format('an empty file')}",
    "---\n": f"2:1: {EXPECTED.format('an empty file')}",
    "- a\n- b\n": "1:1: " + EXPECTED.format('["a", "b"]'),
    "age,income\n1,2\n": "1:1: " + EXPECTED.format('"age,income 1,2"'),
    "a:\n  b: 1\n  c: 2\n  b: 3\n": (
        "4:3: a.b: expected each key once, got it on lines 2 and 4; remove one"
    ),
    "a: &x {b: 1}\nc:\n  <<: *x\n": (
        "3:3: c: expected a key, got the merge key <<, which YAML 1.2 no longer has; "
        "write the keys out"
    ),
    "a: !!python/object/apply:os.system [ls]\n": (
        "1:4: a: expected a plain value, got the tag !!python/object/apply:os.system; "
        "remove the tag"
    ),
    "a: !!int 5\n": "1:4: a: expected a plain value, got the tag !!int; remove the tag",
    "!x {a: 1}\n": "1:1: expected a plain value, got the tag !x; remove the tag",
    "a: 1\n---\nb: 2\n": '2:1: expected one document, got a second; remove this "---"',
    "a: *x\n": "1:4: a: expected an anchor &x above this alias, got none",
    "a: &x [*x]\n": "1:8: a[0]: expected an anchor &x above this alias, got none",
    "{[1]: 2}\n": "1:2: expected a plain word as key",
    "data:\n\ttrain: x\n": "2:1: expected spaces before the key, got a tab",
    "data:\n  train: x\n  \ttarget: y: z\n": "3:3: expected spaces before the key, got a tab",
    "a: b: c\n": '1:5: expected one "key: value", got a second ":"; put text with ": " in quotes',
    "a: 1\nb\n": '2:1: expected "key: value", got a line without ":"',
    "a: [1, 2\n": '1:4: expected a closing "]" of what opens here, got none',
    "a: {b: 1\n": '1:4: expected a closing "}" of what opens here, got none',
    'a: "x\n': "1:4: expected a closing quote of the text that opens here, got none",
    "a: @x\n": (
        "1:4: expected a value, got a character that cannot begin one; put the text in quotes"
    ),
    '"a" b: 1\n': (
        '1:5: expected a key in line with the others, as in "epochs: 10"; check the indentation'
    ),
    'a: "C:\\q"\n': (
        r"1:7: expected an escape that YAML knows; write \\ for \, or use single quotes"
    ),
    "a: 1\nb: \0\n": (r'2:4: expected text, got the character "\u0000"; is this a binary file?'),
    '"x\\0": 1\n': r'1:1: expected text, got the character "\u0000"; remove it',
    'a: "x\\0"\n': r'1:4: a: expected text, got the character "\u0000"; remove it',
    "a: " + "9" * 400 + "\n": "1:4: a: expected a number of at most 300 digits, got 400",
    "a: " + "[" * 40 + "]" * 40: "1:36: expected at most 32 levels of nesting, got more",
    "a: ["
    + "1, " * 10_001
    + "]": "1:29999: expected at most 10000 values, got more; is this data?",
}


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text[:40]))
def test_what_is_no_config_is_refused_in_one_line(text: str) -> None:
    assert refusal(text) == f"c.yaml:{REFUSED[text]}"


def test_brackets_without_end_are_refused_without_recursion() -> None:
    assert refusal("[" * 100_000).endswith("expected at most 32 levels of nesting, got more")


def test_an_alias_bomb_is_refused_at_once() -> None:
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 20)]
    message = refusal("\n".join(["a0: &a0 [x]", *levels]))  # all of its values would take for ever
    assert message.endswith("expected at most 10000 values, got more; is this data?")


def test_aliases_cannot_nest_deeper_than_brackets() -> None:
    lines = ["a0: &a0 [x]", *(f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 50))]
    assert refusal("\n".join(lines)).endswith("expected at most 32 levels of nesting, got more")


@pytest.mark.parametrize("loader", ["CBaseLoader", "BaseLoader"])
@given(text=st.text(alphabet="ab01:-[]{},&*!|>'\"%@#?~<. \n\t\\\x85\u2028é", max_size=40))
@settings(max_examples=150)
def test_any_text_is_a_tree_or_one_line(loader: str, text: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_module, "LOADER", getattr(yaml, loader))
        try:
            assert parse_value(text, "c.yaml").place.label.startswith("c.yaml:")
        except ConfigError as error:
            (line,) = error.lines
            assert line.startswith("c.yaml:")
            assert "\n" not in line
