"""Cells of the voltage between the lowest voltage that is reached and the threshold, with a face at the reset."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_Array = NDArray[np.float64]

#: Lengths of cells: relative to the standard deviation of the free voltage, to the distance from its mean, to the layer
#: in which the current is remembered at threshold and reset, and to the distance from these.
_OF_SPREAD, _OF_DISTANCE, _OF_LAYER, _GROWTH = 0.7, 0.35, 0.05, 0.8
#: No layer is thinner than this part of the distance between reset and threshold.
_THINNEST = 1e-4
_SAMPLES = 2001
#: Layer and thinnest layer for smaller ratios of time constants than this, where layers are thin.
_FAST, _FAST_LAYER, _FAST_THINNEST = 0.005, 0.2, 1e-6


def faces(mean: float, noise: float, ratio: float, lowest: float) -> tuple[_Array, int]:
    """Faces of the cells, and which one is the reset.

    Args:
        mean: Mean of the free voltage, with the reset at 0 and the threshold at 1.
        noise: Its noise.
        ratio: Synaptic over membrane time constant.
        lowest: The lowest voltage, not above 0.
    """
    above = _divided(0.0, 1.0, mean, noise, ratio)
    if lowest >= 0.0:
        return above, 0
    below = _divided(lowest, 0.0, mean, noise, ratio)
    return np.concatenate([below[:-1], above]), len(below) - 1


def _divided(low: float, high: float, mean: float, noise: float, ratio: float) -> _Array:
    # half of the samples are spaced like a geometric series from both ends, so that no layer is missed
    fine = np.geomspace(1e-7, 0.5, _SAMPLES)
    parts = np.unique(np.concatenate([[0.0], fine, 1 - fine, [1.0], np.linspace(0, 1, _SAMPLES)]))
    voltage = low + (high - low) * parts
    fast = ratio < _FAST
    of_layer, thinnest = (_FAST_LAYER, _FAST_THINNEST) if fast else (_OF_LAYER, _THINNEST)
    layer = max(of_layer * noise * np.sqrt(ratio), thinnest)
    length = np.minimum.reduce(
        [
            _OF_SPREAD * noise / np.sqrt(2 * (1 + ratio)) + _OF_DISTANCE * np.abs(voltage - mean),
            layer + _GROWTH * np.abs(1 - voltage),
            layer + _GROWTH * np.abs(voltage),
        ]
    )
    density = 1 / length
    count = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2 * np.diff(voltage))])
    n = max(1, int(np.ceil(count[-1])))
    found = np.interp(np.linspace(0, count[-1], n + 1), count, voltage)
    found[0], found[-1] = low, high
    return found
