"""All known bugs by name, the specific before the general where they are made alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.check.bugs import delta, forms, output, tensors

if TYPE_CHECKING:
    from mlpcli.check.bugs.record import Bug

__all__ = ["BUGS"]

BUGS: dict[str, Bug] = {
    bug.name: bug
    for related in (output.BUGS, forms.BUGS, delta.BUGS, tensors.BUGS)
    for bug in related
}
