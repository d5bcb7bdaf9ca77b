"""The mean-field theory of clustered leaky integrate-and-fire networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import OptimizeResult

from neuro_mod.core.arousal import MEAN_Z, z_quadrature
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.mean_field.core.coefficients import Coefficients, Moments
from neuro_mod.core.mean_field.core.effective import START, EffectiveField
from neuro_mod.core.mean_field.core.newton import Linearization, find_or_relax
from neuro_mod.core.mean_field.core.stability import classify
from neuro_mod.core.mean_field.core.transfer import response, response_to_input
from neuro_mod.populations import Populations

_Array = NDArray[np.float64]


class LIFMeanField:
    """Mean-field model of a clustered LIF network.

    ``mu_a = tau_m (sum_b C_ab J_ab nu_b + sum_s C_ext J_ext nu_ext)``,
    ``sigma_a^2 = tau_m (sum_b C_ab J_ab^2 nu_b + sum_s C_ext J_ext^2 nu_ext)``, and in a steady state every population
    fires at ``nu_a = phi_a(mu_a, sigma_a)``, see `transfer.response`. Away from it, ``tau_m dnu/dt = -nu + phi(nu)``.

    Assumptions and approximations: many weak, uncorrelated inputs (diffusion approximation), populations without
    fluctuations of their rates, synaptic filtering to first order in ``sqrt(tau_s/tau_m)``. Populations without neurons
    have no effect as long as nobody has synapses from them.

    Args:
        n_clusters: Number of populations P (clusters).
        c_matrix: Connectivity matrix (numbers of synapses) ``[post, pre]``, shape ``(P, P)``.
        j_matrix: Synaptic efficacy matrix ``[post, pre]`` in threshold units, shape ``(P, P)``.
        j_ext: External synaptic efficacies in threshold units: one value, ``(P,)``, or ``(S, P)`` for S sources.
        c_ext: External in-degrees, likewise.
        nu_ext: External Poisson input rates (Hz), likewise.
        tau_membrane: Membrane time constants in seconds: one value or ``(P,)``.
        tau_synaptic: Synaptic time constants in seconds, likewise.
        threshold: Firing thresholds in threshold units, likewise.
        reset_voltage: Reset voltages in threshold units, likewise.
        tau_refractory: Absolute refractory periods in seconds, likewise.
        arousal_rate: Further external rate in Hz, of which each neuron receives the part z: one value or ``(P,)``.
        z_nodes: Values of z over whose neurons the response is averaged, shape ``(Q,)``; the mean 1/2 by default.
        z_weights: Their weights, summing to 1, shape ``(Q,)``.

    Raises:
        ValueError: A shape does not fit, a value is not finite, a number of synapses, a rate or z is negative, the
            weights of z are not one for each or do not sum to 1, a neuron parameter is impossible, or the input
            overflows.

    References:
        Amit & Brunel 1997; Brunel & Sergi 1998; Papadopoulos et al., arXiv 2404.03902v3.
    """

    def __init__(
        self,
        n_clusters: int,
        c_matrix: ArrayLike,
        j_matrix: ArrayLike,
        j_ext: ArrayLike,
        c_ext: ArrayLike,
        nu_ext: ArrayLike,
        tau_membrane: ArrayLike,
        tau_synaptic: ArrayLike,
        threshold: ArrayLike,
        reset_voltage: ArrayLike,
        tau_refractory: ArrayLike,
        *,
        arousal_rate: ArrayLike = 0.0,
        z_nodes: ArrayLike = (MEAN_Z,),
        z_weights: ArrayLike = (1.0,),
    ):
        p = n_clusters
        in_degree, weights = (
            _shaped(name, value, (p, p)) for name, value in _named(c_matrix=c_matrix, j_matrix=j_matrix)
        )
        sources = {name: _sources(name, value, p) for name, value in _named(j_ext=j_ext, c_ext=c_ext, nu_ext=nu_ext)}
        external_weight, external_in_degree, external_rate = np.broadcast_arrays(*sources.values())
        given = _named(
            tau_membrane=tau_membrane,
            tau_synaptic=tau_synaptic,
            tau_refractory=tau_refractory,
            threshold=threshold,
            reset_voltage=reset_voltage,
        )
        neurons = {name: _shaped(name, value, (p,)) for name, value in given}
        response(0.0, 1.0, **neurons)  # refuses what no neuron can have
        aroused = _shaped("arousal_rate", arousal_rate, (p,))
        z, z_weights = np.atleast_1d(np.asarray(z_nodes, np.float64)), np.asarray(z_weights, np.float64)
        for name, values in _named(
            c_matrix=in_degree, c_ext=external_in_degree, nu_ext=external_rate, arousal_rate=aroused, z_nodes=z
        ):
            if (values < 0).any():
                raise ValueError(f"{name} must not be negative")
        if z_weights.shape != z.shape or not np.isclose(z_weights.sum(), 1):
            raise ValueError(f"z_weights must be {len(z)} numbers that sum to 1")
        tau = neurons["tau_membrane"]
        with np.errstate(over="ignore", invalid="ignore"):  # told below
            rates = external_rate + aroused * z[:, None, None]
            per_rate = tau * external_in_degree * external_weight
            by_rate = Moments(tau[:, None] * in_degree * weights, tau[:, None] * in_degree * weights**2)
            external = Moments((per_rate * rates).sum(axis=1), (per_rate * external_weight * rates).sum(axis=1))
        if not all(np.isfinite(each).all() for each in (*by_rate, *external)):
            raise ValueError("weights, numbers of synapses or rates are so large that the input overflows")
        self._build(Coefficients(by_rate, external, neurons, z_weights))

    def _build(self, coefficients: Coefficients, populations: Populations | None = None) -> None:
        self.coefficients = coefficients
        #: The layout of cluster space, if it is known.
        self.populations = populations

    @classmethod
    def of(cls, coefficients: Coefficients, populations: Populations | None = None) -> Self:
        """The mean field with these coefficients, which are not checked."""
        field = cls.__new__(cls)
        field._build(coefficients, populations)
        return field

    @property
    def n_populations(self) -> int:
        """Number of populations P."""
        return len(self.tau_membrane)

    @property
    def tau_membrane(self) -> _Array:
        """Membrane time constants in seconds, shape ``(P,)``."""
        return self.coefficients.neurons["tau_membrane"]

    @classmethod
    def from_circuit(cls, circuit: Circuit, n_z: int = 1) -> Self:
        """The mean field of a network, see `core.modulation.modulated_circuit`.

        Args:
            circuit: The network, with arousal and perturbations applied.
            n_z: Over how many values of z the response is averaged (Gauss-Jacobi); 1 for the mean z = 1/2.
        """
        nodes, weights = z_quadrature(n_z) if n_z > 1 else (np.array([MEAN_Z]), np.ones(1))
        field = cls(
            n_clusters=circuit.populations.total,
            c_matrix=circuit.connection_probability * circuit.populations.sizes,
            j_matrix=circuit.block_weights,
            j_ext=circuit.external_weight,
            c_ext=circuit.external_in_degree,
            nu_ext=circuit.external_rate,
            tau_membrane=circuit.tau_membrane,
            tau_synaptic=circuit.tau_synaptic,
            threshold=circuit.threshold,
            reset_voltage=circuit.reset_voltage,
            tau_refractory=circuit.tau_refractory,
            arousal_rate=circuit.arousal_rate,
            z_nodes=nodes,
            z_weights=weights,
        )
        return cls.of(field.coefficients, circuit.populations)

    def moments(self, nu: ArrayLike) -> Moments:
        """Input at given rates.

        Args:
            nu: Rates in Hz, shape ``(..., P)``; negative ones, which solvers may try, count as 0.

        Returns:
            Mean and variance, shape ``(..., Q, P)`` for Q values of z.
        """
        rates = np.maximum(self.rates(nu), 0.0)
        recurrent = (rates @ by_rate.T for by_rate in self.coefficients.by_rate)
        external = self.coefficients.external
        return Moments(*(mine[..., None, :] + other for mine, other in zip(recurrent, external, strict=True)))

    def response_function(self, mu: ArrayLike, sigma: ArrayLike) -> _Array:
        """Rates in Hz of the populations under given input, shape ``(..., P)`` like the input."""
        return response(mu, sigma, **self.coefficients.neurons).rate

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
        """`equations` and `jacobian` at once."""
        mu, variance = self.moments(nu)
        sigma = np.sqrt(variance)
        found = response_to_input(mu, sigma, self.coefficients.neurons)
        by_variance = np.divide(found.by_sigma, 2 * sigma, out=np.zeros_like(sigma), where=sigma > 0)
        rate, *slopes = (self._mean_over_z(each) for each in (found.rate, found.by_mu, by_variance))
        by_rate = self.coefficients.by_rate
        jacobian = sum(
            (slope[..., None] * by for slope, by in zip(slopes, by_rate, strict=True)), -np.eye(self.n_populations)
        )
        return Linearization(rate - self.rates(nu), jacobian)

    def effective_response_function(self, focus_pops: Sequence[int | str], nu: ArrayLike) -> _Array:
        """Rates at which focus populations fire when all others are in equilibrium with them.

        Args:
            focus_pops: Indices or, where the layout of cluster space is known, names of F populations.
            nu: Rates of the focus populations in Hz, shape ``(..., F)``.

        Returns:
            Rates in Hz, shape ``(..., F)``; NaN where no equilibrium of the others was found.

        Raises:
            ValueError: A population does not exist or comes twice, or a shape does not fit.
        """
        effective, rates = EffectiveField(self, focus_pops), np.asarray(nu, np.float64)
        return effective.solve(rates.reshape(-1, rates.shape[-1] if rates.ndim else 0)).response.reshape(rates.shape)

    def solve_rates(self, nu_init: ArrayLike | None = None) -> OptimizeResult:
        """A steady state, by Newton's method; see `fixed_points.fixed_points` for all of them.

        Args:
            nu_init: Where to start, in Hz, shape ``(P,)``; 5 Hz everywhere by default. If Newton's method finds
                nothing from there, the rates relax.

        Returns:
            As of `scipy.optimize.root`: ``x`` the rates in Hz, ``success``, ``fun`` the residual in Hz, ``message``.
        """
        start = _shaped("nu_init", START if nu_init is None else nu_init, (self.n_populations,))
        found = find_or_relax(self.linearize, start[None])
        success = bool(found.converged.all())
        message = "The solution converged." if success else "No steady state was found."
        return OptimizeResult(x=found.x[0], success=success, fun=self.equations(found.x[0]), message=message)

    def determine_stability(self, nu: ArrayLike) -> tuple[str, NDArray[np.complex128]]:
        """Stability of a steady state of ``tau_m dnu/dt = -nu + phi(nu)``.

        Args:
            nu: Its rates in Hz, shape ``(P,)``.

        Returns:
            Type, see `stability.classify`, and eigenvalues in 1/s, the largest real part first.
        """
        eigenvalues = np.linalg.eigvals(self.jacobian(nu) / self.tau_membrane[:, None])
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
        """
        tau = self.tau_membrane
        solution: Any = solve_ivp(
            lambda _, nu: self.equations(nu) / tau,
            (0.0, duration),
            _shaped("nu_0", nu_0, (self.n_populations,)),
            method="LSODA",
            t_eval=times,
            jac=lambda _, nu: self.jacobian(nu) / tau[:, None],
            rtol=1e-8,
            atol=1e-10,
        )
        if not solution.success:
            raise RuntimeError(f"the rates could not be followed: {solution.message}")
        return solution.t, solution.y.T

    def _mean_over_z(self, values: _Array) -> _Array:
        return self.coefficients.z_weights @ values

    def rates(self, nu: ArrayLike) -> _Array:
        """Rates as an array of shape ``(..., P)``.

        Raises:
            ValueError: The shape is another one.
        """
        rates = np.asarray(nu, np.float64)
        if rates.shape[-1:] != (self.n_populations,):
            raise ValueError(f"rates have shape {rates.shape}, expected (..., {self.n_populations})")
        return rates


def _named(**values: Any) -> Any:
    return values.items()


def _shaped(name: str, value: ArrayLike, shape: tuple[int, ...]) -> _Array:
    """One value for all, or an array of this shape, of finite numbers."""
    array = np.asarray(value, np.float64)
    if array.shape not in ((), shape) or not np.isfinite(array).all():
        raise ValueError(f"{name} has shape {array.shape}, expected one finite value or {shape}")
    return np.broadcast_to(array, shape).copy()


def _sources(name: str, value: ArrayLike, n_populations: int) -> _Array:
    """A parameter of external sources, shape ``(S, P)``."""
    array = np.asarray(value, np.float64)
    if array.ndim < 2:
        return _shaped(name, array, (n_populations,))[None]
    return _shaped(name, array, (len(array), n_populations))
