"""The mean field written without this package: a quadrature for each rate, finite differences for slopes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import quad
from scipy.optimize import OptimizeResult, root
from scipy.special import erfcx

from neuro_mod.core.mean_field.core.coefficients import Coefficients
from neuro_mod.core.mean_field.core.transfer import FILTER_SHIFT
from neuro_mod.core.neurons import NEURON_PARAMETERS

_Array = NDArray[np.float64]

#: Error that is asked of the quadrature, relative to the integral.
QUADRATURE_ERROR = 1e-10
#: Step of central differences, relative to rates of 1 Hz and more.
_STEP = 1e-5
#: Rate in Hz from which ambient populations look for their equilibrium.
_START = 5.0


def quadrature_rate(
    mu: float,
    sigma: float,
    *,
    tau_membrane: float,
    tau_synaptic: float,
    tau_refractory: float,
    threshold: float,
    reset_voltage: float,
) -> float:
    """Firing rate in Hz of one neuron; arguments as for `transfer.response`, sigma above 0.

    The integral is divided by ``exp(b^2)`` where its upper end b lies above 0, so that nothing overflows.
    """
    beta = FILTER_SHIFT * math.sqrt(tau_synaptic / tau_membrane)
    a, b = (reset_voltage - mu) / sigma + beta, (threshold - mu) / sigma + beta
    top = max(b, 0.0)
    scale = math.exp(-top * top)

    def integrand(u: float) -> float:
        if u < 0:
            return scale * float(erfcx(-u))
        return math.exp((u - top) * (u + top)) * (1.0 + math.erf(u))

    integral = quad(integrand, a, b, epsabs=0, epsrel=QUADRATURE_ERROR, limit=200)[0]
    return scale / (tau_refractory * scale + tau_membrane * math.sqrt(math.pi) * integral)


class ScalarField:
    """A mean field whose rates are computed one by one.

    Args:
        coefficients: What the mean field is computed from, with a single value of z.
        kept: Populations that are not left out, by default all.
    """

    def __init__(self, coefficients: Coefficients, kept: ArrayLike | None = None):
        every = np.arange(len(coefficients.by_rate.mu))
        self.kept = every if kept is None else np.asarray(kept)
        self._by_mu, self._by_variance = (each[np.ix_(self.kept, self.kept)] for each in coefficients.by_rate)
        self._mu, self._variance = (each[0, self.kept] for each in coefficients.external)
        neurons = [
            dict(zip(NEURON_PARAMETERS, map(float, each), strict=True))
            for each in zip(*coefficients.neurons, strict=True)
        ]
        self._neurons = [neurons[each] for each in self.kept]

    def equations(self, nu: _Array, chosen: Sequence[int] | None = None) -> _Array:
        """``-nu + phi(nu)`` in Hz of chosen populations, by default all, for rates ``(P,)``."""
        rates = np.maximum(nu, 0.0)
        mu, sigma = self._mu + self._by_mu @ rates, np.sqrt(self._variance + self._by_variance @ rates)
        wanted = range(len(nu)) if chosen is None else chosen
        return np.array([quadrature_rate(float(mu[k]), float(sigma[k]), **self._neurons[k]) - nu[k] for k in wanted])

    def solve(self, start: _Array) -> OptimizeResult:
        """A steady state by Powell's hybrid method, whose Jacobian comes from finite differences."""
        return root(self.equations, start, method="hybr")

    def eigenvalues(self, nu: _Array) -> NDArray[np.complexfloating]:
        """Eigenvalues in 1/s of the Jacobian by central differences."""
        steps = np.diag(_STEP * np.maximum(nu, 1.0))
        slopes = [(self.equations(nu + h) - self.equations(nu - h)) / (2 * h.max()) for h in steps]
        tau = np.array([each["tau_membrane"] for each in self._neurons])
        return np.linalg.eigvals(np.transpose(slopes) / tau[:, None])

    def force(self, focus: Sequence[int], nu: ArrayLike) -> _Array:
        """``phi - nu`` in Hz of focus populations at their rates ``(F,)``, all others in equilibrium with them."""
        rates = np.full(len(self.kept), _START)
        rates[list(focus)] = nu
        ambient = [k for k in range(len(rates)) if k not in focus]

        def of_ambient(values: _Array) -> _Array:
            rates[ambient] = values
            return self.equations(rates, ambient)

        rates[ambient] = root(of_ambient, rates[ambient], method="hybr").x
        return self.equations(rates, focus)
