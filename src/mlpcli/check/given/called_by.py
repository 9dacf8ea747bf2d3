"""What people call the parameters of their functions, and what each name says that it takes."""

from __future__ import annotations

__all__ = ["BATCHES", "COUNTS", "HOLDERS", "RATES", "role_of"]

RATES = ("lr", "learning_rate", "eta", "alpha", "rate", "step_size")
# How many steps a trainer makes: one, when a step is asked for.
COUNTS = ("epochs", "n_epochs", "num_epochs", "epoch", "iterations", "num_iterations",
           "n_iterations", "iters", "num_iters", "n_iter", "max_iter", "steps", "n_steps",
           "num_steps")  # fmt: skip
HOLDERS = {"params", "parameters", "param", "p", "model", "net", "network", "layers", "variables"}
BATCHES = {"batch", "minibatch", "mini_batch", "data", "xy"}
_ROLES = {
    "weights": ("weights", "weight", "w", "ws", "theta", "thetas", "params", "parameters"),
    "biases": ("biases", "bias", "b", "bs"),
    "X": ("x", "xs", "inputs", "input", "data", "features", "x_train", "x_batch"),
    "y": ("y", "ys", "t", "targets", "target", "labels", "label", "y_train", "y_true", "y_batch"),
}


def role_of(name: str) -> str | None:
    """Return which of weights, biases, X and y a parameter of this name takes, None if untold."""
    return next((role for role, known in _ROLES.items() if name.lower() in known), None)
