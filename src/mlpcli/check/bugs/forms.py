"""Bugs of the form by which l'(h, y) is computed: 0/0 in it, and what people do about it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from mlpcli.check.bugs.fit import nearest_exponent
from mlpcli.check.bugs.record import Bend, Bug, Hiding, Mutant, bend_output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mlpcli.check.bugs.scene import Scene
    from mlpcli.nn.backprop import Rules
    from mlpcli.nn.losses import Form
    from mlpcli.nn.network import Parameters

__all__ = ["BUGS"]

_TEN_TO_MINUS = tuple(float(f"1e-{k}") for k in range(1, 17))
_MACHINE = tuple(float(np.finfo(dtype).eps) for dtype in (np.float32, np.float64))
_EPSILONS = tuple(sorted({*_TEN_TO_MINUS, *_MACHINE}, reverse=True))
# From this epsilon down a clipped loss loses too few rows for anybody to choose a larger one.
_CLAMPS = tuple(epsilon for epsilon in _EPSILONS if epsilon <= 1e-6)
_USUAL = 1e-7
_EXPLAINED = 1e-9  # an output layer as near as that to what is given hides no epsilon
_LOOKS = "every tensor is off by what rows near the wrong end lose; elsewhere it passes"
_BREAKS = "nan in every tensor, once one row comes so far; until then it passes"
# A gradient by differences or autodiff has no delta_L to mend: its loss is what is naive.
_OF_THE_LOSS = (
    "; where differences or autodiff make the gradient, compute the loss from the logits, "
    "by softplus or log-sum-exp, not from p"
)
_CANCEL = f"cancel the factor on paper instead: delta_L is $difference{_OF_THE_LOSS}"


def _inside(scene: Scene, epsilon: float) -> bool:
    """Whether p and 1 - p of all outputs are at least epsilon, and so p (1-p) about that."""
    p = scene.Z[-1]
    return bool((p >= epsilon).all() and (p <= 1 - epsilon).all())


def _largest(found: Sequence[Mutant]) -> float:
    return max(mutant.epsilon or 0.0 for mutant in found)


_NONE_OUTSIDE = Hiding(
    "no probability lies outside [epsilon, 1 - epsilon], epsilon up to $epsilon",
    lambda scene, found: _inside(scene, _largest(found)),
)
_TOO_SMALL = Hiding(
    "an epsilon up to $epsilon changes less than the tolerance on these rows",
    lambda _scene, _found: True,
)


def _form(scene: Scene, name: str) -> Form | None:
    loss = scene.loss
    return loss.forms.get(name) or loss.wild.get(name)


def _bend(scene: Scene, form: Form, epsilon: float) -> Bend:
    return bend_output(lambda _derivative: form.derivative(scene.logits, scene.case.y, epsilon))


def _fixed(name: str) -> Callable[[Scene], Iterator[Mutant]]:
    """Return what yields delta_L by a form without a constant of the user's."""

    def mutants(scene: Scene) -> Iterator[Mutant]:
        form = _form(scene, name)
        if form is not None:
            bend = _bend(scene, form, 0.0)
            yield Mutant((scene.depth,), bend)
            if any((scene.s[k] == 0).any() for k in scene.hidden):
                yield Mutant((scene.depth,), _masked(scene, bend))

    return mutants


def _masked(scene: Scene, bend: Bend) -> Bend:
    """Return it as code with dA[H <= 0] = 0 has it: nan does not come through a slope of 0."""
    masks = {k: partial(np.where, scene.s[k] == 0, 0.0) for k in scene.hidden}
    return lambda rules: bend(rules).also("delta", masks)


def _fit(form: str, scene: Scene, rules: Rules, given: Parameters, layer: int) -> Iterator[Mutant]:
    """Yield the epsilon that brings the last layer nearest to what is given, in few digits too."""
    known, target = _form(scene, form), given.layers[-1]
    if layer < scene.depth or known is None:
        return
    if target.size < 2 or not np.isfinite(target).all():
        return

    def distance(bent: Rules) -> float:
        top = scene.gradient(bent, lowest=scene.depth).layers[-1]
        away = float(np.linalg.norm(top - target))
        return away if np.isfinite(away) else np.inf

    if distance(rules) <= _EXPLAINED * float(np.linalg.norm(target)):
        return
    exponent = nearest_exponent(lambda x: distance(_bend(scene, known, 10**x)(rules)))
    for number in (float(f"{10**exponent:.2e}"), 10**exponent):  # people write few digits
        yield Mutant((scene.depth,), _bend(scene, known, number), epsilon=number)


def _of(form: str, epsilons: Sequence[float], scene: Scene) -> Iterator[Mutant]:
    known = _form(scene, form)
    if known is not None:
        for epsilon in epsilons:
            yield Mutant((scene.depth,), _bend(scene, known, epsilon), epsilon=epsilon)


def _with_epsilon(
    bug: str, form: str, epsilons: Sequence[float], *, hidden_by: tuple[Hiding, ...], words: str,
    fix: str = _CANCEL,
) -> Bug:  # fmt: skip
    """Return the bug of a form with an epsilon: a usual one, or the nearest to what is given."""
    return Bug(
        bug,
        words,
        fix,
        _LOOKS,
        partial(_of, form, epsilons),
        partial(_fit, form),
        partial(_of, form, (_USUAL,)),
        hidden_by=hidden_by,
        at_saturation=True,
    )


BUGS: Sequence[Bug] = (
    Bug(
        "naive-derivative",
        "delta_L is (p-y)/(p(1-p)) times p(1-p), as a loss of log(p) has it, which is 0/0 once p "
        "rounds to 0 or 1",
        f"cancel the factor on paper: delta_L is $difference{_OF_THE_LOSS}",
        _BREAKS,
        _fixed("naive"),
        hidden_by=(Hiding("no probability rounds to 0 or 1", lambda _scene, _found: True),),
        at_saturation=True,
    ),
    _with_epsilon(
        "epsilon-derivative",
        "epsilon",
        _EPSILONS,
        hidden_by=(_TOO_SMALL,),
        words="delta_L has a constant added to its denominator p(1-p), which takes gradient away",
    ),
    _with_epsilon(
        "epsilon-loss",
        "epsilon-loss",
        _EPSILONS,
        hidden_by=(_TOO_SMALL,),
        words="delta_L is the derivative of log(p + epsilon), which takes gradient away",
    ),
    _with_epsilon(
        "clamped-derivative",
        "clamped",
        _EPSILONS,
        hidden_by=(_NONE_OUTSIDE, _TOO_SMALL),
        words="p is clipped in the derivative of the loss but not in sigma'",
    ),
    Bug(
        "softmax-overflow",
        "softmax is exp(h)/sum without the largest logit subtracted: nan from logits of 709.8, in "
        "float32 from 88.7",
        "subtract the largest logit of each row before exp",
        _BREAKS,
        _fixed("unshifted"),
        hidden_by=(Hiding("no logit is beyond the range of exp", lambda _scene, _found: True),),
    ),
    Bug(
        "torch-bce-derivative",
        "delta_L is that of torch's BCELoss, whose denominator is at least 1e-12",
        "use the loss with logits (BCEWithLogitsLoss): delta_L is $difference",
        _LOOKS,
        _fixed("torch"),
        hidden_by=(
            Hiding("every p (1-p) is above 1e-12", lambda scene, _found: _inside(scene, 1e-12)),
        ),
        at_saturation=True,
    ),
    _with_epsilon(
        "clamped-loss",
        "clamped-loss",
        _CLAMPS,
        hidden_by=(_NONE_OUTSIDE, _TOO_SMALL),
        words="delta_L is 0 where p lies outside [epsilon, 1 - epsilon], as a clipped loss has it",
        fix="do not clip p; compute loss and derivative from the logit",
    ),
)
