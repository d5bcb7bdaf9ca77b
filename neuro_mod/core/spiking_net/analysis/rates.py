"""Firing rates of populations, from spike events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from neuro_mod.core.spiking_net.spikes import SpikeEvents

#: Width of the Gaussian kernel behind a cluster's rate, in seconds.
KERNEL_WIDTH = 25e-3
#: A cluster whose rate exceeds this many Hz counts as active.
ACTIVE_RATE = 20.0


def mean_rates(spikes: SpikeEvents, population: NDArray[np.int64], n_populations: int) -> NDArray[np.float64]:
    """Mean rate per neuron of each population over the whole run.

    Args:
        spikes: The spikes.
        population: Population of each neuron, shape ``(n_neurons,)``.
        n_populations: Number of populations.

    Returns:
        Rates in Hz, shape ``(n_populations,)``; NaN where a population is empty or the run has no length.
    """
    counts = np.bincount(population[spikes.neurons], minlength=n_populations)
    with np.errstate(invalid="ignore", divide="ignore"):
        return counts / (np.bincount(population, minlength=n_populations) * spikes.duration)


def smoothed_rates(
    spikes: SpikeEvents,
    population: NDArray[np.int64],
    n_populations: int,
    *,
    kernel_width: float = KERNEL_WIDTH,
    sampling: float = 5e-3,
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Rate per neuron of each population over time, smoothed with a Gaussian.

    Args:
        spikes: The spikes.
        population: Population of each neuron, shape ``(n_neurons,)``.
        n_populations: Number of populations.
        kernel_width: Standard deviation of the Gaussian in seconds; at the borders the run is mirrored.
        sampling: Distance of two samples in seconds, rounded to whole steps.

    Returns:
        Sample times in seconds, shape ``(n_samples,)``, and rates in Hz, shape ``(n_samples, n_populations)``; NaN
        where a population is empty. A last, incomplete bin is left out.
    """
    steps_per_bin = max(1, round(sampling / spikes.delta_t))
    n_bins = spikes.n_steps // steps_per_bin
    bins = spikes.steps // steps_per_bin
    complete = bins < n_bins
    cell = bins[complete].astype(np.int64) * n_populations + population[spikes.neurons[complete]]
    counts = np.bincount(cell, minlength=n_bins * n_populations).reshape(n_bins, n_populations)
    width = steps_per_bin * spikes.delta_t
    with np.errstate(invalid="ignore", divide="ignore"):
        rates = counts / (np.bincount(population, minlength=n_populations) * width)
    times = (np.arange(n_bins) + 0.5) * width
    return times, gaussian_filter1d(rates, kernel_width / width, axis=0) if n_bins else rates
