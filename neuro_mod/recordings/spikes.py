"""Spikes as events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from neuro_mod.errors import invalid
from neuro_mod.summaries import Shown, Summary, counted

#: Longest run; steps are stored in 32 bits.
MAX_STEPS = 2**31 - 1

#: Shortest time step in seconds; numbers of much shorter ones overflow.
SHORTEST_STEP = 1e-12

#: What messages say of time steps.
VALID_STEP = f"seconds above 0, at least {SHORTEST_STEP:g}"


@dataclass(frozen=True, eq=False, repr=False)
class SpikeEvents(Shown):
    """Spikes of a run as events, ordered by step, then neuron.

    Only ``np.asarray(spikes)`` makes the dense boolean array of shape ``(n_steps, n_neurons)``.

    Args:
        steps: Time step of each spike, counted from the start of the run, shape ``(n_spikes,)``.
        neurons: Neuron of each spike, shape ``(n_spikes,)``.
        n_steps: Length of the run in steps.
        n_neurons: Number of neurons in the network.
        delta_t: Time step in seconds.

    Examples:
        >>> import numpy as np
        >>> from neuro_mod import SpikeEvents
        >>> spikes = SpikeEvents(np.array([0, 2, 2]), np.array([1, 0, 3]), n_steps=4, n_neurons=5, delta_t=0.5e-3)
        >>> len(spikes), spikes.times.tolist()
        (3, [0.0, 0.001, 0.001])
        >>> np.asarray(spikes).shape, np.asarray(spikes).sum(axis=0).tolist()
        ((4, 5), [1, 1, 0, 1, 0])
    """

    steps: NDArray[np.int32]
    neurons: NDArray[np.int32]
    n_steps: int
    n_neurons: int
    delta_t: float

    def _summary(self) -> Summary:
        rows = {"time step": f"{1e3 * self.delta_t:g} ms, {counted(self.n_steps, 'step')}"}
        if self.n_neurons and self.n_steps:
            rows["mean rate"] = f"{len(self) / self.n_neurons / self.duration:.4g} Hz"
            rows["silent"] = counted(self.n_neurons - len(np.unique(self.neurons)), "neuron")
        return Summary(
            f"{counted(len(self), 'spike')} of {counted(self.n_neurons, 'neuron')} in {self.duration:g} s", rows
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Shape ``(n_steps, n_neurons)`` of the dense array."""
        return self.n_steps, self.n_neurons

    @property
    def times(self) -> NDArray[np.float64]:
        """Time of each spike in seconds, ``steps * delta_t``, shape ``(n_spikes,)``."""
        return self.steps * np.float64(self.delta_t)

    @property
    def duration(self) -> float:
        """Length of the run in seconds."""
        return self.n_steps * self.delta_t

    def between(self, t_from: float, t_to: float) -> SpikeEvents:
        """The spikes of the same run from one time, in seconds, until before another."""
        bounds = [min(max(round(t / self.delta_t), 0), self.n_steps) for t in (t_from, t_to)]
        begin, end = np.searchsorted(self.steps, np.array(bounds, self.steps.dtype))  # of one type: nothing is copied
        return replace(self, steps=self.steps[begin:end], neurons=self.neurons[begin:end])

    def __len__(self) -> int:
        return len(self.steps)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise invalid("copy", copy, "True or None, as a dense array is always new")
        dense = np.zeros(self.shape, dtype=bool if dtype is None else dtype)
        dense[self.steps, self.neurons] = 1
        return dense

    def sum(self, axis: int | None = None, dtype: None = None, out: None = None) -> Any:
        """Count spikes: all of them, per neuron (``axis=0``) or per step (``axis=1``), without a dense array.

        Args:
            axis: 0 to sum over steps, 1 over neurons, None over both.
            dtype: Must be None, as ``np.sum`` passes it.
            out: Must be None.

        Raises:
            InputError: Another axis, or a ``dtype`` or ``out``.
        """
        if dtype is not None or out is not None:
            raise invalid("dtype, out", (dtype, out), "None")
        if axis is None:
            return len(self)
        if axis in (0, -2):
            return np.bincount(self.neurons, minlength=self.n_neurons)
        if axis in (1, -1):
            return np.bincount(self.steps, minlength=self.n_steps)
        raise invalid("axis", axis, "None, 0 or 1")


def is_step(delta_t: float) -> bool:
    """Whether a number can be a time step in seconds."""
    return SHORTEST_STEP <= delta_t < np.inf
