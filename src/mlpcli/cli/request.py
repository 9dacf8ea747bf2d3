"""Turns what a user asks to have checked, a config, a case, a gradient, into what is checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpcli.check.exchange import read_case, read_gradient, write_case
from mlpcli.check.given import load_function, run_function
from mlpcli.compare.on_data import case_from_config, objective_keywords
from mlpcli.errors import UsageError
from mlpcli.files import atomic_file, refuse_existing
from mlpcli.training.model_file import load_model

if TYPE_CHECKING:
    from mlpcli.check.bugs.diagnosis import Diagnosis
    from mlpcli.check.case import Case
    from mlpcli.config import Config
    from mlpcli.nn.network import Parameters

__all__ = ["check_options", "dump_case", "find_case", "find_gradient"]


def find_case(
    config: Config | None,
    *,
    case_file: Path | None = None,
    model: Path | None = None,
    rows: int | None = None,
) -> Case:
    """Return the case of a file, with the objective of the config if there is one, or of a config.

    Raises UsageError where neither is given or the options contradict each other.
    """
    if case_file is not None:
        if model is not None or rows is not None:
            raise UsageError("--case brings its own weights and rows; leave out --model and --rows")
        case = read_case(case_file, **({} if config is None else objective_keywords(config)))
        if config is not None and case.omega is None and _weighs(config):
            raise UsageError(
                f"{case_file}: has no omega, but the config weighs rows or classes; dump the case "
                "with this config, or leave the weights out"
            )
        return case
    if config is None:
        raise UsageError("expected a CONFIG or --case FILE; see mlp gradcheck --help")
    loaded = None if model is None else load_model(model)
    wanted = config.gradcheck.rows if rows is None else rows
    return case_from_config(config, model=loaded, rows=wanted)


def _weighs(config: Config) -> bool:
    return config.loss.class_weight is not None or config.data.weight is not None


def dump_case(case: Case, path: Path, *, force: bool) -> None:
    """Write the case to a file that is not there yet, or with `force` to any."""
    if path.suffix not in {".npz", ".safetensors"}:
        raise UsageError(f"--dump {path}: expected a name that ends in .npz or .safetensors")
    refuse_existing(path, force=force)
    with atomic_file(path) as file:
        write_case(case, file, path.suffix)


def find_gradient(name: str, case: Case) -> tuple[Parameters, tuple[Diagnosis, ...]]:
    """Return the gradient of a file, or of a function "package.module:function" run on the case.

    With it comes what was found out about the function. Raises CaseError where the gradient cannot
    be had or does not fit the case.
    """
    path = Path(name)
    if path.suffix in {".npz", ".safetensors"} or path.exists():
        return read_gradient(path, case), ()
    run = run_function(load_function(name), name, case)
    return run.gradient, run.misbehaviour


def check_options(
    config: Config | None, method: str | None, tolerance: float | None, derivative: str | None
) -> dict[str, Any]:
    """Return the keywords of a check: the command line's, else the config's, else the defaults."""
    options: dict[str, Any] = {}
    if config is not None:
        section = config.gradcheck
        options = {"method": section.method, "tolerance": section.tolerance, "step": section.step}
        options |= {"form": config.loss.derivative, "epsilon": config.loss.epsilon}
        if derivative is not None and config.loss.kind == "mse":
            raise UsageError("--derivative: the mse has one form only; leave it out")
    given = {"method": method, "tolerance": tolerance, "form": derivative}
    return options | {name: value for name, value in given.items() if value is not None}
