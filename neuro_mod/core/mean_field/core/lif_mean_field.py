"""The mean-field theory of clustered leaky integrate-and-fire networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.choices import Closure, ResponseKind
from neuro_mod.core.arousal import MEAN_Z, z_quadrature
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.mean_field.core.coefficients import Coefficients, Moments
from neuro_mod.core.mean_field.core.effective import EffectiveField
from neuro_mod.core.mean_field.core.fixed_points import FixedPoint
from neuro_mod.core.mean_field.core.inputs import CoefficientDerivatives, InputParameters
from neuro_mod.core.mean_field.core.linear_response import LinearResponse
from neuro_mod.core.mean_field.core.linearized import (
    checked_sizes,
    linear_response,
    stable_rates,
    violated_assumptions,
)
from neuro_mod.core.mean_field.core.rate_equations import RateEquations, shaped
from neuro_mod.core.mean_field.core.sensitivity import Sensitivity, sensitivities
from neuro_mod.core.mean_field.core.theory import DEFAULT_THEORY, Theory
from neuro_mod.core.modulation import Baseline, modulated_circuit
from neuro_mod.core.modulation_derivatives import (
    PLAIN_TARGETS,
    CircuitDerivatives,
    circuit_derivatives,
    plain_derivatives,
)
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.core.perturbations.targets import TARGETS
from neuro_mod.errors import InputError, invalid
from neuro_mod.summaries import Shown, Summary, counted

_Array = NDArray[np.float64]


class LIFMeanField(Shown, RateEquations):
    """Mean-field model of a clustered LIF network.

    ``mu_a = tau_m (sum_b C_ab J_ab nu_b + sum_s C_ext J_ext nu_ext)``,
    ``sigma_a^2 = tau_m (sum_b C_ab J_ab^2 F_ab nu_b + sum_s C_ext J_ext^2 nu_ext)``, and in a steady state every
    population fires at ``nu_a = phi_a(mu_a, sigma_a)``, see `transfer.response`. Away from it, ``tau_m dnu/dt = -nu +
    phi(nu)``. With the Poisson closure F is 1, with the renewal closure the noise factor of spike trains that are as
    regular as those of the neurons themselves, see `closure`.

    Assumptions and approximations: many weak, uncorrelated inputs (diffusion approximation), populations without
    fluctuations of their rates, and those of the chosen `Theory`. Populations without neurons have no effect as long as
    no neuron has synapses from them.

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
        response: How neurons respond to their input, see `Theory`.
        closure: How regular the spike trains are that neurons receive from each other, see `Theory`.

    Raises:
        InputError: A shape does not match, a value is not finite or out of bounds, the weights of z are not one for
            each or do not sum to 1, or the input overflows.

    References:
        Amit & Brunel 1997; Brunel & Sergi 1998; Papadopoulos et al., arXiv 2404.03902v3.

    Examples:
        >>> import numpy as np
        >>> from neuro_mod import LIFMeanField, fixed_points
        >>> field = LIFMeanField(  # one E and one I population
        ...     2,
        ...     c_matrix=[[320, 80], [320, 80]],
        ...     j_matrix=[[0.01, -0.05], [0.01, -0.05]],
        ...     j_ext=0.02,
        ...     c_ext=400,
        ...     nu_ext=7.0,
        ...     tau_membrane=20e-3,
        ...     tau_synaptic=5e-3,
        ...     threshold=1.0,
        ...     reset_voltage=0.0,
        ...     tau_refractory=5e-3,
        ... )
        >>> [state] = fixed_points(field)
        >>> state.kind, state.rates.round(1)
        ('stable node', array([11., 11.]))
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
        response: ResponseKind = "shifted",
        closure: Closure = "poisson",
    ):
        p = n_clusters
        in_degree, weights = shaped("c_matrix", c_matrix, (p, p)), shaped("j_matrix", j_matrix, (p, p))
        external_weight, external_in_degree, external_rate = np.broadcast_arrays(
            _sources("j_ext", j_ext, p), _sources("c_ext", c_ext, p), _sources("nu_ext", nu_ext, p)
        )
        neurons = NeuronParameters(
            tau_membrane=shaped("tau_membrane", tau_membrane, (p,)),
            tau_synaptic=shaped("tau_synaptic", tau_synaptic, (p,)),
            tau_refractory=shaped("tau_refractory", tau_refractory, (p,)),
            threshold=shaped("threshold", threshold, (p,)),
            reset_voltage=shaped("reset_voltage", reset_voltage, (p,)),
        )
        aroused = shaped("arousal_rate", arousal_rate, (p,))
        z, z_weights = np.atleast_1d(np.asarray(z_nodes, np.float64)), np.asarray(z_weights, np.float64)
        not_negative = {
            "c_matrix": in_degree,
            "c_ext": external_in_degree,
            "nu_ext": external_rate,
            "arousal_rate": aroused,
            "z_nodes": z,
        }
        for name, values in not_negative.items():
            if (values < 0).any():
                raise invalid(name, float(values.min()), "at least 0")
        if z_weights.shape != z.shape or not np.isclose(z_weights.sum(), 1):
            raise invalid("z_weights", z_weights.tolist(), f"{len(z)} numbers that sum to 1")
        self.inputs = InputParameters(
            in_degree, weights, external_in_degree, external_weight, external_rate, aroused, z
        )
        with np.errstate(over="ignore", invalid="ignore"):  # reported below
            by_rate, external = self.inputs.moments(neurons.tau_membrane)
        if not all(np.isfinite(each).all() for each in (*by_rate, *external)):
            raise InputError("weights, numbers of synapses or rates are so large that the input overflows")
        super().__init__(Coefficients(by_rate, external, neurons, z_weights, Theory(response, closure)))
        #: The network, and how it changes with a target, where they are known.
        self.circuit: Circuit | None = None
        self._circuit_derivatives: Callable[[str], CircuitDerivatives] | None = None

    def _summary(self) -> Summary:
        rows = {"theory": f"{self.coefficients.theory.response} response, {self.coefficients.theory.closure} input"}
        if self.populations is not None:
            rows["clusters"] = f"{self.populations.n_clusters} of each type"
        rows["finds"] = "solve_rates(), determine_stability(rates); fixed_points(field)"
        return Summary(f"Mean field of {counted(self.n_populations, 'population')}", rows)

    @classmethod
    def from_circuit(cls, circuit: Circuit, n_z: int = 1, theory: Theory = DEFAULT_THEORY) -> Self:
        """The mean field of a network, see `modulated_circuit`.

        Args:
            circuit: The network, with arousal and perturbations applied.
            n_z: Number of values of z over which the response is averaged (Gauss-Jacobi); 1 for the mean z = 1/2.
            theory: Response and closure.
        """
        nodes, weights = z_quadrature(n_z) if n_z > 1 else (np.array([MEAN_Z]), np.ones(1))
        field = cls(
            n_clusters=circuit.populations.total,
            c_matrix=circuit.connection_probability * circuit.populations.sizes,
            j_matrix=circuit.block_weights,
            j_ext=circuit.external_weight,
            c_ext=circuit.external_in_degree,
            nu_ext=circuit.external_rate,
            **vars(circuit.neurons),
            arousal_rate=circuit.arousal_rate,
            z_nodes=nodes,
            z_weights=weights,
            **vars(theory),
        )
        field.populations, field.circuit = circuit.populations, circuit
        return field

    @classmethod
    def from_baseline(
        cls,
        baseline: Baseline,
        deltas: Mapping[str, ArrayLike] | None = None,
        n_z: int = 1,
        theory: Theory = DEFAULT_THEORY,
    ) -> Self:
        """The mean field of a network under perturbations, which knows its sensitivity to all targets.

        Args:
            baseline: The network before arousal and perturbations act on it.
            deltas: Perturbations by target, as for `modulated_circuit`.
            n_z: As for `from_circuit`.
            theory: Response and closure.

        Raises:
            InputError: A target is unknown, or a parameter becomes invalid.
        """
        field = cls.from_circuit(modulated_circuit(baseline, deltas), n_z, theory)
        field._circuit_derivatives = partial(circuit_derivatives, baseline, deltas=deltas)
        return field

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets whose effects are known: all of a field `from_baseline`, but `tau_synaptic` where it is 0."""
        known = PLAIN_TARGETS if self._circuit_derivatives is None else tuple(TARGETS)
        unfiltered = (self.coefficients.neurons.tau_synaptic == 0).any()
        return tuple(target for target in known if not (unfiltered and target == "tau_synaptic"))

    def coefficient_derivatives(self, target: str) -> CoefficientDerivatives:
        """How input and neurons of each population change with a perturbation of this population.

        Raises:
            InputError: The target is not one of `targets`, or a derivative is infinite.
        """
        inputs, neurons = self.inputs, self.coefficients.neurons
        if self._circuit_derivatives is not None:
            change = self._circuit_derivatives(target)
        else:
            change = plain_derivatives(target, inputs.external_rate, inputs.external_in_degree > 0)
        if target == "tau_synaptic" and (neurons.tau_synaptic == 0).any():
            raise invalid(target, 0.0, "above 0: at 0 rates change infinitely fast with it")
        return inputs.derivatives(neurons.tau_membrane, change)

    def sensitivity(
        self,
        state: FixedPoint | ArrayLike,
        targets: Iterable[str] | str | None = None,
        *,
        directions: ArrayLike | None = None,
    ) -> dict[str, Sensitivity]:
        """Derivatives of a steady state and of its eigenvalues with respect to perturbations.

        ``d nu / d delta = -J^-1 dF / d delta``; eigenvalues move by ``l . dA . r``, equal ones by the eigenvalues of
        that matrix within their eigenspace. Derivatives tell nothing about how far they hold. They are in closed form
        with the Poisson closure and the shifted response; otherwise some terms are finite differences.

        Args:
            state: A steady state of `fixed_points`, or its rates in Hz, shape ``(P,)``.
            targets: Perturbed parameters, or one; all of `targets` by default.
            directions: Perturbations in cluster space, in the unit of the target, shape ``(K, P)`` or ``(P,)``; each
                population alone by default.

        Returns:
            By target; see `Sensitivity`.

        Raises:
            InputError: A target is unknown to this field or changes it infinitely fast, the state is not steady, or a
                shape does not match.
            NumericalError: An eigenvalue of the state is 0, as at a fold.

        Examples:
            >>> from neuro_mod import FullMeanFieldStager, stable_states_of
            >>> field = FullMeanFieldStager("two_clusters").field
            >>> [state] = stable_states_of(field, [[0]])
            >>> found = field.sensitivity(state, targets=["rate"])["rate"]
            >>> print(f"{found.rates[0, 1]:.1f} Hz")  # change of E1 per Hz of external rate of E0
            -7.8 Hz
        """
        rates = state.rates if isinstance(state, FixedPoint) else state
        names = self.targets if targets is None else [targets] if isinstance(targets, str) else list(targets)
        changes = {target: self.coefficient_derivatives(target) for target in names}
        return sensitivities(self, rates, changes, directions)

    def linear_response(
        self,
        state: FixedPoint | ArrayLike,
        frequencies: ArrayLike | None = None,
        *,
        sizes: ArrayLike | None = None,
        delay: float = 0.0,
    ) -> LinearResponse:
        """Susceptibilities of the populations, and spectra and covariances of their rates, about a stable state.

        Assumptions and approximations: small fluctuations; many neurons in each population, each of which receives
        input from a small part of it, so that the input that neurons share is the mean rate of the population; weak
        synapses. The regularity of spike trains does not follow the modulation of their rates.

        Args:
            state: A stable steady state of `fixed_points`, or its rates in Hz, shape ``(P,)``.
            frequencies: In Hz, rising from 0 or more, shape ``(F,)``; 241 from 0 to 1000 Hz by default.
            sizes: Numbers of neurons, shape ``(P,)``; those of the network by default.
            delay: Seconds from a spike to its effect. A simulation with a step h acts like a network with a delay of
                h/2, as spikes are found at the end of a step.

        Returns:
            See `LinearResponse`, which has an example; its `cautions` say where it may mislead.

        Raises:
            InputError: The response of the field is not exact, the state is not stable, sizes are not known, or an
                argument is not valid.
            NumericalError: The state is unstable at a frequency above 0.

        """
        self.check_linear_response()
        if sizes is None:
            if self.populations is None:
                raise InputError("sizes: none found; expected the numbers of neurons of the populations")
            sizes = self.populations.sizes
        numbers = checked_sizes(sizes, self.n_populations)
        external = self.coefficient_derivatives("rate").external
        return linear_response(
            self,
            stable_rates(self, state),
            Moments(external.mu[0], external.variance[0]),
            numbers,
            frequencies=frequencies,
            delay=delay,
            notes=violated_assumptions(self.inputs.in_degree, self.inputs.weights, numbers, self.circuit),
        )

    def check_linear_response(self) -> None:
        """Check that a linear response can be computed.

        Raises:
            InputError: The response of the field is not exact.
        """
        found = self.coefficients.theory.response
        if found != "exact":
            hint = "set mean_field.response: exact in the configuration, or use --response exact"
            raise invalid("mean_field.response", found, "exact for the linear response", hint)

    def effective_response_function(self, focus_pops: Sequence[int | str], nu: ArrayLike) -> _Array:
        """Rates at which focus populations fire when all others are in equilibrium with them.

        Args:
            focus_pops: Indices or, where the layout of cluster space is known, names of F populations.
            nu: Rates of the focus populations in Hz, shape ``(..., F)``.

        Returns:
            Rates in Hz, shape ``(..., F)``; NaN where no equilibrium of the others was found.

        Raises:
            InputError: A population does not exist or is repeated, or a shape does not match.
        """
        effective, rates = EffectiveField(self, focus_pops), np.asarray(nu, np.float64)
        return effective.solve(rates.reshape(-1, rates.shape[-1] if rates.ndim else 0)).response.reshape(rates.shape)


def _sources(name: str, value: ArrayLike, n_populations: int) -> _Array:
    """A parameter of external sources, shape ``(S, P)``."""
    array = np.asarray(value, np.float64)
    if array.ndim < 2:
        return shaped(name, array, (n_populations,))[None]
    return shaped(name, array, (len(array), n_populations))
