"""Finds the word for yes among two labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlpcli.data.labels import Label, label_text

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["word_for_yes"]

_YES_WORDS = """
    yes y true positive pos case cases present presence abnormal malignant sick ill disease
    diseased patient pd affected infected exposed default defaulted churn churned fraud spam
    attack fail failed failure defect bad dead died death deceased survived win won click
    clicked accept accepted approved bought responder treated + >50k
    sí si oui ja sim da tak igen evet wahr vrai verdadero vero waar
"""
_NO_WORDS = """
    no n false negative neg control controls absent absence normal benign healthy well none
    unaffected uninfected unexposed alive ham legitimate ok good pass passed stayed lost loss
    reject rejected declined nonresponder untreated placebo - <=50k hc
    non nein nee não nao nie nem hayır falsch faux falso onwaar
"""
_YES, _NO = frozenset(_YES_WORDS.split()), frozenset(_NO_WORDS.split())
_DENIED = re.compile(r"(no|not|non|without)[ _-].+")


def word_for_yes(labels: Sequence[Label]) -> Label | None:
    """Return the one of two labels that says yes, or whose other says no; None if words do not."""
    first, second = (label_text(label).strip().lower().rstrip(".") for label in labels)
    if {first, second} == {"t", "f"}:  # an f alone may be female
        return labels[first == "f"]
    denied = [_says_no(word) for word in (first, second)]
    if denied[0] != denied[1]:
        return labels[denied.index(False)]
    affirmed = [word in _YES for word in (first, second)]
    return labels[affirmed.index(True)] if affirmed[0] != affirmed[1] else None


def _says_no(word: str) -> bool:
    return word in _NO or bool(_DENIED.fullmatch(word))
