"""Deterministic stimulus currents: which neurons receive them, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_choice
from neuro_mod.choices import StimulusShape
from neuro_mod.core.perturbations.time_courses import Diff2Exp, Hat, Ramp, TimeCourse
from neuro_mod.core.random import Stream
from neuro_mod.populations import EXCITATORY, Populations
from neuro_mod.summaries import ShownFields


@dataclass(frozen=True, repr=False)
class Stimulus(ShownFields):
    """A current ``s_i(t) = gain_i course(t)``.

    Args:
        gain: Peak current of each neuron in threshold units per second, shape ``(n_neurons,)``.
        course: Time course, peak 1 for each onset, shape ``(n_steps,)``.
    """

    gain: NDArray[np.floating]
    course: NDArray[np.floating]

    def __array__(self, dtype: object = None, copy: bool | None = None) -> NDArray[np.floating]:
        if copy is False:
            raise ValueError("a stimulus is stored as gain and course: a dense array is always a copy")
        return np.multiply.outer(self.course, self.gain).astype(np.float64 if dtype is None else dtype)  # pyright: ignore[reportArgumentType, reportCallIssue]


def stimulus_course(
    shape: StimulusShape,
    onsets: Sequence[float],
    times: NDArray[np.floating],
    *,
    duration: float,
    tau_rise: float,
    tau_decay: float,
) -> NDArray[np.floating]:
    """Time course of a stimulus, the sum over its onsets.

    Args:
        shape: ``box`` (1 from onset to offset), ``linear`` (ramp from 0 at onset to 1 at offset) or ``diff2exp``
            (difference of exponentials, peak 1, without offset).
        onsets: Onsets in seconds; may be empty.
        times: Times in seconds, shape ``(n_steps,)``.
        duration: Offset minus onset in seconds (``box``, ``linear``).
        tau_rise: Rise time in seconds (``diff2exp``), below ``tau_decay``.
        tau_decay: Decay time in seconds (``diff2exp``).

    Returns:
        Course of shape ``(n_steps,)``.

    Raises:
        InputError: Unknown shape.
    """
    check_choice("stimulus_shape", shape, StimulusShape)

    def of_one(onset: float) -> TimeCourse:
        if shape == "box":
            return Hat(onset_time=onset, offset_time=onset + duration)
        if shape == "linear":
            return Ramp(onset_time=onset, offset_time=onset + duration)
        return Diff2Exp(onset_time=onset, tau_rise=tau_rise, tau_decay=tau_decay)

    return sum((of_one(onset)(times) for onset in onsets), np.zeros_like(times))


def draw_stimulated(
    populations: Populations, seed: int, clusters: float | Sequence[int], neurons: float | Sequence[int]
) -> NDArray[np.bool_]:
    """Choose the stimulated neurons: given ones, or E neurons of some clusters, chosen from the stimulus stream.

    Which neurons of a cluster are drawn depends on the seed and the cluster alone, and those of a smaller fraction are
    among those of a larger one.

    Args:
        populations: The layout.
        seed: Root seed.
        clusters: Indices of E clusters; or the fraction of these that is drawn (to the nearest whole number, halves
            up). Of no effect if `neurons` are indices.
        neurons: Indices of neurons; or the fraction of the E neurons of each cluster that is drawn (likewise).

    Returns:
        True for stimulated neurons, shape ``(n_neurons,)``.
    """
    stimulated = np.zeros(populations.n_neurons, dtype=bool)
    if isinstance(neurons, Sequence):
        stimulated[list(neurons)] = True
        return stimulated
    chosen: Sequence[int]
    if isinstance(clusters, Sequence):
        chosen = clusters
    else:
        n_drawn = _nearest(clusters * populations.n_clusters)
        chosen = Stream(seed, "stimulated_clusters").permutation(populations.n_clusters)[:n_drawn].tolist()
    size = populations.cluster_sizes[EXCITATORY]
    for cluster in chosen:
        order = Stream(seed, "stimulated_neurons", (cluster,)).permutation(size)
        stimulated[populations.boundaries[cluster] + order[: _nearest(neurons * size)]] = True
    return stimulated


def _nearest(number: float) -> int:
    return int(number + 0.5)
