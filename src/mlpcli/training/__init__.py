"""From a dataset to a trained, measured and stored model."""

from mlpcli.training.evaluation import evaluate
from mlpcli.training.fit import train
from mlpcli.training.model_file import Model, load_model, save_model
from mlpcli.training.result import TrainingResult

__all__ = ["Model", "TrainingResult", "evaluate", "load_model", "save_model", "train"]
