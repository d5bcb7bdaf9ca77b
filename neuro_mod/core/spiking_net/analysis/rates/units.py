"""Units whose spikes are counted: clusters, or single neurons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_choice
from neuro_mod.choices import UnitKind
from neuro_mod.core.spiking_net.analysis.rates.rates import population_counts
from neuro_mod.errors import invalid
from neuro_mod.recordings.layout import ClusterLayout
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.windows import whole_steps


@dataclass(frozen=True, eq=False)
class Units:
    """Units whose spikes are counted.

    Args:
        labels: Labels of clusters, or numbers of neurons, shape ``(n_units,)``.
        sizes: Neurons in each unit, shape ``(n_units,)``.
        of_neuron: Index of the unit of each neuron, ``n_units`` for neurons of none, shape ``(n_neurons,)``.
    """

    labels: NDArray[np.int64]
    sizes: NDArray[np.int64]
    of_neuron: NDArray[np.int64]


def units_of(layout: ClusterLayout, kind: UnitKind) -> Units:
    """The clusters that define states, or their neurons.

    Raises:
        InputError: There is no such kind of units.
    """
    check_choice("units", kind, UnitKind)
    counted = layout.defines_states[layout.of_neuron]
    if kind == "neurons":
        n_units = int(counted.sum())
        return Units(np.flatnonzero(counted), np.ones(n_units, np.int64), _places(counted, n_units))
    n_units = int(layout.defines_states.sum())
    of_neuron = _places(layout.defines_states, n_units)[layout.of_neuron]
    return Units(layout.state_labels, layout.sizes[layout.defines_states], of_neuron)


def units_of_neurons(neurons: Any, n_neurons: int) -> Units:
    """Single neurons, given their indices.

    Raises:
        InputError: As for `chosen_neurons`.
    """
    chosen = chosen_neurons(neurons, n_neurons)
    place = np.full(n_neurons, len(chosen))
    place[chosen] = np.arange(len(chosen))
    return Units(chosen, np.ones(len(chosen), np.int64), place)


def chosen_neurons(neurons: Any, n_neurons: int) -> NDArray[np.int64]:
    """Indices of neurons as an array.

    Raises:
        InputError: They are not distinct indices of neurons.
    """
    chosen = np.asarray(neurons)
    whole = chosen.ndim == 1 and chosen.size and np.issubdtype(chosen.dtype, np.integer)
    if not whole or not 0 <= chosen.min() <= chosen.max() < n_neurons or len(set(chosen.tolist())) < len(chosen):
        raise invalid("neurons", np.ravel(chosen).tolist(), f"distinct indices from 0 to {n_neurons - 1}")
    return chosen.astype(np.int64)


def unit_counts(
    spikes: SpikeEvents, unit_of_neuron: NDArray[np.int64], n_units: int, bin_width: float
) -> NDArray[np.int64]:
    """Spike counts of units, clusters or neurons, in bins.

    Args:
        spikes: One session.
        unit_of_neuron: Unit of each neuron, ``n_units`` for neurons that do not count, shape ``(n_neurons,)``.
        n_units: Number of units.
        bin_width: In seconds.

    Returns:
        Counts of shape ``(n_bins, n_units)``. A last, incomplete bin is left out.

    Raises:
        InputError: The bin is not a whole number of steps, or longer than the session.
    """
    bin_steps = whole_steps("bin_width", bin_width, spikes.delta_t)
    if bin_steps > spikes.n_steps:
        raise invalid("bin_width", bin_width, f"at most the session's length, {spikes.duration:g} s")
    return population_counts(spikes, unit_of_neuron, n_units + 1, bin_steps)[:, :n_units]


def _places(chosen: NDArray[np.bool_], n_chosen: int) -> NDArray[np.int64]:
    """Index of each entry among the chosen ones, ``n_chosen`` for the others."""
    return np.where(chosen, np.cumsum(chosen) - 1, n_chosen)
