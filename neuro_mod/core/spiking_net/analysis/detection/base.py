"""Interface of all detectors of active clusters."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import invalid


class Detection(NamedTuple):
    """Active clusters of a session, and the thresholds of their rates.

    Args:
        active: Shape ``(n_samples, n_clusters)``.
        thresholds: Rate in Hz above which each cluster counts as active, shape ``(n_clusters,)``.
        fitted: Whether the thresholds separate two states found in the rates of the session; False for methods that
            do not search for them.
    """

    active: NDArray[np.bool_]
    thresholds: NDArray[np.float64]
    fitted: bool = False


class Detector(ABC):
    """A rule for which clusters are active; applied to each session alone, as repeats are different networks."""

    @abstractmethod
    def detect(self, rates: NDArray[np.floating]) -> Detection:
        """Detect active clusters.

        Args:
            rates: Smoothed rates in Hz of the clusters that define states, of one session, shape
                ``(n_samples, n_clusters)``; NaN for a cluster without neurons, which is never active.

        Returns:
            Activity of the same shape.
        """


def check_not_negative(**parameters: float) -> None:
    """Refuse parameters that are not finite numbers of at least 0.

    Raises:
        InputError: The message names parameter and value.
    """
    for name, value in parameters.items():
        if not isinstance(value, Real) or not 0 <= value < math.inf:
            raise invalid(name, value, "a finite number of at least 0")
