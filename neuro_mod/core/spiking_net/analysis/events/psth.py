"""Peristimulus time histograms: rates around events, averaged over epochs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from neuro_mod.core.spiking_net.analysis.events.epoch_spikes import EpochSpikes, window_counts, windows_in
from neuro_mod.core.spiking_net.analysis.rates.units import Units


def psth(spikes: EpochSpikes, units: Units, bin_ms: float) -> pd.DataFrame:
    """Mean rate of each unit in each bin around the event.

    Args:
        spikes: The epochs.
        units: Clusters or neurons.
        bin_ms: Bins in ms, whole multiples of the time step; a last, incomplete one is left out.

    Returns:
        Columns ``time`` (middle of the bin in seconds from the event), ``unit`` (label of a cluster or number of a
        neuron), ``rate_hz`` (per neuron), ``standard_error`` (of the mean over epochs; NaN with a single epoch).
    """
    n_units, bins = len(units.labels), windows_in(spikes, bin_ms, bin_ms, "bin_ms")
    total = np.zeros((bins.n, n_units), np.int64)
    squares = np.zeros_like(total)
    n = 0
    for counts in window_counts(spikes, bins, units.of_neuron, n_units):
        total += counts
        squares += counts**2
        n += 1
    to_rate = 1 / (units.sizes * bins.width * spikes.delta_t)
    columns = {
        "time": np.repeat(bins.times(spikes), n_units),
        "unit": np.tile(units.labels, bins.n),
        "rate_hz": (total / n * to_rate).ravel(),
        "standard_error": (standard_error(total, squares, n) * to_rate).ravel(),
    }
    return pd.DataFrame(columns)


def standard_error(total: np.ndarray, squares: np.ndarray, n: int) -> np.ndarray:
    """Standard error of a mean, given the sum of n values and that of their squares; NaN for fewer than 2."""
    if n < 2:
        return np.full(np.shape(total), np.nan)
    return np.sqrt(np.maximum(squares - total**2 / n, 0) / (n - 1) / n)
