"""How the rate of a neuron follows its input at a frequency, and the power spectrum of its spike train.

The density of voltage and current obeys ``dp/dt = -A p + source``, with the operator A of `solver`, and what passes the
threshold comes back as a source at the reset after the refractory period. At an angular frequency w, the density that
a source or a change of A excites is ``(A + i w)^-1`` times it.

A change of the mean input moves the velocity of the voltage. So does a change of the noise: with the current in units
of its momentary standard deviation, the noise multiplies the current in the velocity, and current values are exchanged
at the rate ``1/a + d log(noise)/dt`` instead of ``1/a``. The basis of the current is the same throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.linalg import splu

from neuro_mod.core.mean_field.core.exact import solver
from neuro_mod.core.mean_field.core.exact.cells import Cells
from neuro_mod.core.mean_field.core.exact.solver import Passage

_Array = NDArray[np.float64]

#: Angular frequency per inverse membrane time constant that stands for 0, where the equations are singular. Responses
#: and spectra differ from their limit by its square.
_SLOW = 1e-4


class Dynamics(NamedTuple):
    """A neuron at one frequency, with time in membrane time constants.

    Attributes:
        by_mean: Change of the rate per modulation of the mean of the free voltage. The mean input current, times the
            membrane time constant, is this mean; synapses have filtered it before.
        by_variance: Change of the rate per modulation of the variance of the white noise that drives the current.
        spectrum: Two-sided power spectrum of the spike train of a neuron with constant input.
    """

    by_mean: complex
    by_variance: complex
    spectrum: float


@dataclass(frozen=True)
class Modulated:
    """A neuron in a steady state, whose input is modulated.

    Args:
        passage: The neuron.
    """

    passage: Passage

    @property
    def rate(self) -> float:
        """Its rate without modulation, in spikes per membrane time constant."""
        return float(self._outflux.sum())

    def at(self, omega: float) -> Dynamics:
        """Response and spectrum at an angular frequency per inverse membrane time constant, not negative.

        References:
            Schwalger, Droste & Lindner 2015 for the spectrum; Fourcaud & Brunel 2002 for the limits of the responses.
        """
        passage, current, omega = self.passage, self.passage.current, max(omega, _SLOW)
        passed = self._cells.outflux(omega)
        k = len(current.values)
        from_reset, forced = passed[:, :k], passed[:, k : k + 2]
        forced[:, 1] += 1j * omega * passed[:, k + 2]
        delay = np.exp(-1j * omega * passage.refractory)
        at_end = current.generator @ self._meanwhile @ self._outflux * (1 - delay)
        forced += np.where(passage.velocity > 1, self._velocities * self._at_threshold, 0.0).T
        forced[:, 1] += from_reset @ at_end
        again = delay * (from_reset @ self._meanwhile)
        following = again @ self._outflux
        solved = np.linalg.solve(np.eye(k) - again, np.column_stack([forced, following])).sum(axis=0)
        # half of the relative change of the variance is that of the noise, which lags behind it
        lag = 1 + 0.5j * omega * passage.ratio
        return Dynamics(
            by_mean=complex(solved[0]),
            by_variance=complex(solved[1] / (2 * passage.noise**2 * lag)),
            spectrum=float(self.rate + 2 * solved[2].real),
        )

    @cached_property
    def _velocities(self) -> _Array:
        """Change of the velocity of the voltage with the mean and the logarithm of the noise, shape ``(2, K)``."""
        velocity = self.passage.velocity
        return np.stack([np.ones_like(velocity), velocity - self.passage.mean])

    @cached_property
    def _cells(self) -> Cells:
        """With three forces: changes of the velocity, and of the rate at which current values are exchanged."""
        passage, density = self.passage, self._density.reshape(self.passage.shape)
        exchanged = passage.half_lengths[:, None, None] * np.einsum("kl,cln->ckn", passage.current.generator, density)
        forces = [*(-self._carried(velocity) for velocity in self._velocities), exchanged]
        return Cells.of(passage, np.stack([each.ravel() for each in forces], axis=1))

    @cached_property
    def _meanwhile(self) -> _Array:
        return self.passage.meanwhile

    @cached_property
    def _density(self) -> _Array:
        passed, start = self.passage.passed(splu(self.passage.matrix()))
        density = passed @ start
        return density / (float(self.passage.mass(density)) + self.passage.refractory)

    @cached_property
    def _outflux(self) -> _Array:
        return self.passage.outflux(self._density)

    @cached_property
    def _at_threshold(self) -> _Array:
        """Density at the threshold by value of the current."""
        return self._density.reshape(self.passage.shape)[-1] @ solver.RIGHT

    def _carried(self, velocity: _Array) -> _Array:
        """Change of the operator with a velocity of the voltage, applied to the density, shape ``(C, K, n)``."""
        passage, density = self.passage, self._density.reshape(self.passage.shape)
        lower, upper = (passage.velocity - edge[:, None] for edge in (passage.faces[:-1], passage.faces[1:]))
        at_left, at_right = density @ solver.LEFT, density @ solver.RIGHT
        # flux through each face, of the cell that the neuron leaves
        above = np.where(upper > 0, at_right, 0.0)
        above[:-1] += np.where(upper[:-1] < 0, at_left[1:], 0.0)
        below = np.where(lower < 0, at_left, 0.0)
        below[1:] += np.where(lower[1:] > 0, at_right[:-1], 0.0)
        inside = density @ solver.ADVECTION.T
        change = above[..., None] * solver.RIGHT - below[..., None] * solver.LEFT - inside
        return velocity[:, None] * change
