"""Numbers in the form of JSON, which knows neither NaN nor infinity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def json_value(value: Any) -> Any:
    """None in place of a number that is not finite, a number of Python in place of one of NumPy; others as they are."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value


def json_row(row: Mapping[Any, Any]) -> dict[Any, Any]:
    """All values of a row likewise."""
    return {name: json_value(value) for name, value in row.items()}
