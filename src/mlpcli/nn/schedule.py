"""The learning rate of each epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["Schedule"]


@dataclass
class Schedule:
    """The learning rate as a function of the epoch; `plateau` also of the validation loss.

    The state, two numbers that only `plateau` uses, is public so that a checkpoint can keep it:
    `scale` is what the rate has been multiplied by, `waited` how many epochs brought no new best.
    """

    base: float
    epochs: int
    kind: str = "constant"
    every: int = 1
    factor: float = 1.0
    floor: float = 0.0
    patience: int = 0
    scale: float = 1.0
    waited: int = 0

    def rate(self, epoch: int) -> float:
        """Return the learning rate of an epoch, counted from 1; cosine ends at the floor itself."""
        done = epoch - 1
        if self.kind == "cosine":  # Loshchilov and Hutter 2017, eq. 5, one period
            share = done / (self.epochs - 1) if self.epochs > 1 else 0.0
            wave = (1 + math.cos(math.pi * share)) / 2
            return self.floor + (self.base - self.floor) * wave
        if self.kind == "step":
            return self.base * self.factor ** (done // self.every)
        return self.base * self.scale

    def observe(self, *, improved: bool) -> None:
        """Take note of whether an epoch brought a new best validation loss.

        `patience` counts as it does for early stopping: so many epochs without one are enough.
        """
        if self.kind != "plateau":
            return
        self.waited = 0 if improved else self.waited + 1
        if self.waited >= self.patience:
            self.scale *= self.factor
            self.waited = 0
