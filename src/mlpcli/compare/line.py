"""The line of logits that a comparison walks along, with the labels 0 and 1 at every point of it.

Where each output reads its own logit only, h alone is all there is to a row. Under a softmax a row
is (h, 0, 0): the first of three labels moves against two that stay; y = 1 says that it is the right
one, y = 0 that the second is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpcli.compare.choices import known_forms
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from mlpcli.nn.losses import Loss
    from mlpcli.nn.sigmoid import FloatArray

__all__ = ["Line"]

_LABELS = 3


@dataclass(frozen=True)
class Line:
    """What the forms of a loss give at points h (N,) of the line, in their dtype."""

    loss: Loss

    @property
    def others(self) -> int:
        """How many logits of 0 stand beside h; a sigmoid is the softmax of (h, 0)."""
        return 1 if self.loss.separable else _LABELS - 1

    @property
    def said(self) -> str:
        """What the logits and labels of a row are, empty where h is all of it."""
        row = ", ".join(["h", *["0"] * self.others])
        first = "y = 1: the label is the first, y = 0: the second"
        return "" if self.loss.separable else f"logits ({row}) of a {self.loss.output}; {first}"

    def loss_at(self, form: str, h: FloatArray, label: int, epsilon: float) -> FloatArray:
        """Return the loss of each row (N,) by a form."""
        value = known_forms(self.loss)[form].value
        losses: FloatArray = value(*self._rows(h, label), epsilon).sum(axis=1)
        return losses

    def gradient(self, form: str, h: FloatArray, label: int, epsilon: float) -> FloatArray:
        """Return dl/dh (N,) by a form."""
        derivative = known_forms(self.loss)[form].derivative
        return derivative(*self._rows(h, label), epsilon)[:, 0]

    def textbook_p(self, h: FloatArray) -> FloatArray:
        """Return the probability (N,) of h as people write it; nan where that overflows."""
        return self.loss.textbook_p(self._logits(h))[:, 0]

    def _logits(self, h: FloatArray) -> FloatArray:
        zeros = 0 if self.loss.separable else self.others
        return np.column_stack([h, np.zeros((h.size, zeros), h.dtype)])

    def _rows(self, h: FloatArray, label: int) -> tuple[FloatArray, FloatArray]:
        """Return the logits and labels (N x K) of the rows."""
        logits = self._logits(h)
        y = np.zeros_like(logits)
        if self.loss.separable:
            y[:] = label
        else:
            y[:, 1 - label] = 1
        return logits, y
