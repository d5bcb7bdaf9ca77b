"""The renewal closure: the variance of the input that follows from the regularity of the spike trains it causes.

At given rates nu, the variance of the recurrent input of each population solves ``r_a = sum_b V_ab nu_b F_ab``. The
noise factors F of `renewal` depend on rate and interval CV of the neurons of population b, and these on their own
input, of variance ``r_b`` and that from outside. With F = 1, this is the Poisson closure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.mean_field.core.coefficients import Coefficients, Moments
from neuro_mod.core.mean_field.core.renewal import Filters, averaged_factors, filters
from neuro_mod.core.mean_field.core.transfer import interval_statistics

_Array = NDArray[np.float64]

#: Error of a variance, relative to the whole variance of the input, that one more step of Newton's method takes to
#: rounding, and the number of steps.
_NEARLY, _MAX_STEPS = 1e-10, 15
#: Largest change of a variance in one step, as a factor.
_FARTHEST = 5.0
#: Where Newton's method fails, it starts again after this many plain iterations, of these parts of a whole one.
_DAMPED = ((30, 0.5), (100, 1.0), (200, 0.1))


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
        factors_by_variance: Their derivatives with respect to the variance of the input, likewise.
        recurrent: Variance of the recurrent input, shape ``(B, P)``.
        variance_by_rate: Derivative of the variance of the input with respect to the rates, shape ``(B, P, P)``.
        converged: Where it was found, shape ``(B,)``; elsewhere, all but the factors is NaN.
    """

    moments: Moments
    rate: _Array
    by_mu: _Array
    by_variance: _Array
    factors: _Array
    factors_by_variance: _Array
    recurrent: _Array
    variance_by_rate: _Array
    converged: NDArray[np.bool_]


class RenewalClosure:
    """Input of populations whose spike trains are renewal processes.

    Args:
        coefficients: What inputs and responses are computed from.
    """

    def __init__(self, coefficients: Coefficients):
        #: What inputs and responses are computed from.
        self.coefficients = coefficients
        neurons = coefficients.neurons
        #: Of the receiving neurons.
        self.filters = filters(neurons.tau_membrane, neurons.tau_synaptic)
        self._dead = np.array(np.broadcast_to(neurons.tau_refractory, len(self.filters.of)))
        self._receivers = [np.flatnonzero(self.filters.of == m) for m in range(len(self.filters.weights))]
        self._identity = np.eye(len(self.filters.of))
        self._least_external = coefficients.external.variance.min(axis=0)

    def solve(self, rates: _Array) -> ClosedInput:
        """The input at given rates, by Newton's method from Poisson input.

        Args:
            rates: In Hz, not negative, shape ``(B, P)``.
        """
        mu, poisson = self._mean(rates), rates @ self.coefficients.by_rate.variance.T
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

    def by_rate(self, rates: _Array) -> Moments:
        """Input per Hz of each population with its noise factor at these rates ``(P,)``, shape ``(P, P)``."""
        by_rate = self.coefficients.by_rate
        return Moments(by_rate.mu, by_rate.variance * self.solve(rates[None]).factors[0, self.filters.of])

    def _newton(self, rates: _Array, mu: _Array, start: _Array) -> _Attempt:
        """Attempts whose error is at most `_NEARLY`, where Newton's method finds them."""
        found = self._attempt(rates, mu, start)
        for _ in range(_MAX_STEPS):
            going = np.flatnonzero(found.far)
            if not len(going):
                break
            every = len(going) == len(rates)
            part = slice(None) if every else going
            now, gap = found.recurrent[part], found.gap[part]
            step = _solved(self.system(rates[part], found.factors[2, part]), gap[..., None])[..., 0]
            tried = np.clip(now + step, now / _FARTHEST, now * _FARTHEST)
            new = self._attempt(rates[part], mu[part], tried)
            if every:
                found = new
            else:
                found.update(going, new)
        return found

    def _closed(self, rates: _Array, mu: _Array, found: _Attempt) -> ClosedInput:
        """The last step, and the derivatives."""
        by_rate = self.coefficients.by_rate
        (rate, by_mu, by_variance), (factors, by_mean, by_noise) = found.response, found.factors
        right = np.empty((*rates.shape, rates.shape[1] + 1))
        right[..., :-1] = (by_rate.variance * self.received(rates[:, None] * by_mean)) @ by_rate.mu
        right[..., :-1] += by_rate.variance * self.received(factors)
        right[..., -1] = found.gap
        solved = _solved(self.system(rates, by_noise), right)
        step = solved[..., -1]
        recurrent = np.maximum(found.recurrent + step, 0.0)
        variance = recurrent[:, None] + self.coefficients.external.variance
        rate = rate + by_variance * step[:, None]
        variance_by_rate = solved[..., :-1]
        for values in (mu, variance, rate, by_mu, by_variance, recurrent, variance_by_rate):
            values[found.far] = np.nan
        moments = Moments(mu, variance)
        return ClosedInput(
            moments, rate, by_mu, by_variance, factors, by_noise, recurrent, variance_by_rate, ~found.far
        )

    def respond(self, rates: _Array, recurrent: _Array, received_by: Filters) -> tuple[_Array, _Array]:
        """Responses and noise factors at given variances of the recurrent input; see `_Attempt`.

        Args:
            rates: In Hz, shape ``(B, P)``.
            recurrent: The variances, shape ``(B, P)``.
            received_by: The filters of the receiving neurons.
        """
        return self._respond(self._mean(rates), recurrent, received_by)

    def _mean(self, rates: _Array) -> _Array:
        return (rates @ self.coefficients.by_rate.mu.T)[:, None, :] + self.coefficients.external.mu

    def _respond(self, mu: _Array, recurrent: _Array, received_by: Filters) -> tuple[_Array, _Array]:
        coefficients = self.coefficients
        sigma = np.sqrt(recurrent[:, None] + coefficients.external.variance)
        statistics = interval_statistics(mu, sigma, coefficients.neurons, coefficients.theory.response)
        response = np.empty((3, *mu.shape))
        factors = np.empty((3, len(mu), len(received_by.weights), mu.shape[-1]))
        averaged_factors(*received_by[1:], coefficients.z_weights, self._dead, sigma, *statistics, response, factors)
        return response, factors

    def _attempt(self, rates: _Array, mu: _Array, recurrent: _Array) -> _Attempt:
        response, factors = self._respond(mu, recurrent, self.filters)
        gap = -recurrent
        for m, receivers in enumerate(self._receivers):
            gap[:, receivers] += (rates * factors[0, :, m]) @ self.coefficients.by_rate.variance[receivers].T
        far = ~(np.abs(gap) <= _NEARLY * (recurrent + self._least_external)).all(axis=1)
        return _Attempt(recurrent, response, factors, gap, far)

    def system(self, rates: _Array, by_noise: _Array) -> _Array:
        """Derivative of ``r - V nu F(r)`` with respect to the variances r, shape ``(B, P, P)``.

        Args:
            rates: In Hz, shape ``(B, P)``.
            by_noise: Derivatives of the noise factors with respect to the variances, shape ``(B, M, P)``.
        """
        system = self.received(-rates[:, None] * by_noise) * self.coefficients.by_rate.variance
        system += self._identity
        return system

    def received(self, of_filters: _Array) -> _Array:
        """Values for each filter and source as values for each receiver, shape ``(B, P, P)`` for ``(B, M, P)``.

        With one filter for all it is ``(B, 1, P)``, which broadcasts.
        """
        return of_filters if of_filters.shape[1] == 1 else of_filters[:, self.filters.of]


def _solved(matrix: _Array, right: _Array) -> _Array:
    try:
        return np.asarray(np.linalg.solve(matrix, right), np.float64)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(matrix) @ right, np.float64)
