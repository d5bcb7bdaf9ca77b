"""What a session holds, once it has been read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import DataError
from neuro_mod.recordings.events import Conventions, events_from_times, steps_until
from neuro_mod.recordings.layout import cluster_layout
from neuro_mod.recordings.spikes import SpikeEvents

#: What a file of times and neurons may say about the session, besides ``clusters``.
SCALARS = ("duration", "n_neurons")
#: All arrays of such a file; ``ids`` is another word for ``neurons``.
NAMES = ("times", "neurons", "ids", "clusters", *SCALARS)


class Reading(NamedTuple):
    """What a session holds: its spikes, and the label of each neuron's cluster where the data say it."""

    spikes: SpikeEvents
    labels: NDArray[np.int64] | None = None


def checked(spikes: SpikeEvents, labels: Any, conventions: Conventions, where: str) -> Reading:
    """The reading of a session that agrees with itself and with the conventions.

    Args:
        spikes: The spikes.
        labels: Label of each neuron's cluster, shape ``(n_neurons,)``; None if the data do not say it.
        conventions: What is said about the session elsewhere.
        where: The file, or what else the data are called in messages.

    Raises:
        DataError: Something contradicts something else.
    """
    conventions.completed(where, delta_t=spikes.delta_t, n_neurons=spikes.n_neurons)
    if conventions.duration is not None and steps_until(conventions.duration, spikes.delta_t) != spikes.n_steps:
        conventions.completed(where, duration=spikes.duration)
    if labels is None:
        return Reading(spikes)
    try:
        layout = cluster_layout(labels, f"{where}: clusters")
    except ValueError as error:
        raise DataError(str(error)) from error
    if layout.n_neurons != spikes.n_neurons:
        raise DataError(f"{where}: clusters of {layout.n_neurons} neurons, but there are {spikes.n_neurons}")
    return Reading(spikes, layout.of_each_neuron)


def labels_of_neurons(spikes: SpikeEvents, labels: ArrayLike) -> NDArray[np.int64]:
    """Labels, once there is one for each neuron.

    Raises:
        ValueError: There is not.
    """
    layout = cluster_layout(labels, "labels")
    if layout.n_neurons != spikes.n_neurons:
        raise ValueError(f"labels of {layout.n_neurons} neurons; expected {spikes.n_neurons}, one for each neuron")
    return layout.of_each_neuron


def reading_of_times(arrays: Mapping[str, NDArray[Any]], conventions: Conventions, where: str) -> Reading:
    """The reading of ``times`` and ``neurons`` (or ``ids``), with what else of `NAMES` is there.

    Raises:
        DataError: They make no sense.
    """
    labels = arrays.get("clusters")
    described = {name: _number(arrays[name], name, where) for name in SCALARS if name in arrays}
    if labels is not None:
        described.setdefault("n_neurons", labels.size)
    conventions = conventions.completed(where, **described)
    neurons = arrays["neurons"] if "neurons" in arrays else arrays["ids"]
    return checked(events_from_times(arrays["times"], neurons, conventions, where), labels, conventions, where)


def _number(array: NDArray[Any], name: str, where: str) -> float:
    if array.size != 1 or array.dtype.kind not in "uif":
        raise DataError(f"{where}: {name} is no number, but {array.dtype} of shape {array.shape}")
    return array.item()
