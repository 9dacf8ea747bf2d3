"""What `mlp gradcheck` checks: the case of a config or of a file, one that is drawn, or its own."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any

from mlpcli.cli.command import find_case
from mlpcli.errors import UsageError
from mlpcli.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlpcli.check.case import Case
    from mlpcli.check.given.layout import Layout
    from mlpcli.cli.gradcheck_options import Given, Said, Subject
    from mlpcli.config import Config

__all__ = ["Subjects", "find_subjects", "refuse_unfit_options"]


@dataclass(frozen=True)
class Subjects:
    """The cases by name, and whether somebody stated what J is, or it was assumed.

    `smaller` are cases of fewer layers than the built-in ones have, by their sizes.
    """

    cases: Mapping[str, Case]
    stated: bool
    smaller: Mapping[str, Case] = field(default_factory=dict)


def refuse_unfit_options(config: Path | None, subject: Subject, given: Given) -> None:
    """Raise UsageError where options contradict each other, or nothing says what to check."""
    if subject.case is not None and subject.network is not None:
        raise UsageError("--case and --network: each is a case of its own; leave one out")
    if config is not None and subject.network is not None:
        raise UsageError("--network draws a network of its own; leave out CONFIG")
    drawn = "CONFIG" if config is not None else "--case" if subject.case is not None else None
    if drawn is not None and subject.seed is not None:
        raise UsageError(f"--seed is for a case that is drawn; leave it out with {drawn}")
    if subject.case is not None and (subject.model is not None or subject.rows is not None):
        raise UsageError("--case brings its own weights and rows; leave out --model and --rows")
    if config is None and subject.model is not None:
        raise UsageError("--model has the weights for a CONFIG, and none is given")
    if drawn is None and subject.network is None:
        if given.gradient is None and given.plant is None and not given.template:
            raise UsageError(
                "expected a CONFIG, --case FILE or --network SIZES; or --gradient FILE|FUNCTION "
                "or --plant BUG, which need none of them; --template prints a starter"
            )
        if subject.rows is not None:
            raise UsageError("--rows: the built-in cases have their own; give --network SIZES too")


def find_subjects(config: Config | None, subject: Subject, said: Said, layout: Layout) -> Subjects:
    """Return what is checked, after `refuse_unfit_options`; a file is in this layout.

    Raises UsageError for a slope where the activation has none to choose.
    """
    subjects = _subjects(config, subject, said, layout)
    activation = next(iter(subjects.cases.values())).network.activation
    if said.slope is not None and activation.chosen_slope is None:
        from mlpcli.nn.activations import ACTIVATIONS, activation_by

        have = [name for name in ACTIVATIONS if activation_by(name).chosen_slope is not None]
        raise UsageError(
            f"--slope: {activation.name} has none to choose; add --activation {' or '.join(have)}"
        )
    return subjects


def _subjects(config: Config | None, subject: Subject, said: Said, layout: Layout) -> Subjects:
    changes = said.keywords()
    stated = config is not None or bool({"loss", "reduction"} & changes.keys())
    if subject.case is not None:
        return _from_file(config, subject.case, changes, layout, stated=stated)

    from mlpcli.check.built_in import (
        built_in_cases,
        drawn_case,
        labelled_for,
        smaller_cases,
        with_fresh_biases,
    )
    from mlpcli.check.convention import Convention, convention_of

    if config is not None:
        case = find_case(config, model=subject.model, rows=subject.rows)
        if subject.model is None:
            case = with_fresh_biases(case, config.training.seed)
        convention = convention_of(case).with_said(**changes)
        return Subjects({"config": convention.applied(case)}, stated)
    convention = Convention().with_said(**changes)
    smaller: dict[str, Case] = {}
    if subject.network is None:
        cases, smaller = built_in_cases(convention, subject.seed), smaller_cases(convention)
    else:
        size = {} if subject.rows is None else {"rows": subject.rows}
        drawn = drawn_case(_sizes(subject.network), convention, seed=subject.seed or 0, **size)
        cases = {"drawn": drawn}
    return Subjects(labelled_for(layout, cases), stated, labelled_for(layout, smaller))


def _sizes(text: str) -> list[int]:
    parts = text.split("-")
    if len(parts) < 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise UsageError(f'--network: expected sizes from input to output, as 3-5-2, got "{text}"')
    return [int(part) for part in parts]


def _from_file(
    config: Config | None, file: Path, changes: dict[str, Any], layout: Layout, *, stated: bool
) -> Subjects:
    """Return the case of a file, with the objective of the config if there is one.

    Raises UsageError where the config weighs rows and the case does not.
    """
    from mlpcli.check.convention import Convention
    from mlpcli.check.exchange import read_case_file

    found, rate = read_case_file(file, layout), None
    convention = found.convention or Convention()
    if config is not None:
        from mlpcli.compare.from_config import said_by

        labels = found.network.sizes[-1] if len(config.data.target) == 1 else 1
        if found.convention is None and labels > 1:
            convention = Convention(loss="cross_entropy")
        convention = convention.with_said(**said_by(config))
        rate = config.training.optimizer.learning_rate
    case = found.case(convention.with_said(**changes), rate)
    weighs = config is not None and (config.loss.class_weight or config.data.weight) is not None
    if weighs and case.omega is None:
        raise UsageError(
            f"{file}: has no omega, but the config weighs rows or classes; dump the case "
            "with this config, or leave the weights out"
        )
    return Subjects({"file": case}, stated or found.convention is not None)
