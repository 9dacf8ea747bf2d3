"""What each bug means to the person who made it: one sentence, and one that says what to do."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["CATALOGUE", "Entry"]


@dataclass(frozen=True)
class Entry:
    """A bug in words. `generic` marks what holds for any cause of the same effect."""

    explanation: str
    fix: str
    generic: bool = False


CATALOGUE: MappingProxyType[str, Entry] = MappingProxyType(
    {
        "sum-instead-of-mean": Entry(
            "the gradient is that of the summed loss: it is N times too large",
            "divide delta_L by the number of rows N",
        ),
        "mean-twice": Entry(
            "the mean over rows is taken twice: the gradient is N times too small",
            "divide by N once, in delta_L, and not again in dJ/dW",
        ),
        "mean-over-outputs": Entry(
            "the loss is averaged over the outputs, where J sums over them",
            "do not divide delta_L by the number of outputs",
        ),
        "weights-ignored": Entry(
            "the gradient is that of the plain mean, but this case has row or class weights",
            "multiply delta_L by omega (in a dumped case), or check a config without weights",
        ),
        "missing-sigma-prime": Entry(
            "delta_i lacks the factor sigma'(H_i)",
            "multiply (delta_{i+1} W_{i+1}) by Z_i (1 - Z_i), elementwise",
        ),
        "sigma-prime-of-activation": Entry(
            "sigma' is taken of the activation: sigma'(Z_i) where sigma'(H_i) belongs",
            "use Z_i (1 - Z_i), or call the derivative with H_i instead of Z_i",
        ),
        "activation-as-derivative": Entry(
            "the activation Z_i stands where its derivative belongs",
            "multiply by Z_i (1 - Z_i) instead of Z_i",
        ),
        "sigma-prime-wrong-layer": Entry(
            "delta_i is multiplied by sigma' of a neighbouring layer",
            "use the H or Z of the layer whose delta is computed",
        ),
        "last-layer-closed-form": Entry(
            "the closed form of the last layer, (Z - Y)^T Z_{i-1}, is used for a hidden layer",
            "Z_i - Y is delta of the last layer only; below it, "
            "delta_i = (delta_{i+1} W_{i+1}) * sigma'(H_i)",
        ),
        "output-sigma-prime-kept": Entry(
            "delta_L keeps the factor sigma'(H_L), which cross-entropy cancels",
            "delta_L is (Z_L - Y) / N without sigma'",
        ),
        "squared-error-loss": Entry(
            "delta_L is that of the squared error, 2 (Z_L - Y) sigma'(H_L) / N",
            "for binary cross-entropy delta_L is (Z_L - Y) / N",
        ),
        "naive-derivative": Entry(
            "delta_L is (p-y)/(p(1-p)) times p(1-p), which is 0/0 once p rounds to 0 or 1",
            "cancel the factor on paper: delta_L = (p - y) / N",
        ),
        "epsilon-derivative": Entry(
            "delta_L has a constant added to its denominator p(1-p), which takes gradient away",
            "cancel the factor on paper instead: delta_L = (p - y) / N",
        ),
        "epsilon-loss": Entry(
            "delta_L is the derivative of log(p + epsilon), which takes gradient away",
            "cancel the factor on paper instead: delta_L = (p - y) / N",
        ),
        "clamped-derivative": Entry(
            "p is clipped in the derivative of the loss but not in sigma'",
            "cancel the factor on paper instead: delta_L = (p - y) / N",
        ),
        "torch-bce-derivative": Entry(
            "delta_L is that of torch's BCELoss, whose denominator is at least 1e-12",
            "use the loss with logits (BCEWithLogitsLoss): delta_L = (p - y) / N",
        ),
        "clamped-loss": Entry(
            "delta_L is 0 where p lies outside [epsilon, 1 - epsilon], as a clipped loss has it",
            "do not clip p; compute loss and derivative from the logit",
        ),
        "weight-not-transposed": Entry(
            "delta_{i+1} is carried down by the transpose of the right matrix",
            "with rows as samples and W_i of shape (n_i, n_{i-1}) it is delta_{i+1} W_{i+1}",
        ),
        "gradient-transposed": Entry(
            "dJ/dW_i is transposed",
            "with W_i of shape (n_i, n_{i-1}) it is delta_i^T Z_{i-1}",
        ),
        "wrong-input-activation": Entry(
            "dJ/dW_i is made with the layer's output Z_i where its input belongs",
            "use Z_{i-1}: dJ/dW_i = delta_i^T Z_{i-1}",
        ),
        "weights-updated-too-early": Entry(
            "W_i is updated before delta_{i-1} is computed with it",
            "compute all gradients first, then update all weights",
        ),
        "row-dropped": Entry(
            "the first or the last row is missing from the sums",
            "check the bounds of the loop or slice over rows",
        ),
        "bias-not-summed": Entry(
            "dJ/db_i is delta of one row",
            "sum delta_i over the rows",
        ),
        "bias-averaged": Entry(
            "dJ/db_i is the mean of delta over rows, though delta is divided by N already",
            "sum delta_i over the rows",
        ),
        "sign-flipped": Entry(
            "the sign is wrong",
            "it is z - y, not y - z; and the update subtracts the gradient",
        ),
        "layers-reversed": Entry(
            "the layers are listed from the output to the input",
            "reverse the list: layer 1 is the one next to X",
        ),
        "missing-l2": Entry(
            "the gradient of the L2 penalty is missing",
            "add l2 W_i to dJ/dW_i (l2 is not divided by N)",
        ),
        "l2-on-bias": Entry(
            "the L2 penalty's gradient is added to the biases, which are not penalised",
            "add l2 times the parameter to the weights only",
        ),
        "scaled": Entry(
            "the gradient is a constant multiple of the right one",
            "look for that factor where delta is made",
            generic=True,
        ),
        "zero-gradient": Entry(
            "the gradient is 0 where it should not be",
            "check that it is written at all, and not cut off above",
            generic=True,
        ),
        "non-finite": Entry(
            "the gradient holds nan or inf",
            "look for 0/0 or overflow: log(0), division by p(1-p), exp of a large number",
            generic=True,
        ),
        "unknown": Entry(
            "no known bug explains it",
            "compare delta of the first wrong layer with the formula by hand",
            generic=True,
        ),
    }
)
