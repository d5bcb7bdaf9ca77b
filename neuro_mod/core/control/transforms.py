"""Functions of means of observables, with their responses by the chain rule.

Each takes means, shape ``(..., m)``, and their responses, shape ``(..., W, m, P)``, and returns the values of the
functions, ``(..., k)``, and the responses of these, ``(..., W, k, P)``; NaN where a function is not defined.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Pair = tuple[NDArray[np.float64], NDArray[np.float64]]
#: Means and responses to values and responses.
Transform = Callable[[NDArray[np.float64], NDArray[np.float64]], Pair]


def identity(means: NDArray[np.float64], responses: NDArray[np.float64]) -> Pair:
    """The means themselves."""
    return means, responses


def log_odds(means: NDArray[np.float64], responses: NDArray[np.float64]) -> Pair:
    """Logarithm of the odds of probabilities."""
    with np.errstate(divide="ignore", invalid="ignore"):
        odds, slope = np.log(means / (1 - means)), 1 / (means * (1 - means))
        return odds, slope[..., None, :, None] * responses


def logarithm(means: NDArray[np.float64], responses: NDArray[np.float64]) -> Pair:
    """Natural logarithm of probabilities or rates: the response relative to the mean."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(means), responses / means[..., None, :, None]


def ratio(means: NDArray[np.float64], responses: NDArray[np.float64]) -> Pair:
    """The first half of the means divided by the second half: probabilities given that something is the case."""
    k = means.shape[-1] // 2
    above, below = means[..., :k], means[..., None, k:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        value = above / means[..., k:]
        change = (responses[..., :k, :] - value[..., None, :, None] * responses[..., k:, :]) / below
    return value, change
