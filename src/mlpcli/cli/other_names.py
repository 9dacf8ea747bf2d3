"""What people call commands, options and scores elsewhere, and what these are called here."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from mlpcli.cli.kinds import command_for
from mlpcli.names import SCORES
from mlpcli.text import did_you_mean, one_of

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["command_hint", "option_hint", "score_hint"]

_COMMANDS = {
    "check": "gradcheck",
    "classify": "predict",
    "compare": "compare-losses",
    "cross-validate": "crossval",
    "cv": "crossval",
    "demo": "example",
    "eval": "evaluate",
    "examples": "example",
    "explain": "chain",
    "fit": "train",
    "grad-check": "gradcheck",
    "gradient": "gradcheck",
    "infer": "predict",
    "list": "runs",
    "losses": "compare-losses",
    "new": "init",
    "schema": "config schema",
    "score": "evaluate",
    "show": "config show",
    "start": "init",
    "test": "evaluate",
    "validate": "config check",
    "version": "--version",
}
_OPTIONS = {
    "--activation-function": "--activation",
    "--batch": "--batch-size",
    "--bug": "--plant",
    "--check": "--gradient",
    "--column": "--target",
    "--eta": "--learning-rate",
    "--eps": "--epsilon",
    "--function": "--gradient",
    "--grad": "--gradient",
    "--hidden-layers": "--hidden",
    "--label": "--target",
    "--layers": "--hidden",
    "--lr": "--learning-rate",
    "--no-color": "--color never",
    "--no-colour": "--color never",
    "--outdir": "--out",
    "--overwrite": "--force",
    "--output": "--out",
    "--rate": "--learning-rate",
    "--silent": "--quiet",
    "--sizes": "--network",
    "--tol": "--tolerance",
    "--traceback": "--debug",
    "--verbose": "--debug",
    "--weights": "--model",
    "--colour": "--color",
    "-f": "--force",
    "-o": "--out",
}

_SCORES = {
    "acc": "accuracy",
    "ap": "pr_auc",
    "auc": "roc_auc",
    "auroc": "roc_auc",
    "average_precision": "pr_auc",
    "bce": "loss",
    "cross_entropy": "loss",
    "f1_score": "f1",
    "log_loss": "loss",
    "logloss": "loss",
    "matthews_corrcoef": "mcc",
    "sensitivity": "recall",
    "tpr": "recall",
}


def command_hint(name: str, known: Collection[str]) -> str:
    """Return what to say of a command that is not there: another's name, or where a file goes."""
    other = _COMMANDS.get(name)
    if other is not None and (other.partition(" ")[0] in known or other.startswith("-")):
        return f', did you mean "mlp {other}"?'
    command = command_for(name) if "train" in known else None
    return did_you_mean(name, known) if command is None else f', did you mean "{command}"?'


def option_hint(name: str, context: Any) -> str:
    """Return what to say of an option that a command does not have: another, or a key to --set."""
    known = {opt for parameter in context.command.params for opt in parameter.opts}
    other = _OPTIONS.get(name)
    if other is not None and other.partition(" ")[0] in known:
        return f", did you mean {other}?"
    if "--set" in known:
        from mlpcli.config.keys import places_of

        key = name.lstrip("-").replace("-", "_")
        places = [place for place in places_of(key) if place.endswith(f".{key}")]
        if places:
            return f", did you mean --set {places[0]}=..?"
    nearest = get_close_matches(name, known, n=1, cutoff=0.75)
    return f", did you mean {nearest[0]}?" if nearest else ""


def score_hint(name: str) -> str:
    """Return the score that is meant by a name as a question, or else all scores."""
    plain = name.lower().replace("-", "_")
    meant = plain if plain in SCORES else _SCORES.get(plain)
    return one_of(name, SCORES) if meant is None else f', did you mean "{meant}"?'
