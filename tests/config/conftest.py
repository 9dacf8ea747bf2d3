"""What the tests of the config share: the lines with which a config is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mlpcli.config import parse_config
from mlpcli.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def refused() -> Callable[..., list[str]]:
    def lines(text: str, *overrides: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            parse_config(text, "c.yaml", overrides=overrides)
        assert caught.value.exit_code == 2
        assert all(line.isprintable() for line in caught.value.lines)
        return list(caught.value.lines)

    return lines
