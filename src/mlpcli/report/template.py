"""A starter: a right gradient by hand in NumPy, in the layout and for the J that options say.

What an activation and a loss are in NumPy is asked of their records; what a layout does to the
lines of backprop stands in the tables here, in the letters of the formulas: W, b, H, Z, delta.
"""

from __future__ import annotations

from textwrap import fill, indent
from typing import TYPE_CHECKING

from mlpcli.check.convention import Convention, convention_of, factor_text
from mlpcli.check.given.call import CALLS
from mlpcli.check.given.layout import OURS
from mlpcli.check.given.signature import expected
from mlpcli.errors import UsageError
from mlpcli.records import dataclass
from mlpcli.report.gradcheck_words import objective_line
from mlpcli.text import in_shell

if TYPE_CHECKING:
    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout
    from mlpcli.nn.activation import Activation
    from mlpcli.nn.losses import Loss

__all__ = ["template"]


@dataclass(frozen=True)
class _Lines:
    """The lines of backprop for one way of samples and weights."""

    product: str  # Z_{i-1} W_i^T
    dW: str
    carried: str  # delta_{i+1} W_{i+1}


_LINES = {
    ("rows", "out-in"): _Lines("Z[-1] @ W[i].T", "delta.T @ Z[i]", "delta @ W[i]"),
    ("rows", "in-out"): _Lines("Z[-1] @ W[i]", "Z[i].T @ delta", "delta @ W[i].T"),
    ("columns", "out-in"): _Lines("W[i] @ Z[-1]", "delta @ Z[i].T", "W[i].T @ delta"),
    ("columns", "in-out"): _Lines("W[i].T @ Z[-1]", "Z[i] @ delta.T", "W[i] @ delta"),
    ("vector", "out-in"): _Lines("W[i] @ Z[-1]", "np.outer(delta, Z[i])", "delta @ W[i]"),
    ("vector", "in-out"): _Lines("Z[-1] @ W[i]", "np.outer(Z[i], delta)", "W[i] @ delta"),
}
_BIAS = {  # b_i as it is added to H_i, and dJ/db_i
    ("rows", "vector"): ("b[i]", "delta.sum(axis=0)"),
    ("rows", "row"): ("b[i]", "delta.sum(axis=0, keepdims=True)"),
    ("rows", "column"): ("b[i].T", "delta.sum(axis=0)[:, None]"),
    ("columns", "vector"): ("b[i][:, None]", "delta.sum(axis=1)"),
    ("columns", "row"): ("b[i].T", "delta.sum(axis=1)[None]"),
    ("columns", "column"): ("b[i]", "delta.sum(axis=1, keepdims=True)"),
    ("vector", "vector"): ("b[i]", "delta"),
    ("vector", "row"): ("b[i][0]", "delta[None]"),
    ("vector", "column"): ("b[i][:, 0]", "delta[:, None]"),
}
_FOLDED = {  # b_i and W_i as they are taken out of a matrix w, and dW_i and db_i put together
    ("first", "out-in"): ("w[:, 0]", "w[:, 1:]", "np.column_stack([db, dW])"),
    ("first", "in-out"): ("w[0]", "w[1:]", "np.vstack([db, dW])"),
    ("last", "out-in"): ("w[:, -1]", "w[:, :-1]", "np.column_stack([dW, db])"),
    ("last", "in-out"): ("w[-1]", "w[:-1]", "np.vstack([dW, db])"),
}
_AXES = {"rows": 1, "columns": 0, "vector": 0}  # of the outputs
_COUNTS = {  # N and K
    "rows": ("X.shape[0]", "y.shape[1]"),
    "columns": ("X.shape[1]", "y.shape[0]"),
    "vector": ("", "y.size"),
}
_COLUMNS = {  # K by z, and y with a column per output, of the numbers of classes
    "rows": ("z.shape[1]", "np.eye(z.shape[1])[y]"),
    "columns": ("z.shape[0]", "np.eye(z.shape[0])[:, y]"),
    "vector": ("z.size", "np.eye(z.size)[y]"),
}
_SHAPES = {
    "rows": ("N x n_0", "N x n_L"),
    "columns": ("n_0 x N", "n_L x N"),
    "vector": ("(n_0,)", "(n_L,)"),
}
_BIAS_SHAPES = {"vector": "(n_i,)", "row": "1 x n_i", "column": "n_i x 1"}


def template(case: Case, layout: Layout, call: str, file: str = "starter.py") -> str:
    """Return a Python file whose function `gradient` passes on the case, so laid out and called.

    Raises UsageError where no function of these arguments can be right.
    """
    J, way = convention_of(case), CALLS[call]
    if case.omega is not None:
        raise UsageError("--template: no function gets row or class weights; leave them out")
    if way.rows and J.reduction == "sum" and J.l2:
        raise UsageError("--template: one row's share of a penalty is not known; leave out --l2")
    f, slope = _code(case.network.activation)
    output, _ = _code(case.objective.loss)
    parts = [
        f"{_docstring(case, layout, call, file)}\nimport numpy as np\n",
        _function("f(h)", f"return {f.format(slope=J.slope)}"),
        _function("slope(h, z)", f"return {slope.format(slope=J.slope)}"),
        _function("output(h)", output.format(axis=_AXES[layout.samples])),
        _gradient(case, layout, step=way.step),
    ]
    return "\n\n".join(parts)


def _docstring(case: Case, layout: Layout, call: str, file: str) -> str:
    X, y = _SHAPES[layout.samples]
    if layout.labels == "numbers":
        y = {"vector": "a number"}.get(layout.samples, "(N,)") + ", the label's number"
    W = "n_i x n_{i-1}" if layout.weights == "out-in" else "n_{i-1} x n_i"
    b = _BIAS_SHAPES.get(layout.bias, "an empty list")
    if layout.folded:
        W += f", b_i in it, its {layout.bias} {'column' if layout.weights == 'out-in' else 'row'}"
    options = [f"{k} {v}" for k, v in convention_of(case).options_from(_USUAL).items()]
    options += filter(None, [OURS.options(layout), "" if call == "batch" else f"--call {call}"])
    command = " ".join(["mlp gradcheck --gradient", in_shell(f"{file}:gradient"), *options])
    way = CALLS[call]
    one = "\nOne row is given at a time: N is 1.\n" if way.rows else ""
    return f'''"""A backward pass by hand, right as it stands.

{expected(way.step)}
{fill(objective_line(case), _WIDTH, break_long_words=False)}

    weights   W_1 .. W_L   {W}
    biases    b_1 .. b_L   {b}
    X, y                   {X}, {y}
{one}
Check it by: {command}
"""
'''


_USUAL = Convention().settled()
_WIDTH = 80


def _code(record: Activation | Loss) -> tuple[str, str]:
    if record.in_numpy is None:
        raise UsageError(f"--template: nobody has written {record.name} in NumPy yet")
    return record.in_numpy


def _function(head: str, body: str) -> str:
    return f"def {head}:\n{indent(body, '    ')}\n"


def _gradient(case: Case, layout: Layout, *, step: bool) -> str:
    J, lines = convention_of(case), _LINES[layout.samples, layout.weights]
    bias = "vector" if layout.folded else layout.bias
    b, db = _BIAS.get((layout.samples, bias), ("", ""))
    penalty = f" + {J.l2!r} * W[i]" if J.l2 else ""
    body = [
        *_taken_apart(layout),
        "Z, H = [X], [None]",
        "for i in range(len(W)):",
        f"    H.append({lines.product}{f' + {b}' if b else ''})",
        "    Z.append(f(H[-1]))",
        "Z[-1] = output(H[-1])",
        "z = Z[-1]",
        *_labelled(case, layout),
        f"delta = {_delta(case, layout)}",
        "d_weights, d_biases = [], []",
        "for i in reversed(range(len(W))):",
        f"    d_weights.insert(0, {lines.dW}{penalty})",
        *([f"    d_biases.insert(0, {db})"] if db else []),
        "    if i > 0:",
        f"        delta = ({lines.carried}) * slope(H[i], Z[i])",
        *_put_together(layout),
        *_returned(step=step),
    ]
    rate = ", learning_rate" if step else ""
    return _function(f"gradient(weights, biases, X, y{rate})", "\n".join(body))


def _taken_apart(layout: Layout) -> list[str]:
    if not layout.folded:
        return ["W, b = weights, biases"]
    b, W, _ = _FOLDED[layout.bias, layout.weights]
    return [f"W, b = [{W} for w in weights], [{b} for w in weights]"]


def _labelled(case: Case, layout: Layout) -> list[str]:
    """Return the line that makes columns of labels by number, for one output too if J has it."""
    if layout.labels == "columns":
        return []
    K, columns = _COLUMNS[layout.samples]
    one = f" if {K} > 1 else np.reshape(y, z.shape)" if case.objective.loss.separable else ""
    return [f"y = {columns}{one}"]


def _put_together(layout: Layout) -> list[str]:
    if not layout.folded:
        return []
    _, _, whole = _FOLDED[layout.bias, layout.weights]
    return [
        f"d_weights = [{whole} for dW, db in zip(d_weights, d_biases)]",
        "d_biases = []",
    ]


def _returned(*, step: bool) -> list[str]:
    if not step:
        return ["return d_weights, d_biases"]
    return [
        f"new_{name} = [a - learning_rate * d for a, d in zip({name}, d_{name})]"
        for name in ("weights", "biases")
    ] + ["return new_weights, new_biases"]


def _delta(case: Case, layout: Layout) -> str:
    """Return delta_L by z and y: the loss's derivative, times the factor, over what J averages."""
    J, (N, K) = convention_of(case), _COUNTS[layout.samples]
    _, delta = _code(case.objective.loss)
    c = "" if J.factor == 1 else f"{factor_text(J.factor)} * "
    over = {"mean": [N], "sum": [], "mean_all": [N, K]}[J.reduction]
    over = [count for count in over if count]
    return f"{c}({delta})" + "".join(f" / {count}" for count in over)
