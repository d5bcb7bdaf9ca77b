"""Checks of arrays of unknown origin."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import DataError


def are_whole(array: NDArray[Any]) -> bool:
    """Whether all numbers are whole, also as floats, as MATLAB saves them."""
    if np.issubdtype(array.dtype, np.floating):
        return bool(np.isfinite(array).all() and (array == np.floor(array)).all())
    return np.issubdtype(array.dtype, np.integer)


def describe(array: NDArray[Any]) -> str:
    """Type and shape of an array, for messages."""
    return f"{array.dtype} of shape {array.shape}"


def single_number(value: ArrayLike, where: str) -> float:
    """The only number in an array.

    Raises:
        DataError: The array holds something else.
    """
    array = np.asarray(value)
    if array.size != 1 or array.dtype.kind not in "uif":
        raise DataError(f"{where}: {describe(array)} found; expected a number")
    return array.item()
