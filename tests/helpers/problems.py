"""What is wrong with a configuration, as users are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from neuro_mod.errors import ConfigError


def problems_of(load: Callable[..., Any], *arguments: Any, **options: Any) -> list[str]:
    """Lines of the error of a loader, one for each problem, free of the words of those who wrote the loader."""
    with pytest.raises(ConfigError) as caught:
        load(*arguments, **options)
    lines = str(caught.value).splitlines()
    assert len(lines) == len(caught.value.problems)
    for word in ("pydantic", "Input should", "tuple", "Union", "<one>", "<many>", "Traceback"):
        assert word not in str(caught.value)
    return lines
