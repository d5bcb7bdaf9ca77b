"""Interface of all detectors of active clusters."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
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
    """A rule for which clusters are active; most apply it to each session alone, as repeats are different networks."""

    def in_recording(self, mean_rates: Callable[[], NDArray[np.float64]]) -> Detector:
        """The detector for the sessions of a recording.

        Args:
            mean_rates: Returns the mean rate in Hz of each cluster that defines states over all sessions, shape
                ``(n_clusters,)``; called only if the rule needs it, as that takes a pass over the spikes.
        """
        del mean_rates
        return self

    def with_thresholds(self, thresholds: NDArray[np.float64]) -> Detector:
        """The detector for a session in which it found these thresholds; they are needed if others determine them."""
        del thresholds
        return self

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
