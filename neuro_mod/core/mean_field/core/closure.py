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


class _Evaluation(NamedTuple):
    """The populations at given variances of the recurrent input.

    Attributes:
        response: Rates and derivatives with respect to mean and variance of the input, shape ``(3, B, Q, P)``.
        factors: Noise factors and derivatives, likewise, shape ``(3, B, M, P)``.
        gap: Variance that the spike trains cause, less the given one, shape ``(B, P)``.
    """

    response: _Array
    factors: _Array
    gap: _Array


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
        self._least_external = coefficients.external.variance.min(axis=0)

    def solve(self, rates: _Array) -> ClosedInput:
        """The input at given rates, by Newton's method from Poisson input.

        Args:
            rates: In Hz, not negative, shape ``(B, P)``.
        """
        coefficients = self._coefficients
        mu = (rates @ coefficients.by_rate.mu.T)[:, None, :] + coefficients.external.mu
        poisson = rates @ coefficients.by_rate.variance.T
        recurrent, converged = self._newton(rates, mu, poisson)
        for n_steps, part in _DAMPED:
            lost = np.flatnonzero(~converged)
            if not len(lost):
                break
            start = poisson[lost]
            for _ in range(n_steps):
                start = start + part * self._evaluate(rates[lost], mu[lost], start).gap
            recurrent[lost], converged[lost] = self._newton(rates[lost], mu[lost], start)
        return self._closed(rates, mu, recurrent, converged)

    def by_rate(self, rates: _Array) -> Moments:
        """Input per Hz of each population with its noise factor at these rates ``(P,)``, shape ``(P, P)``."""
        by_rate = self._coefficients.by_rate
        return Moments(by_rate.mu, by_rate.variance * self.solve(rates[None]).factors[0, self._filters.of])

    def _newton(self, rates: _Array, mu: _Array, start: _Array) -> tuple[_Array, NDArray[np.bool_]]:
        """Variances of the recurrent input in which the error is at most `_NEARLY`, and where they were found."""
        recurrent = start.copy()
        going = np.arange(len(rates))
        for _ in range(_MAX_STEPS):
            now = recurrent[going]
            found = self._evaluate(rates[going], mu[going], now)
            far = np.any(np.abs(found.gap) > _NEARLY * (now + self._least_external), axis=1)
            going, now = going[far], now[far]
            if not len(going):
                break
            step = _solved(self._system(rates[going], found.factors[2, far]), found.gap[far, :, None])[..., 0]
            recurrent[going] = np.clip(now + step, now / _FARTHEST, now * _FARTHEST)
        converged = np.ones(len(rates), bool)
        converged[going] = False
        return recurrent, converged

    def _closed(self, rates: _Array, mu: _Array, recurrent: _Array, converged: NDArray[np.bool_]) -> ClosedInput:
        """The last step, and the derivatives."""
        by_rate = self._coefficients.by_rate
        found = self._evaluate(rates, mu, recurrent)
        (rate, by_mu, by_variance), (factors, by_mean, by_noise) = found.response, found.factors
        of = self._filters.of
        explicit = by_rate.variance * factors[:, of]
        through_mean = (by_rate.variance * (rates[:, None] * by_mean)[:, of]) @ by_rate.mu
        right = np.concatenate([explicit + through_mean, found.gap[..., None]], axis=-1)
        solved = _solved(self._system(rates, by_noise), right)
        step = solved[..., -1]
        variance = np.maximum((recurrent + step)[:, None], 0.0) + self._coefficients.external.variance
        rate = rate + by_variance * step[:, None]
        each = (mu, variance, rate, by_mu, by_variance, factors, solved[..., :-1])
        if not converged.all():
            each = tuple(np.where(converged.reshape(-1, *[1] * (values.ndim - 1)), values, np.nan) for values in each)
        return ClosedInput(Moments(*each[:2]), *each[2:], converged)

    def _evaluate(self, rates: _Array, mu: _Array, recurrent: _Array) -> _Evaluation:
        coefficients = self._coefficients
        sigma = np.sqrt(recurrent[:, None] + coefficients.external.variance)
        response, cv = interval_statistics(mu, sigma, coefficients.neurons, coefficients.theory.response)
        statistics = np.stack([response.rate, response.by_mu, cv.cv, cv.by_mu])
        by_sigma = np.stack([response.by_sigma, cv.by_sigma])
        by_variance = np.divide(by_sigma, 2 * sigma, out=np.zeros_like(by_sigma), where=sigma > 0)
        known = self._filters
        factors = np.empty((3, len(rates), len(known.weights), rates.shape[1]))
        averaged_factors(
            known.taus, known.weights, coefficients.z_weights, self._dead, statistics, by_variance, factors
        )
        caused = np.empty_like(recurrent)
        for m, receivers in enumerate(self._receivers):
            caused[:, receivers] = (rates * factors[0, :, m]) @ coefficients.by_rate.variance[receivers].T
        return _Evaluation(np.stack([*statistics[:2], by_variance[0]]), factors, caused - recurrent)

    def _system(self, rates: _Array, by_noise: _Array) -> _Array:
        """Derivative of ``r - V nu F(r)`` with respect to r, shape ``(B, P, P)``."""
        through_noise = (rates[:, None] * by_noise)[:, self._filters.of]
        return np.eye(rates.shape[1]) - self._coefficients.by_rate.variance * through_noise


def _solved(matrix: _Array, right: _Array) -> _Array:
    try:
        return np.asarray(np.linalg.solve(matrix, right), np.float64)
    except np.linalg.LinAlgError:
        return np.asarray(np.linalg.pinv(matrix) @ right, np.float64)
