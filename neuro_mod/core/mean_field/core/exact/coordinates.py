"""Coordinates of a response table, in which the response is smooth from no noise to a rate of almost 0.

With the reset at 0 and the threshold at 1, u = 1 - mu is the distance of the free voltage from the threshold, and
``s = sigma / sqrt(1 + a)`` its noise, root of twice its stationary variance. Then ``w - 1/w = u / s`` and
``rho = sqrt(u^2 + 4 s^2) = s (w + 1/w)``: w grows from 0 (no noise, above the threshold) through 1 (at the threshold)
like u / s, and rates fall like exp(-w^2); rho is a distance from the point mu = 1, sigma = 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

#: Points of a table: w at the middles of equal cells from 0 on, and the logarithm of rho.
W = (np.arange(36) + 0.5) * 0.13
LOG_RHO = np.linspace(np.log(0.04), np.log(100.0), 40)


def inputs(w: float, log_rho: float, ratio: float) -> tuple[float, float]:
    """Mean and noise of the free voltage at a point of a table.

    Args:
        w: Coordinate w.
        log_rho: Logarithm of rho.
        ratio: Synaptic over membrane time constant a.
    """
    spread = np.exp(log_rho) / (w + 1 / w)
    return float(1 - (w - 1 / w) * spread), float(spread * np.sqrt(1 + ratio))
