"""The whole config: its sections, and the name and the folder of the file that it was read from."""

from collections.abc import Callable, Iterable
from typing import Any, Self

from pydantic import PrivateAttr, model_validator

from mlpcli.config.rules import refuse_conflicts
from mlpcli.config.schema import Sections
from mlpcli.names import is_in_memory
from mlpcli.text import shorten


class Config(Sections):
    """A whole config: only data.train and data.target are required."""

    _name: str = PrivateAttr(default="config")
    _folder: str = PrivateAttr(default=".")

    @property
    def folder(self) -> str:
        """The folder that the file lies in, to which its paths were relative."""
        return self._folder

    @property
    def name(self) -> str:
        """The file's name without folder and suffix, which names the run folder."""
        return self._name

    def with_name(self, name: str) -> Self:
        """Return the same config under another name."""
        copy = self.model_copy()
        copy._name = name
        return copy

    def with_folder(self, folder: str) -> Self:
        """Return the same config as read from another folder; its paths stay as they are."""
        copy = self.model_copy()
        copy._folder = folder
        return copy

    def __repr__(self) -> str:
        target, layers = ", ".join(self.data.target), list(self.network.hidden)
        return f"<Config {self.name}: {shorten(target)} by hidden layers {layers}>"

    __str__ = __repr__

    def with_loss(self, kind: str) -> Self:
        """Return the config with this kind of loss if it names none itself."""
        if self.loss.kind is not None:
            return self
        return self.model_copy(update={"loss": self.loss.model_copy(update={"kind": kind})})

    def with_seed(self, seed: int) -> Self:
        """Return the config with another seed."""
        return self.model_copy(update={"training": self.training.model_copy(update={"seed": seed})})

    def with_train(self, files: Iterable[str]) -> Self:
        """Return the config with other training tables, paths as seen from the current folder."""
        data = self.data.model_copy(update={"train": tuple(files)})
        return self.model_copy(update={"data": data})

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that it names, as files and globs."""
        parts = (getattr(self.data, key) for key in ("train", "validation", "test"))
        return tuple(file for files in parts if isinstance(files, tuple) for file in files)

    def with_paths(self, change: Callable[[str], str]) -> Self:
        """Return the config with every path changed: tables (globs stay globs) and output."""
        data, training = self.data, self.training
        tables = {
            key: tuple(path if is_in_memory(path) else change(path) for path in files)
            for key in ("train", "validation", "test")
            if isinstance(files := getattr(data, key), tuple)
        }
        output = None if training.output is None else change(training.output)
        return self.model_copy(
            update={
                "data": data.model_copy(update=tables),
                "training": training.model_copy(update={"output": output}),
            }
        )

    def __eq__(self, other: object) -> bool:
        """Compare what the config says, not what its file is called."""
        return isinstance(other, Config) and dict(self) == dict(other)

    def __hash__(self) -> int:
        """Fit `__eq__`; the parts most likely to differ are enough."""
        return hash((self.data.train, self.data.target, self.network, self.training.seed))

    @model_validator(mode="before")
    @classmethod
    def _fill_empty_sections(cls, values: Any) -> Any:
        """Take null for no keys: that is a section whose lines are all commented out."""
        if not isinstance(values, dict):
            return values
        return {name: {} if section is None else section for name, section in values.items()}

    @model_validator(mode="after")
    def _refuse_conflicts(self) -> Self:
        refuse_conflicts(self)
        return self
