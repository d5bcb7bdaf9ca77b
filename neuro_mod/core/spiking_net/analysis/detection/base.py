"""What every detector of active clusters gives, and what it must be given."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.errors import invalid


class Detection(NamedTuple):
    """Which clusters are active in a session, and above which rates.

    Args:
        active: Shape ``(n_samples, n_clusters)``.
        thresholds: Rate in Hz above which each cluster counts as active, shape ``(n_clusters,)``.
        fitted: Whether the thresholds separate two states that were found in the rates of the session; never where
            the method does not look for them.
    """

    active: NDArray[np.bool_]
    thresholds: NDArray[np.float64]
    fitted: bool = False


class Detector(ABC):
    """A rule by which clusters are active or not.

    Each session is detected on its own: every repeat is another network.
    """

    @abstractmethod
    def detect(self, rates: NDArray[np.floating]) -> Detection:
        """Which clusters are active when.

        Args:
            rates: Smoothed rates in Hz of the clusters that define states, of one session, shape
                ``(n_samples, n_clusters)``; NaN for a cluster without neurons, which is never active.

        Returns:
            Activity of the same shape.
        """


def check_not_negative(**parameters: float) -> None:
    """Refuse parameters that are no numbers, negative or not finite.

    Raises:
        ValueError: The message names parameter and value.
    """
    for name, value in parameters.items():
        if not isinstance(value, Real) or not 0 <= value < math.inf:
            raise invalid(name, value, "a finite number of at least 0")
