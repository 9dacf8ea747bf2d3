"""Train a sigmoid MLP from a YAML config, and prove its gradients layer by layer.

Names are loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module

from mlpcli.version import __version__

TYPE_CHECKING = False  # as typing has it, whose own import would take 10 ms of every start
if TYPE_CHECKING:
    from typing import Any

    from mlpcli.check.run import gradcheck
    from mlpcli.checked import CheckedGradient, assert_gradient, check_gradient
    from mlpcli.compare.from_config import case_from_config
    from mlpcli.config import Config, load_config
    from mlpcli.data.dataset import Dataset
    from mlpcli.data.material import load_dataset
    from mlpcli.errors import MlpError
    from mlpcli.training.crossval import CrossvalResult, crossval
    from mlpcli.training.evaluate import evaluate
    from mlpcli.training.model_file import Model, load_model
    from mlpcli.training.result import TrainingResult
    from mlpcli.training.run import train

__all__ = [
    "CheckedGradient",
    "Config",
    "CrossvalResult",
    "Dataset",
    "MlpError",
    "Model",
    "TrainingResult",
    "__version__",
    "assert_gradient",
    "case_from_config",
    "check_gradient",
    "crossval",
    "evaluate",
    "gradcheck",
    "load_config",
    "load_dataset",
    "load_model",
    "train",
]

_HOMES = {
    "CheckedGradient": "mlpcli.checked",
    "Config": "mlpcli.config",
    "CrossvalResult": "mlpcli.training.crossval",
    "Dataset": "mlpcli.data.dataset",
    "MlpError": "mlpcli.errors",
    "Model": "mlpcli.training.model_file",
    "TrainingResult": "mlpcli.training.result",
    "assert_gradient": "mlpcli.checked",
    "case_from_config": "mlpcli.compare.from_config",
    "check_gradient": "mlpcli.checked",
    "crossval": "mlpcli.training.crossval",
    "evaluate": "mlpcli.training.evaluate",
    "gradcheck": "mlpcli.check.run",
    "load_config": "mlpcli.config",
    "load_dataset": "mlpcli.data.material",
    "load_model": "mlpcli.training.model_file",
    "train": "mlpcli.training.run",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
