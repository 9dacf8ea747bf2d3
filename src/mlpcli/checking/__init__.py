"""Runs whole checks on a user's config, case or gradient."""

from mlpcli.checking.cases import case_from_config
from mlpcli.checking.gradcheck import FormResult, GradcheckResult, gradcheck
from mlpcli.checking.request import find_case, find_gradient

__all__ = [
    "FormResult",
    "GradcheckResult",
    "case_from_config",
    "find_case",
    "find_gradient",
    "gradcheck",
]
