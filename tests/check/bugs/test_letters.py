"""The formulas in a fix, read as code: each is right for its J and in its layout, and mends."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from mlpcli.check.bugs.diagnosis import diagnosis
from mlpcli.check.bugs.letters import Writing, delta_in_letters, letters_of
from mlpcli.check.bugs.record import Mutant
from mlpcli.check.bugs.registry import BUGS
from mlpcli.check.bugs.scene import scene_of
from mlpcli.checked import check_gradient
from mlpcli.nn.losses import LOSSES, OTHER_OUTPUTS
from planted import network_case

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlpcli.checked import CheckedGradient

REDUCTIONS = ("mean", "sum", "mean_all")
FACTORS = (1.0, 0.5, -2.5)
OBJECTIVES = [{"reduction": r, "factor": c} for r, c in product(REDUCTIONS, FACTORS)]
EVERY = [*LOSSES.values(), *OTHER_OUTPUTS.values()]
LAYOUTS = [*product(("rows", "columns"), ("out-in", "in-out"))]

_IN_CODE = {
    "sigma'(H_L)": "(p * (1 - p))",
    "(N K)": "(N * K)",
    "Z_L": "p",
    "Y": "y",
    "delta_{i+1}": "above",
    "W_{i+1}": "V",
    "delta_i": "d",
    "Z_{i-1}": "Z",
    "b_i": "b",
    "W_i": "W",
    "^T": ".T",
}


def in_code(formula: str) -> str:
    """Return a formula of a fix as Python: what stands side by side are a number or matrices."""
    for letters, code in _IN_CODE.items():
        formula = formula.replace(letters, code)
    formula = re.sub(r"^(-?[\d./]+) ", r"\1 * ", formula)
    return re.sub(r"(?<=[\w.]) (?=[A-Za-z])", " @ ", formula)


@pytest.mark.parametrize("said", OBJECTIVES, ids=lambda said: "{reduction} {factor}".format(**said))
@pytest.mark.parametrize("loss", EVERY, ids=lambda loss: f"{loss.name} {loss.output}")
@pytest.mark.parametrize(("outputs", "weighted"), [(3, False), (3, True), (1, False)])
def test_delta_in_letters_is_that_of_the_objective(
    loss: Any, said: dict[str, Any], outputs: int, weighted: bool
) -> None:
    if not loss.separable and outputs == 1:
        outputs = 2
    case = network_case(
        (3, 4, outputs), 5, loss=loss.name, output=loss.output, weighted=weighted, **said
    )
    scene = scene_of(case)
    names = {"p": scene.Z[-1], "y": case.y, "N": 5, "K": outputs, "omega": case.omega}
    assert np.allclose(eval(in_code(delta_in_letters(case)), names), scene.deltas[-1], rtol=1e-9)
    one = letters_of(case, Writing(one_row=True)).delta
    assert ("N" in one) is False
    rows = 1 if said["reduction"] == "sum" else 5
    assert np.allclose(eval(in_code(one), names), rows * scene.deltas[-1], rtol=1e-9)


PROGRAM = """
def f(weights, biases, X, y):
    L, Z, d = len(weights), [X], None
    for i, (W, b) in enumerate(zip(weights, biases)):
        Z.append(FORWARD(Z[i], W, b))
        Z[-1] = sigma(Z[-1]) if i < L - 1 else out(Z[-1])
    p, N, K = Z[-1], X.shape[SAMPLES], y.shape[1 - SAMPLES]
    d = DELTA
    dW, db = [None] * L, [None] * L
    for i in reversed(range(L)):
        W = weights[i]
        dW[i] = PRODUCT(d, Z[i])
        db[i] = SUM(d)
        if i > 0:
            d = SLOPE(CARRIED(d, W), Z[i])
    return dW, db
"""


def sigma(h: Any) -> Any:
    return 1 / (1 + np.exp(-h))


class Code:
    """A program in a layout and for a J, each of whose lines can be replaced by another."""

    def __init__(self, case: Any, samples: str, weights: str, **lines: Any) -> None:
        letters = letters_of(case, Writing(samples, weights))
        columns = samples == "columns"
        axis = int(columns)
        right: dict[str, Any] = {
            "FORWARD": self.matrices("Z, W, b", letters.forward),
            "PRODUCT": self.matrices("d, Z", letters.product),
            "CARRIED": self.matrices("above, V", letters.carried),
            "SUM": lambda d: d.sum(axis=axis, keepdims=columns),
            "SLOPE": lambda error, z: error * z * (1 - z),
            "sigma": sigma,
            "out": {"sigmoid": sigma, "identity": lambda h: h}[case.objective.loss.output],
            "SAMPLES": axis,
            "np": np,
        }
        self.delta = lines.pop("DELTA", in_code(letters.delta))
        self.names = {**right, **lines}
        self.said: dict[str, Any] = {"samples": samples, "weights_layout": weights}
        self.said["bias"] = "column" if columns else "vector"

    @staticmethod
    def matrices(arguments: str, formula: str) -> Any:
        return eval(f"lambda {arguments}: {in_code(formula)}")

    def function(self) -> Callable[..., Any]:
        names = dict(self.names)
        exec(PROGRAM.replace("DELTA", self.delta), names)
        found: Callable[..., Any] = names["f"]
        return found


def checked(code: Code, **said: Any) -> CheckedGradient:
    return check_gradient(code.function(), sizes=[3, 4, 5, 2], **code.said, **said)


def case_of(**said: Any) -> Any:
    return network_case((3, 4, 5, 2), 7, **said)


@pytest.mark.parametrize(("samples", "weights"), LAYOUTS)
def test_the_formulas_of_a_layout_are_a_right_program_in_it(samples: str, weights: str) -> None:
    assert checked(Code(case_of(), samples, weights)).verdict == "pass"


# What is computed for delta_L, by the right one, or by what a squared error and a J without
# outputs to average have.
DELTAS = {
    "output-sigma-prime-kept": ("bce", "({delta}) * p * (1 - p)"),
    "squared-error-loss": ("bce", "2 * ({delta}) * p * (1 - p)"),
    "label-missing": ("bce", "p * {c}"),
    "labels-inverted": ("bce", "(p - 1 + y) * {c}"),
    "sign-flipped": ("bce", "-({delta})"),
    "mean-twice": ("bce", "({delta}) / N"),
    "half-squared-error": ("mse", "({delta}) / 2"),
    "bce-delta-under-mse": ("mse", "(p - y) * {c}"),
    "loss-derivative-as-delta": ("mse", "2 * (p - y) * {c}"),
    "absolute-error": ("mse", "np.sign(p - y) * {c}"),
    "sigma-prime-of-activation": ("mse", "2 * (p - y) * sigma(p) * (1 - sigma(p)) * {c}"),
    "last-layer-closed-form": ("mse", "(p - y) * {c}"),
}


@pytest.mark.parametrize("said", OBJECTIVES, ids=lambda said: "{reduction} {factor}".format(**said))
@pytest.mark.parametrize("bug", DELTAS)
def test_delta_as_a_fix_has_it_mends(bug: str, said: dict[str, Any]) -> None:
    """The bug is planted, the words are read, what they say is done, and the check passes."""
    loss, wrong = DELTAS[bug]
    case = case_of(loss=loss, **said)
    over = {"mean": "N", "sum": "1", "mean_all": "(N * K)"}[said["reduction"]]
    c = f"({said['factor']} / {over})"
    code = Code(case, "rows", "out-in")
    planted = Code(case, "rows", "out-in", DELTA=wrong.format(delta=code.delta, c=c))
    found = checked(planted, loss=loss, **said)
    assert found.verdict == "fail"
    fix = next(each.fix for each in found.diagnosis if each.bug == bug)
    told = re.search(r"delta_L is ([^,;:]*?)(?: with .*)?(?:[,;:]|$)", fix)
    assert told is not None, fix
    mended = Code(case, "rows", "out-in", DELTA=in_code(told[1]))
    assert checked(mended, loss=loss, **said).verdict == "pass"
    option = re.search(r"check with --factor (\S+)", fix)
    if option is not None:
        assert checked(planted, loss=loss, **{**said, "factor": option[1]}).verdict == "pass"
        assert said["factor"] == 1


@pytest.mark.parametrize("said", OBJECTIVES, ids=lambda said: "{reduction} {factor}".format(**said))
def test_what_a_mean_has_too_much_or_too_little_mends(said: dict[str, Any]) -> None:
    """The words speak of N and of the number of outputs, by which delta is then divided or not."""
    case = case_of(**said)
    right = Code(case, "rows", "out-in").delta
    wrong = {
        "sum-instead-of-mean": (f"({right}) * N", "divide delta_L by the number of rows N"),
        "mean-over-outputs": (f"({right}) / K", "do not divide delta_L by the number of outputs"),
    }
    right_for = {"sum-instead-of-mean": ("mean", "mean_all"), "mean-over-outputs": ("mean", "sum")}
    for bug, (planted, words) in wrong.items():
        found = checked(Code(case, "rows", "out-in", DELTA=planted), **said)
        fixes = [each.fix for each in found.diagnosis if each.bug == bug]
        assert fixes == ([words] if said["reduction"] in right_for[bug] else [])


WRONG_LINES: dict[str, dict[str, Any]] = {
    "missing-sigma-prime": {"SLOPE": lambda error, z: error},
    "tanh-slope": {"SLOPE": lambda error, z: error * (1 - z * z)},
    "upstream-missing": {"SLOPE": lambda error, z: 0 * error + z * (1 - z)},
}


@pytest.mark.parametrize(("samples", "weights"), LAYOUTS)
@pytest.mark.parametrize("bug", WRONG_LINES)
def test_a_slope_is_mended_in_the_layout_of_the_code(bug: str, samples: str, weights: str) -> None:
    case = case_of()
    found = checked(Code(case, samples, weights, **WRONG_LINES[bug]))
    fix = next(each.fix for each in found.diagnosis if each.bug == bug)
    told = re.search(r"multiply (?:it by )?(\(.*?\)+)(?: by (.*))?, elementwise", fix)
    assert told is not None, fix
    lines: dict[str, Any] = {"CARRIED": Code.matrices("above, V", told[1])}
    if told[2] is not None:
        assert told[2] == "Z_i (1 - Z_i)"
        lines["SLOPE"] = lambda error, z: error * z * (1 - z)
    assert checked(Code(case, samples, weights, **lines)).verdict == "pass"


def test_each_bug_has_words_for_every_layout_and_objective() -> None:
    for loss in LOSSES:
        scene = scene_of(network_case((3, 4, 2), 5, loss=loss))
        for bug, (samples, weights) in product(BUGS.values(), LAYOUTS):
            for layers in ((1,), (2,), (1, 2)):
                made = Mutant(layers, lambda rules: rules)
                found = diagnosis(scene, bug, made, None, Writing(samples, weights))
                assert "$" not in found.fix + found.explanation
                if samples == "columns":
                    assert "(delta_{i+1} W_{i+1})" not in found.fix
