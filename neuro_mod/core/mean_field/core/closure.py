"""The renewal closure: the variance of the input that follows from the regularity of the spike trains it causes.

At given rates nu, the variance of the recurrent input of each population solves ``r_a = sum_b V_ab nu_b F_ab``. The
noise factors F of `renewal` depend on rate and interval CV of the neurons of population b, and these on their own input,
of variance ``r_b`` and that from outside. With F = 1, this is the Poisson closure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.core.coefficients import Coefficients, Moments
from neuro_mod.core.mean_field.core.renewal import averaged_factors, filters
from neuro_mod.core.mean_field.core.transfer import interval_statistics

_Array = NDArray[np.float64]

#: Error of a variance, relative to the whole variance of the input, that one more step of Newton's method takes to
#: rounding, and the number of steps.
_NEARLY, _MAX_STEPS = 1e-10, 15
#: Largest change of a variance in one step, as a factor.
_FARTHEST = 5.0
#: Where Newton's method fails it starts again after this many damped iterations, with these parts of a whole one.
_DAMPED = ((30, 0.5), (200, 0.1))


class _Attempt(NamedTuple):
    """Populations at variances of their recurrent input that may not yet be consistent.

    Attributes:
        recurrent: The variances, shape ``(B, P)``.
        response: Rates and derivatives with respect to mean and variance of the input, shape ``(3, B, Q, P)``.
        factors: Noise factors and derivatives, likewise, shape ``(3, B, M, P)``.
        gap: Variance that the spike trains cause, less the given one, shape ``(B, P)``.
        far: Where the gap is wider than `_NEARLY`, shape ``(B,)``.
    """

    recurrent: _Array
    response: _Array
    factors: _Array
    gap: _Array
    far: NDArray[np.bool_]

    def update(self, states: NDArray[np.int64], new: _Attempt) -> None:
        """Replace some of the states."""
        self.recurrent[states], self.gap[states], self.far[states] = new.recurrent, new.gap, new.far
        self.response[:, states], self.factors[:, states] = new.response, new.factors


@dataclass(frozen=True, eq=False)
class ClosedInput:
    """Input and response of populations at given rates, consistent with each other.

    Args:
        moments: Of the input, shape ``(B, Q, P)`` each.
        rate: At which the neurons fire under this input, in Hz, shape ``(B, Q, P)``.
        by_mu: Its derivative with respect to the mean input, likewise.
        by_variance: Its derivative with respect to the variance of the input, likewise.
        factors: Noise factors of the spike trains of each population through each filter, shape ``(B, M, P)``.
        variance_by_rate: Derivative of the variance of the input with respect to the rates, shape ``(B, P, P)``.
        converged: Where it was found, shape ``(B,)``; all else is NaN elsewhere.
    """

    moments: Moments
    rate: _Array
    by_mu: _Array
    by_variance: _Array
    factors: _Array
    variance_by_rate: _Array
    converged: NDArray[np.bool_]


class RenewalClosure:
    """Input of populations whose spike trains are renewal processes.

    Args:
        coefficients: What inputs and responses are computed from.
    """

    def __init__(self, coefficients: Coefficients):
        self._coefficients = coefficients
        neurons = coefficients.neurons
        self._filters = filters(neurons.tau_membrane, neurons.tau_synaptic)
        self._dead = np.ascontiguousarray(np.broadcast_to(neurons.tau_refractory, len(self._filters.of)))
        self._receivers = [np.flatnonzero(self._filters.of == m) for m in range(len(self._filters.weights))]
        self._identity = np.eye(len(self._filters.of))
        self._least_external = coefficients.external.variance.min(axis=0)

    def solve(self, rates: _Array) -> ClosedInput:
        """The input at given rates, by Newton's method from Poisson input.

        Args:
            rates: In Hz, not negative, shape ``(B, P)``.
        """
        coefficients = self._coefficients
        mu = (rates @ coefficients.by_rate.mu.T)[:, None, :] + coefficients.external.mu
        poisson = rates @ coefficients.by_rate.variance.T
        found = self._newton(rates, mu, poisson)
        for n_steps, part in _DAMPED:
            lost = np.flatnonzero(found.far)
            if not len(lost):
                break
            start = poisson[lost]
            for _ in range(n_steps):
                start = start + part * self._attempt(rates[lost], mu[lost], start).gap
            found.update(lost, self._newton(rates[lost], mu[lost], start))
        return self._closed(rates, mu, found)

    def _newton(self, rates: _Array, mu: _Array, start: _Array) -> _Attempt:
        """Attempts whose error is at most `_NEARLY`, where Newton's method finds them."""
        found = self._attempt(rates, mu, start)
        for _ in range(_MAX_STEPS):
            going = np.flatnonzero(found.far)
            if not len(going):
                break
            now, gap = found.recurrent[going], found.gap[going]
            step = _solved(self._system(rates[going], found.factors[2, going]), gap[..., None])[..., 0]
            tried = np.clip(now + step, now / _FARTHEST, now * _FARTHEST)
            found.update(going, self._attempt(rates[going], mu[going], tried))
        return found

    def _closed(self, rates: _Array, mu: _Array, found: _Attempt) -> ClosedInput:
        """The last step, and the derivatives."""
        by_rate, of = self._coefficients.by_rate, self._filters.of
        (rate, by_mu, by_variance), (factors, by_mean, by_noise) = found.response, found.factors
        right = np.empty((*rates.shape, rates.shape[1] + 1))
        right[..., :-1] = (by_rate.variance * (rates[:, None] * by_mean)[:, of]) @ by_rate.mu
        right[..., :-1] += by_rate.variance * factors[:, of]
        right[..., -1] = found.gap
        solved = _solved(self._system(rates, by_noise), right)
        step = solved[..., -1]
        variance = np.maximum((found.recurrent + step)[:, None], 0.0) + self._coefficients.external.variance
        each = (mu, variance, rate + by_variance * step[:, None], by_mu, by_variance, factors, solved[..., :-1])
        if found.far.any():
            each = tuple(np.where(found.far.reshape(-1, *[1] * (values.ndim - 1)), np.nan, values) for values in each)
        return ClosedInput(Moments(*each[:2]), *each[2:], ~found.far)

    def _attempt(self, rates: _Array, mu: _Array, recurrent: _Array) -> _Attempt:
        coefficients, known = self._coefficients, self._filters
        sigma = np.sqrt(recurrent[:, None] + coefficients.external.variance)
        statistics = interval_statistics(mu, sigma, coefficients.neurons, coefficients.theory.response)
        response = np.empty((3, *mu.shape))
        factors = np.empty((3, len(rates), len(known.weights), rates.shape[1]))
        averaged_factors(*known[1:], coefficients.z_weights, self._dead, sigma, *statistics, response, factors)
        gap = -recurrent
        for m, receivers in enumerate(self._receivers):
            gap[:, receivers] += (rates * factors[0, :, m]) @ coefficients.by_rate.variance[receivers].T
        far = (np.abs(gap) > _NEARLY * (recurrent + self._least_external)).any(axis=1)
        return _Attempt(recurrent, response, factors, gap, far)

    def _system(self, rates: _Array, by_noise: _Array) -> _Array:
        """Derivative of ``r - V nu F(r)`` with respect to r, shape ``(B, P, P)``."""
        through_noise = (rates[:, None] * by_noise)[:, self._filters.of]
        return self._identity - self._coefficients.by_rate.variance * through_noise


def _solved(matrix: _Array, right: _Array) -> _Array:
    try:
        return np.asarray(np.linalg.solve(matrix, right), np.float64)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(matrix) @ right, np.float64)
