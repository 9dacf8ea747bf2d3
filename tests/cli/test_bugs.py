"""`mlp bugs`: all known bugs, or one, in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.check.bugs.registry import BUGS

if TYPE_CHECKING:
    from mlp_runs import Mlp


def test_the_list_names_every_bug(mlp: Mlp) -> None:
    ran = mlp("bugs")
    assert (ran.status, ran.err) == (0, "")
    listed = {line.split()[0] for line in ran.out.splitlines() if line}
    assert {*BUGS, "non-finite", "accumulates-over-calls"} <= listed


def test_one_bug_has_its_looks_its_fix_and_what_hides_it(mlp: Mlp) -> None:
    name, looks, fix, hidden = mlp("bugs", "l2-on-bias").out.splitlines()
    assert name.startswith("l2-on-bias: the L2 penalty")
    assert looks.startswith("How it looks: every W is right")
    assert fix.startswith("Fix: add l2")
    assert hidden == "Cannot be seen where there is no L2 penalty, or all biases are zero"


def test_json(mlp: Mlp) -> None:
    document = mlp("bugs", "--json").document
    assert document["schema"] == "mlp.bugs/1"
    assert {*BUGS} < {bug["bug"] for bug in document["bugs"]}
    (one,) = mlp("bugs", "row-dropped", "--json").document["bugs"]
    assert list(one) == ["bug", "explanation", "looks", "fix", "hidden_by"]
    assert one["hidden_by"] == []


def test_an_unknown_name_is_a_usage_error_with_the_nearest(mlp: Mlp) -> None:
    ran = mlp("bugs", "missing-sigma")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == 'no such bug: missing-sigma, did you mean "missing-sigma-prime"?\n'
