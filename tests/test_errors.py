"""Every error has an exit code and complete lines; the tree is the one that its module draws."""

from __future__ import annotations

import inspect
import re

import pytest

from mlpcli import errors
from mlpcli.errors import Interrupted, MlpError

CLASSES = [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, MlpError)]


def test_the_tree_is_the_one_drawn() -> None:
    drawn = re.findall(
        r"^ *(?:.*── )?(\w+?Error|Interrupted)\b", errors.__doc__ or "", re.MULTILINE
    )
    assert sorted(drawn) == sorted(c.__name__ for c in CLASSES)
    inputs = {c.__name__ for c in CLASSES if issubclass(c, errors.InputError)}
    assert inputs == {
        "InputError",
        "UsageError",
        "ConfigError",
        "DataError",
        "ModelError",
        "CaseError",
    }


def test_all_names() -> None:
    public = {
        name
        for name, value in vars(errors).items()
        if getattr(value, "__module__", "") == errors.__name__
    }
    assert set(errors.__all__) == public


@pytest.mark.parametrize(
    "kind", [c for c in CLASSES if c not in {MlpError, Interrupted}], ids=lambda c: str(c.__name__)
)
def test_exit_codes_and_lines(kind: type[MlpError]) -> None:
    error = kind("one", "two")
    assert error.exit_code == (74 if kind is errors.StorageError else 2)
    assert error.lines == ("one", "two")
    assert str(error) == "one\ntwo"


@pytest.mark.parametrize(("signum", "status"), [(2, 130), (15, 143)])
def test_interrupted(signum: int, status: int) -> None:
    error = Interrupted(signum, "saved")
    assert (error.exit_code, error.lines) == (status, ("saved",))
