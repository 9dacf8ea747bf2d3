"""How lines look in a picture: told apart by colour-blind eyes, and in print without colour."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from mlpcli.text import printable

__all__ = ["THIN", "legend_beside", "plain", "styles"]

# Okabe and Ito's colours but yellow, which is too pale on paper.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.2)), (0, (5, 1.5, 1, 1.5)), (0, (8, 3)))
_LONGEST = 90
THIN = MappingProxyType({"color": "dimgrey", "linewidth": 1, "linestyle": (0, (1, 2))})


def styles(count: int) -> list[dict[str, Any]]:
    """Return so many styles of line, no two alike up to 35."""
    return [
        {
            "color": _COLOURS[k % len(_COLOURS)],
            "linestyle": _DASHES[k % len(_DASHES)],
            "linewidth": 1.6,
        }
        for k in range(count)
    ]


def plain(text: str) -> str:
    """Return a user's text for a picture: on one line, not too long, no dollar taken for TeX."""
    short = printable(text)
    if len(short) > _LONGEST:
        short = ".." + short[2 - _LONGEST :]
    return short.replace("$", r"\$")


def legend_beside(axes: Any) -> None:
    """Put the legend to the right of the panel, where it hides nothing."""
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize=9)
