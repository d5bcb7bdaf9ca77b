"""Spikes as objects of Pynapple.

References:
    Viejo et al. (2023) Pynapple, a toolbox for data analysis in neuroscience. eLife 12:RP85786.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neuro_mod.errors import invalid
from neuro_mod.optional import optional
from neuro_mod.recordings.readings import labels_of_neurons
from neuro_mod.recordings.spikes import SpikeEvents
from neuro_mod.recordings.trains import trains_of


def to_pynapple(spikes: SpikeEvents, labels: ArrayLike | None = None, names: Sequence[str] | None = None) -> Any:
    """A ``pynapple.TsGroup`` with one ``Ts`` for each neuron, silent ones included; its time support is the session.

    Given labels, the group has the metadata ``cluster``; given names, also ``population``.

    Args:
        spikes: Spikes of one session.
        labels: Label of each neuron's cluster, shape ``(n_neurons,)``.
        names: Name of each cluster, by its label; only with labels from 0 on.

    Raises:
        ImportError: Pynapple is not installed.
        InputError: These are no `SpikeEvents`, or there is not one label for each neuron, or a name for each label.

    Examples:
        >>> import numpy as np
        >>> from neuro_mod import SpikeEvents, to_pynapple
        >>> spikes = SpikeEvents(np.array([0, 2, 2]), np.array([1, 0, 3]), n_steps=40, n_neurons=5, delta_t=0.5e-3)
        >>> group = to_pynapple(spikes, labels=[0, 0, 1, 1, 1], names=["E0", "E1"])
        >>> len(group), list(group["population"])
        (5, ['E0', 'E0', 'E1', 'E1', 'E1'])
    """
    trains, nap = trains_of(spikes), optional("pynapple", "pynapple")
    metadata: dict[str, Any] = {}
    if labels is not None:
        metadata["cluster"] = labels_of_neurons(spikes, labels)
    if names is not None:
        clusters = metadata.get("cluster")
        if clusters is None or (len(clusters) and not 0 <= clusters.min() <= clusters.max() < len(names)):
            raise invalid("names", f"{len(names)} names", "one for each label, from 0 on")
        metadata["population"] = np.array(names)[clusters]
    support = nap.IntervalSet(0.0, spikes.duration)
    group = {neuron: nap.Ts(times, time_support=support) for neuron, times in enumerate(trains)}
    return nap.TsGroup(group, time_support=support, metadata=metadata or None)
