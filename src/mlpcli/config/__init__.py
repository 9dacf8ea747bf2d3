"""The YAML config: what it may say, how it is read, and what is wrong with it."""

from mlpcli.config.config import Config
from mlpcli.config.document import json_schema, to_document, to_portable_document, to_yaml
from mlpcli.config.load import load_config, parse_config
from mlpcli.config.optimizers import (
    Adam,
    Constant,
    Cosine,
    Lbfgs,
    Momentum,
    Nesterov,
    OptimizerConfig,
    Plateau,
    ScheduleConfig,
    Sgd,
    Step,
)
from mlpcli.config.schema import (
    DataConfig,
    GradcheckConfig,
    LossConfig,
    NetworkConfig,
    TrainingConfig,
)
from mlpcli.config.values import ClassWeight, Maximize, RowsWhere

__all__ = [
    "Adam",
    "ClassWeight",
    "Config",
    "Constant",
    "Cosine",
    "DataConfig",
    "GradcheckConfig",
    "Lbfgs",
    "LossConfig",
    "Maximize",
    "Momentum",
    "Nesterov",
    "NetworkConfig",
    "OptimizerConfig",
    "Plateau",
    "RowsWhere",
    "ScheduleConfig",
    "Sgd",
    "Step",
    "TrainingConfig",
    "json_schema",
    "load_config",
    "parse_config",
    "to_document",
    "to_portable_document",
    "to_yaml",
]
