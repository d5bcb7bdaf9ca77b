"""Effective parameters: those of a network under arousal and perturbations.

`modulated_circuit` gives them at one time, for the mean field and to draw a network; `modulated_courses` gives them
over a run, for the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.choices import Heterogeneity, InDegree
from neuro_mod.core.arousal import arousal_effect, weaken_excitation
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.clustering.block_weights import within_cluster
from neuro_mod.core.course import Course
from neuro_mod.core.neurons import NEURON_PARAMETERS, NeuronParameters
from neuro_mod.core.perturbations.targets import TARGETS, Impossible, check_target
from neuro_mod.errors import InputError
from neuro_mod.populations import Populations
from neuro_mod.summaries import ShownFields

_Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class Baseline(ShownFields):
    """A clustered network before arousal and perturbations act on it.

    Args:
        populations: The layout of cluster space, P populations.
        connection_probability: ``[post, pre]``, shape ``(P, P)``.
        block_weights: Synaptic efficacies ``[post, pre]`` in threshold units, shape ``(P, P)``.
        reset_voltage: Reset voltages in threshold units, shape ``(P,)``.
        external_in_degree: Synapses from the external E and I source, shape ``(2, P)``.
        parameters: The perturbed parameters by the name of the target, in SI units: ``rate`` (external rate) and
            ``j_ext`` (before the division by ``sqrt(N)``) of shape ``(2, P)``; ``j_baseline`` and ``j_potentiated``,
            the factors 1, and all others of shape ``(P,)``.
        arousal_heterogeneity: How z ~ Beta(10, 10) varies.
        in_degree: Exact or binomial in-degrees.
    """

    populations: Populations
    connection_probability: _Values
    block_weights: _Values
    reset_voltage: _Values
    external_in_degree: _Values
    parameters: Mapping[str, _Values]
    arousal_heterogeneity: Heterogeneity = "quenched"
    in_degree: InDegree = "fixed"

    def effective(self, target: str, delta: ArrayLike = 0.0) -> _Values:
        """A parameter under a perturbation; see `core.perturbations.targets.TARGETS`.

        Args:
            target: Its name.
            delta: The perturbation in the unit of the target: a scalar, or shape ``(..., P)``.

        Returns:
            Shape ``(..., P)``, for ``rate`` and ``j_ext`` ``(..., 2, P)``; sources without synapses are unchanged.

        Raises:
            InputError: There is no such target.
        """
        check_target(target)
        value, delta = self.parameters[target], np.asarray(delta, np.float64)
        if value.ndim == 2:
            delta = delta[..., None, :] if delta.ndim else delta
            delta = np.where(self.external_in_degree > 0, delta, 0.0)
        return TARGETS[target].perturbed(value, delta)


def modulated_circuit(baseline: Baseline, deltas: Mapping[str, ArrayLike] | None = None) -> Circuit:
    """The network under arousal and perturbations at one time.

    Args:
        baseline: The network.
        deltas: Perturbations by target: a scalar or shape ``(P,)`` each, in the unit of the target.

    Raises:
        InputError: A target is unknown, or a parameter becomes invalid.

    Examples:
        >>> from neuro_mod import StageSNNSimulation, modulated_circuit
        >>> stager = StageSNNSimulation("small")
        >>> raised = modulated_circuit(stager.baseline, {"rate": 2.0})
        >>> (raised.external_rate - stager.circuit.external_rate)[0, :3]  # Hz, of the excitatory source
        array([2., 2., 2.])
    """
    at_once = {target: _as_course(baseline, delta) for target, delta in (deltas or {}).items()}
    check_possible(baseline, at_once)
    found = {name: _quantity(baseline, name, at_once, np.zeros(1, int))[0] for name in _QUANTITIES}
    neurons = {name: found.pop(name) if name in found else baseline.reset_voltage for name in NEURON_PARAMETERS}
    return Circuit(
        populations=baseline.populations,
        connection_probability=baseline.connection_probability,
        neurons=NeuronParameters(**neurons),
        external_in_degree=baseline.external_in_degree,
        arousal_heterogeneity=baseline.arousal_heterogeneity,
        in_degree=baseline.in_degree,
        **found,
    )


def modulated_courses(baseline: Baseline, deltas: Mapping[str, Course]) -> dict[str, Course]:
    """The quantities that perturbations change, over a run.

    Args:
        baseline: The network.
        deltas: Perturbations by target, with values of shape ``(K, P)`` in the unit of the target.

    Returns:
        Courses by the names of the fields of `Circuit`.

    Raises:
        InputError: A target is unknown.
    """
    courses: dict[str, Course] = {}
    for target in deltas:
        check_target(target)
    for name, (targets, _) in _QUANTITIES.items():
        acting = [deltas[target].steps for target in targets if target in deltas]
        if acting:
            steps = np.unique(np.concatenate(acting))
            courses[name] = Course(steps, _quantity(baseline, name, deltas, steps))
    return courses


def check_possible(baseline: Baseline, deltas: Mapping[str, Course], delta_t: float | None = None) -> None:
    """Check that perturbations leave all parameters valid.

    Args:
        baseline: The network.
        deltas: Perturbations by target.
        delta_t: Time step in seconds, to name the time in the message.

    Raises:
        InputError: The message names target, population, value and time.
    """
    for name, delta in deltas.items():
        check_target(name)
        values = baseline.effective(name, delta.values)
        allowed = TARGETS[name].bounds.allow(values, baseline.reset_voltage)
        if not allowed.all():
            where = tuple(np.argwhere(~allowed)[0])
            found = Impossible(int(where[0]), int(where[-1]), float(values[where]))
            time = None if delta_t is None else float(delta.steps[found.piece] * delta_t)
            what, expected = found.describe(name, baseline.populations.names[found.population], time)
            raise InputError(f"perturbation of {what}; expected {expected}")


def size_of_courses(n_pieces: Mapping[str, int], baseline: Baseline) -> int:
    """Upper bound on how many numbers `modulated_courses` returns.

    Args:
        n_pieces: Number of pieces of the perturbation of each target.
        baseline: The network.
    """
    p = baseline.populations.total
    return sum(
        n_pieces.get(target, 0) * (p * p if name == "block_weights" else 2 * p)
        for name, (targets, _) in _QUANTITIES.items()
        for target in targets
    )


def _as_course(baseline: Baseline, delta: ArrayLike) -> Course:
    shape = (1, baseline.populations.total)
    return Course([0], np.broadcast_to(np.asarray(delta, np.float64), shape))


def _quantity(baseline: Baseline, name: str, deltas: Mapping[str, Course], steps: NDArray[np.int64]) -> _Values:
    """A quantity in these steps, shape ``(len(steps), ...)``."""
    targets, make = _QUANTITIES[name]
    no_delta = np.zeros((1, baseline.populations.total))
    values = [
        baseline.effective(target, deltas[target].at(steps) if target in deltas else no_delta) for target in targets
    ]
    return make(baseline, *values)


def _unchanged(_: Baseline, value: _Values) -> _Values:
    return value


def _block_weights(
    baseline: Baseline,
    j_baseline: _Values,
    j_potentiated: _Values,
    level: _Values,
    arousal_L: _Values,
    x_0: _Values,
    k: _Values,
) -> _Values:
    within = np.where(within_cluster(baseline.populations), j_potentiated[..., None], 1.0)
    weights = baseline.block_weights * j_baseline[..., None] * within
    return weaken_excitation(weights, baseline.populations, arousal_L * arousal_effect(level, x_0, k))


def _arousal_rate(_: Baseline, level: _Values, x_0: _Values, k: _Values, arousal_M: _Values) -> _Values:
    return arousal_M * arousal_effect(level, x_0, k)


def _external_weight(baseline: Baseline, j_ext: _Values) -> _Values:
    return j_ext / np.sqrt(baseline.populations.n_neurons)


#: Quantities of `Circuit`, the targets that enter into each, and how.
_QUANTITIES: dict[str, tuple[tuple[str, ...], Callable[..., _Values]]] = {
    "block_weights": (
        ("j_baseline", "j_potentiated", "arousal_level", "arousal_L", "arousal_x_0", "arousal_k"),
        _block_weights,
    ),
    "external_rate": (("rate",), _unchanged),
    "external_weight": (("j_ext",), _external_weight),
    "arousal_rate": (("arousal_level", "arousal_x_0", "arousal_k", "arousal_M"), _arousal_rate),
} | {name: ((name,), _unchanged) for name in ("threshold", "tau_membrane", "tau_synaptic", "tau_refractory")}
