"""The equations of the rates of populations, for given coefficients: steady states, stability and dynamics."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import OptimizeResult

from neuro_mod.core.mean_field.core.closure import RenewalClosure
from neuro_mod.core.mean_field.core.coefficients import Coefficients, Moments
from neuro_mod.core.mean_field.core.exact.response import say_if_extrapolated
from neuro_mod.core.mean_field.core.newton import Linearization, find_or_relax
from neuro_mod.core.mean_field.core.stability import classify
from neuro_mod.core.mean_field.core.transfer import firing_rate, interval_statistics, response_to_input
from neuro_mod.errors import InputError, NumericalError
from neuro_mod.populations import Populations

_Array = NDArray[np.float64]

#: Rate in Hz of all populations from which the search for a steady state starts by default.
START = 5.0


class RateEquations:
    """``tau_m dnu/dt = -nu + phi(nu)`` for the rates nu of P populations.

    Args:
        coefficients: What inputs and responses are computed from; not checked.
        populations: The layout of cluster space, if it is known.
    """

    def __init__(self, coefficients: Coefficients, populations: Populations | None = None):
        self.coefficients = coefficients
        self.populations = populations

    @cached_property
    def closure(self) -> RenewalClosure | None:
        """The renewal closure; None with Poisson input."""
        return RenewalClosure(self.coefficients) if self.coefficients.theory.closure == "renewal" else None

    @property
    def n_populations(self) -> int:
        """Number of populations P."""
        return len(self.tau_membrane)

    @property
    def tau_membrane(self) -> _Array:
        """Membrane time constants in seconds, shape ``(P,)``."""
        return self.coefficients.neurons.tau_membrane

    def moments(self, nu: ArrayLike) -> Moments:
        """Input at given rates; with the renewal closure, its variance is consistent with the spike trains it causes.

        Args:
            nu: Rates in Hz, shape ``(..., P)``; negative ones, which solvers may try, count as 0.

        Returns:
            Mean and variance, shape ``(..., Q, P)`` for Q values of z.

        Raises:
            NumericalError: The renewal closure has no solution that was found.
        """
        rates = np.maximum(self.rates(nu), 0.0)
        if self.closure is not None:
            return self._closed_moments(rates, self.closure)
        recurrent = (rates @ by_rate.T for by_rate in self.coefficients.by_rate)
        external = self.coefficients.external
        return Moments(*(mine[..., None, :] + other for mine, other in zip(recurrent, external, strict=True)))

    def _closed_moments(self, rates: _Array, closure: RenewalClosure) -> Moments:
        found = closure.solve(rates.reshape(-1, self.n_populations))
        if not found.converged.all():
            raise _inconsistent(rates.reshape(-1, self.n_populations)[~found.converged][0])
        shape = (*rates.shape[:-1], -1, self.n_populations)
        return Moments(*(each.reshape(shape) for each in found.moments))

    def moments_by_rate(self, nu: ArrayLike) -> Moments:
        """Input per Hz of each population ``[post, pre]``, its spike trains as regular as they are at given rates.

        Args:
            nu: Rates in Hz, shape ``(P,)``.

        Returns:
            Mean and variance, shape ``(P, P)`` each.
        """
        by_rate = self.coefficients.by_rate
        return by_rate if self.closure is None else self.closure.by_rate(np.maximum(self.rates(nu), 0.0))

    def say_if_extrapolated(self, moments: Moments) -> None:
        """Say so if the response to this input, shape ``(..., Q, P)`` each, is extrapolated from its table."""
        if self.coefficients.theory.response == "exact":
            say_if_extrapolated(moments.mu, np.sqrt(moments.variance), self.coefficients.neurons)

    def response_function(self, mu: ArrayLike, sigma: ArrayLike) -> _Array:
        """Rates in Hz of the populations under given input, shape ``(..., P)`` like the input."""
        return firing_rate(mu, sigma, response=self.coefficients.theory.response, **vars(self.coefficients.neurons))

    def interval_cv(self, moments: Moments) -> _Array:
        """Interval CV of each population under given input, averaged over z with the rates as weights.

        Args:
            moments: Mean and variance of the input, shape ``(..., Q, P)`` each.

        Returns:
            Shape ``(..., P)``; the plain mean over z where no neuron fires.
        """
        coefficients = self.coefficients
        sigma = np.sqrt(moments.variance)
        response, cv = interval_statistics(moments.mu, sigma, coefficients.neurons, coefficients.theory.response)
        weights = coefficients.z_weights[:, None] * response.rate
        weights = np.where(weights.sum(axis=-2, keepdims=True) > 0, weights, coefficients.z_weights[:, None])
        return (weights * cv.cv).sum(axis=-2) / weights.sum(axis=-2)

    def equations(self, nu: ArrayLike) -> _Array:
        """``-nu + phi(nu)`` in Hz, 0 in a steady state.

        Args:
            nu: Rates in Hz, shape ``(..., P)``.
        """
        return self.linearize(nu).value

    def jacobian(self, nu: ArrayLike) -> _Array:
        """Total derivative of `equations`, through mean and noise, shape ``(..., P, P)`` for rates ``(..., P)``."""
        return self.linearize(nu).jacobian

    def linearize(self, nu: ArrayLike) -> Linearization:
        """`equations` and `jacobian` at once; NaN where the renewal closure has no solution that was found."""
        if self.closure is not None:
            return self._closed_linearization(self.rates(nu), self.closure)
        mu, variance = self.moments(nu)
        sigma = np.sqrt(variance)
        found = response_to_input(mu, sigma, self.coefficients.neurons, self.coefficients.theory.response)
        by_variance = np.divide(found.by_sigma, 2 * sigma, out=np.zeros_like(sigma), where=sigma > 0)
        rate, *slopes = (self.coefficients.z_weights @ each for each in (found.rate, found.by_mu, by_variance))
        by_rate = self.coefficients.by_rate
        jacobian = sum(
            (slope[..., None] * by for slope, by in zip(slopes, by_rate, strict=True)), -np.eye(self.n_populations)
        )
        return Linearization(rate - self.rates(nu), jacobian)

    def _closed_linearization(self, nu: _Array, closure: RenewalClosure) -> Linearization:
        found = closure.solve(np.maximum(nu.reshape(-1, self.n_populations), 0.0))
        z_weights = self.coefficients.z_weights
        rate, by_mu, by_variance = (z_weights @ each for each in (found.rate, found.by_mu, found.by_variance))
        jacobian = by_mu[..., None] * self.coefficients.by_rate.mu + by_variance[..., None] * found.variance_by_rate
        jacobian -= np.eye(self.n_populations)
        return Linearization(rate.reshape(nu.shape) - nu, jacobian.reshape(*nu.shape, self.n_populations))

    def solve_rates(self, nu_init: ArrayLike | None = None) -> OptimizeResult:
        """A steady state, by Newton's method; see `fixed_points` for all of them.

        Args:
            nu_init: Where to start, in Hz, shape ``(P,)``; 5 Hz everywhere by default. If Newton's method finds
                nothing from there, the rates relax.

        Returns:
            As of `scipy.optimize.root`: ``x`` the rates in Hz, ``success``, ``fun`` the residual in Hz, ``message``.
        """
        start = shaped("nu_init", START if nu_init is None else nu_init, (self.n_populations,))
        found = find_or_relax(self.linearize, start[None])
        success = bool(found.converged.all())
        if success:
            self.say_if_extrapolated(self.moments(found.x[0]))
        message = "The solution converged." if success else "No steady state was found."
        return OptimizeResult(x=found.x[0], success=success, fun=self.equations(found.x[0]), message=message)

    def determine_stability(self, nu: ArrayLike) -> tuple[str, NDArray[np.complex128]]:
        """Stability of a steady state of ``tau_m dnu/dt = -nu + phi(nu)``.

        Args:
            nu: Its rates in Hz, shape ``(P,)``.

        Returns:
            Its ``kind``, as in `FixedPoint`, and eigenvalues in 1/s, the largest real part first.

        Raises:
            NumericalError: The renewal closure has no solution that was found.
        """
        jacobian = self.jacobian(nu)
        if np.isnan(jacobian).any():
            raise _inconsistent(self.rates(nu))
        eigenvalues = np.linalg.eigvals(jacobian / self.tau_membrane[:, None])
        eigenvalues = eigenvalues[np.argsort(-eigenvalues.real, kind="stable")].astype(np.complex128)
        return classify(eigenvalues), eigenvalues

    def simulate(self, nu_0: ArrayLike, duration: float, times: ArrayLike | None = None) -> tuple[_Array, _Array]:
        """Follow the rates in time, ``tau_m dnu/dt = -nu + phi(nu)``.

        Args:
            nu_0: Rates at time 0 in Hz, shape ``(P,)``.
            duration: In seconds.
            times: Times in seconds at which the rates are wanted, shape ``(T,)``; those of the solver by default.

        Returns:
            Times, shape ``(T,)``, and rates in Hz, shape ``(T, P)``.

        Raises:
            RuntimeError: The solver failed.
            NumericalError: The renewal closure has no solution that was found.
        """
        tau = self.tau_membrane

        def slope(_: float, nu: _Array) -> _Array:
            force = self.equations(nu)
            if np.isnan(force).any():
                raise _inconsistent(nu)
            return force / tau

        solution: Any = solve_ivp(
            slope,
            (0.0, duration),
            shaped("nu_0", nu_0, (self.n_populations,)),
            method="LSODA",
            t_eval=times,
            jac=lambda _, nu: self.jacobian(nu) / tau[:, None],
            rtol=1e-8,
            atol=1e-10,
        )
        if not solution.success:
            raise RuntimeError(f"the rates could not be followed: {solution.message}")
        return solution.t, solution.y.T

    def rates(self, nu: ArrayLike) -> _Array:
        """Rates as an array of shape ``(..., P)``.

        Raises:
            InputError: The shape is another one.
        """
        rates = np.asarray(nu, np.float64)
        if rates.shape[-1:] != (self.n_populations,):
            raise InputError(f"rates: shape {rates.shape} found; expected (..., {self.n_populations})")
        return rates


def _inconsistent(rates: _Array) -> NumericalError:
    return NumericalError(
        f"renewal closure: no consistent variance of the input found at rates of up to {rates.max():.4g} Hz; "
        "expected one. The poisson closure always has one"
    )


def shaped(name: str, value: ArrayLike, shape: tuple[int, ...]) -> _Array:
    """One value for all, or an array of this shape, of finite numbers."""
    array = np.asarray(value, np.float64)
    if array.shape not in ((), shape) or not np.isfinite(array).all():
        raise InputError(f"{name}: shape {array.shape} found; expected one finite value, or {shape} of them")
    return np.broadcast_to(array, shape).copy()
