"""Firing rates of populations, from spike counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import Kernel
from neuro_mod.core.spiking_net.analysis.rates.kernels import filtered
from neuro_mod.recordings.spikes import SpikeEvents

#: Width of the smoothing kernel (of a Gaussian: its standard deviation), in seconds.
KERNEL_WIDTH = 25e-3
#: Sampling interval of rates, in seconds.
SAMPLING = 5e-3
#: A cluster whose rate exceeds this many Hz counts as active.
ACTIVE_RATE = 20.0
#: Spikes that are counted together: few enough for the cache of a core.
_TOGETHER = 2**14


def mean_rates(
    spike_counts: NDArray[np.integer], population: NDArray[np.int64], n_populations: int, duration: float
) -> NDArray[np.float64]:
    """Mean rate per neuron of each population over the whole run.

    Args:
        spike_counts: Spikes of each neuron, shape ``(n_neurons,)``.
        population: Population of each neuron, shape ``(n_neurons,)``.
        n_populations: Number of populations.
        duration: Length of the run in seconds.

    Returns:
        Rates in Hz, shape ``(n_populations,)``; NaN where a population is empty or the run has no length.
    """
    counts = np.bincount(population, weights=spike_counts, minlength=n_populations)
    with np.errstate(invalid="ignore", divide="ignore"):
        return counts / (np.bincount(population, minlength=n_populations) * duration)


def population_counts(
    spikes: SpikeEvents, population: NDArray[np.int64], n_populations: int, bin_steps: int
) -> NDArray[np.int64]:
    """Spikes of each population in each bin.

    Args:
        spikes: The spikes.
        population: Population of each neuron, shape ``(n_neurons,)``.
        n_populations: Number of populations.
        bin_steps: Steps in a bin.

    Returns:
        Counts of shape ``(n_bins, n_populations)``. A last, incomplete bin is left out.
    """
    n_bins = spikes.n_steps // bin_steps
    n_complete = int(np.searchsorted(spikes.steps, np.array(n_bins * bin_steps, spikes.steps.dtype)))
    counts = np.zeros(n_bins * n_populations, np.int64)
    for begin in range(0, n_complete, _TOGETHER):
        end = min(begin + _TOGETHER, n_complete)
        cell = (spikes.steps[begin:end] // bin_steps).astype(np.int64) * n_populations
        first = int(cell[0])
        cell += population[spikes.neurons[begin:end]] - first
        found = np.bincount(cell)
        counts[first : first + len(found)] += found
    return counts.reshape(n_bins, n_populations)


def sampled_counts(
    spikes: SpikeEvents, population: NDArray[np.int64], n_populations: int, sampling: float
) -> tuple[NDArray[np.int64], float]:
    """Spikes of each population in each bin, and the width of the bins in seconds.

    Args:
        spikes: The spikes.
        population: Population of each neuron, shape ``(n_neurons,)``.
        n_populations: Number of populations.
        sampling: Requested width in seconds, rounded to whole steps; a run shorter than a bin is one bin.
    """
    bin_steps = max(1, min(steps_per_sample(spikes.delta_t, sampling), spikes.n_steps))
    return population_counts(spikes, population, n_populations, bin_steps), bin_steps * spikes.delta_t


def binned_rates(binned_counts: NDArray[np.integer], sizes: NDArray[np.int64], bin_width: float) -> NDArray[np.float32]:
    """Rate per neuron of each population in each bin.

    Args:
        binned_counts: Spikes of each population in each bin, shape ``(n_bins, P)``.
        sizes: Neurons in each population, shape ``(P,)``.
        bin_width: In seconds.

    Returns:
        Rates in Hz, shape ``(n_bins, P)``; NaN where a population is empty.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return binned_counts.astype(np.float32) / (sizes * bin_width).astype(np.float32)


def smooth(
    rates: NDArray[np.floating],
    bin_width: float,
    kernel_width: float = KERNEL_WIDTH,
    kernel: Kernel = "gaussian",
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Smooth binned rates; the integral over the run is preserved, see `kernels`.

    Args:
        rates: Rates, shape ``(n_bins, P)``.
        bin_width: In seconds.
        kernel_width: Width in seconds: standard deviation of ``gaussian``, full width of ``box``, time constant of
            ``exponential``, sigma of ``half_normal``; 0 for no smoothing.
        kernel: Shape of the kernel.

    Returns:
        Times in the middle of the bins in seconds, shape ``(n_bins,)``, and the smoothed rates.

    Raises:
        InputError: No such kernel, or the width is negative or not finite.
    """
    return (np.arange(len(rates)) + 0.5) * bin_width, filtered(rates, kernel, kernel_width / bin_width)


def steps_per_sample(delta_t: float, sampling: float = SAMPLING) -> int:
    """Steps between two samples of a rate, at least one."""
    return max(1, round(sampling / delta_t))


def smoothed_rates(
    spikes: SpikeEvents,
    population: NDArray[np.int64],
    n_populations: int,
    *,
    kernel_width: float = KERNEL_WIDTH,
    sampling: float = SAMPLING,
    kernel: Kernel = "gaussian",
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Rate per neuron of each population over time, smoothed.

    Args:
        spikes: The spikes.
        population: Population of each neuron, shape ``(n_neurons,)``.
        n_populations: Number of populations.
        kernel_width: Width of the kernel in seconds, in the sense of `smooth`.
        sampling: Sampling interval in seconds, rounded to whole steps.
        kernel: Shape of the kernel.

    Returns:
        Sample times in seconds, shape ``(n_samples,)``, and rates in Hz, shape ``(n_samples, n_populations)``; NaN
        where a population is empty. A last, incomplete bin is left out; a run shorter than a bin is one bin.

    Raises:
        InputError: As for `smooth`.
    """
    counts, width = sampled_counts(spikes, population, n_populations, sampling)
    rates = binned_rates(counts, np.bincount(population, minlength=n_populations), width)
    return smooth(rates, width, kernel_width, kernel)
