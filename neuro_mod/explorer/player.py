"""A network that runs, its pieces as spikes, binned rates and a voltage."""

from __future__ import annotations

from copy import copy
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.spiking_net.engine.stepper import Piece
from neuro_mod.execution.stagers.stepper import NetworkStepper
from neuro_mod.explorer.wire import Part

#: Neurons that the raster draws at most.
MAX_DRAWN = 2_000
#: Spikes that are kept for Save at most, and seconds.
MAX_KEPT, KEPT_SECONDS = 3_000_000, 30.0


class _Kept(NamedTuple):
    begin: int
    n_steps: int
    steps: NDArray[np.int64]
    neurons: NDArray[np.int32]


class Player:
    """A network that runs.

    Args:
        stepper: The network.
        bin_steps: Width of bins in steps.
        drawn: Neurons of the raster, ascending.
    """

    def __init__(self, stepper: NetworkStepper, bin_steps: int, drawn: NDArray[np.int64]):
        network = stepper.trial.network
        self.stepper, self._bin_steps = stepper, bin_steps
        self._population, self._sizes = network.population, np.maximum(network.sizes, 1)
        self._place = np.full(network.n_neurons, -1, np.int32)
        self._place[drawn] = np.arange(len(drawn))
        self._open = np.zeros(len(network.sizes), np.int64)
        self._kept: list[_Kept] = []
        self._n_kept = 0

    def twin(self, stepper: NetworkStepper) -> Player:
        """Another one from here on, whose bins begin where these do."""
        other = copy(self)
        other.stepper, other._open, other._kept, other._n_kept = stepper, self._open.copy(), [], 0
        return other

    @property
    def step(self) -> int:
        """Steps since the start of the noise."""
        return self.stepper.latest.state.step

    @property
    def time(self) -> float:
        """In seconds."""
        return self.stepper.time

    def advance(self, n_steps: int) -> tuple[Part, Piece]:
        """Simulate a piece."""
        piece = self.stepper.advance(n_steps)
        steps, neurons = piece.spikes.steps + np.int64(piece.begin), piece.spikes.neurons
        self._keep(_Kept(piece.begin, n_steps, steps, neurons))
        place = self._place[neurons]
        drawn = place >= 0
        times = steps[drawn] * np.float64(piece.delta_t)
        return Part(times, place[drawn].astype(np.uint16), *self._binned(piece.begin, n_steps, steps, neurons)), piece

    def latest(self) -> tuple[int, NDArray[np.int64], NDArray[np.int32]]:
        """The last seconds: their first step, and the steps, since the start of the noise, and neurons of spikes."""
        first = self._kept[0].begin if self._kept else self.step
        steps = np.concatenate([np.empty(0, np.int64), *(each.steps for each in self._kept)])
        neurons = np.concatenate([np.empty(0, np.int32), *(each.neurons for each in self._kept)])
        return first, steps, neurons

    def _keep(self, piece: _Kept) -> None:
        self._kept.append(piece)
        self._n_kept += len(piece.steps)
        oldest = self.step - round(KEPT_SECONDS / self.stepper.trial.delta_t)
        surplus = 0
        for each in self._kept[:-1]:
            if each.begin + each.n_steps > oldest and self._n_kept <= MAX_KEPT:
                break
            surplus += 1
            self._n_kept -= len(each.steps)
        del self._kept[:surplus]

    def _binned(
        self, begin: int, n_steps: int, steps: NDArray[np.int64], neurons: NDArray[np.int32]
    ) -> tuple[int, NDArray[np.float32]]:
        """Index of the first of the bins that ended in a piece, and their rates."""
        width, p = self._bin_steps, len(self._open)
        first = begin // width
        n_bins = (begin + n_steps) // width - first + 1
        cells = (steps // width - first) * p + self._population[neurons]
        counts = np.bincount(cells, minlength=n_bins * p).reshape(n_bins, p)
        counts[0] += self._open
        self._open = counts[-1]
        seconds = width * self.stepper.trial.delta_t
        return first, (counts[:-1] / (self._sizes * seconds)).astype(np.float32)


def drawn_neurons(n_neurons: int) -> NDArray[np.int64]:
    """An even choice of neurons for the raster, ascending."""
    return np.unique(np.linspace(0, max(n_neurons - 1, 0), min(n_neurons, MAX_DRAWN)).round().astype(np.int64))
