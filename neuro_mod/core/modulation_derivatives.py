"""Derivatives of effective parameters with respect to perturbations.

A perturbation of a population changes only what this population receives, and its own neurons. All derivatives of the
quantities of population a are therefore with respect to the perturbation of a.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.core.arousal import ArousalSlopes, arousal_effect, arousal_slopes, weaken_excitation
from neuro_mod.core.clustering.block_weights import within_cluster
from neuro_mod.core.modulation import Baseline
from neuro_mod.core.perturbations.targets import TARGETS, check_target
from neuro_mod.errors import InputError, invalid
from neuro_mod.populations import Populations

_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class CircuitDerivatives:
    """Derivatives of the quantities of a `Circuit`, per unit of a perturbation.

    Args:
        block_weights: Of the weights that population a receives, in row a, shape ``(P, P)``.
        external_weight: Shape ``(S, P)`` for S external sources.
        external_rate: Shape ``(S, P)``.
        arousal_rate: Shape ``(P,)``.
        neurons: Of membrane, synaptic and refractory time constant and of the threshold, shape ``(4, P)``.
        one_sided: Where the parameter is at a bound, so that the derivative holds to one side only, shape ``(P,)``.
    """

    block_weights: _Array
    external_weight: _Array
    external_rate: _Array
    arousal_rate: _Array
    neurons: _Array
    one_sided: NDArray[np.bool_]


#: The rows of `CircuitDerivatives.neurons`.
OF_NEURONS = ("tau_membrane", "tau_synaptic", "tau_refractory", "threshold")


def no_effect(n_populations: int, n_sources: int) -> CircuitDerivatives:
    """Derivatives that are all 0."""
    p, s = n_populations, n_sources
    return CircuitDerivatives(
        np.zeros((p, p)), np.zeros((s, p)), np.zeros((s, p)), np.zeros(p), np.zeros((4, p)), np.zeros(p, bool)
    )


def circuit_derivatives(
    baseline: Baseline, target: str, deltas: Mapping[str, ArrayLike] | None = None
) -> CircuitDerivatives:
    """Derivatives of what `modulated_circuit` gives.

    Parameters that are clipped do not change beyond their bounds; at a bound the derivative is that to the inside.

    Args:
        baseline: The network.
        target: The perturbed parameter.
        deltas: Perturbations that act already, as for `modulated_circuit`.

    Raises:
        InputError: There is no such target, or the derivative is infinite.
    """
    check_target(target)
    deltas = deltas or {}
    about, bounds = TARGETS[target], TARGETS[target].bounds
    delta = np.broadcast_to(np.asarray(deltas.get(target, 0.0), np.float64), (baseline.populations.total,))
    value = baseline.effective(target, delta)
    slope, unclipped = np.ones_like(value), baseline.parameters[target] + delta
    if about.clipped:
        slope[(unclipped < bounds.lowest) | (unclipped > bounds.highest)] = 0.0
    at_bound = ((unclipped == bounds.lowest) | (unclipped == bounds.highest)) & (not bounds.excluded)
    if value.ndim == 2:
        connected = baseline.external_in_degree > 0
        slope, at_bound = slope * connected, (at_bound & connected).any(axis=0)
    effective = {
        name: baseline.effective(name, deltas.get(name, 0.0))
        + np.zeros(baseline.populations.total)  # a scalar delta becomes one for each population
        for name in TARGETS
    }
    none = no_effect(baseline.populations.total, len(baseline.external_in_degree))
    return replace(_changed(baseline, target, slope, effective, none), one_sided=at_bound)


def _changed(
    baseline: Baseline, target: str, slope: _Array, effective: Mapping[str, _Array], none: CircuitDerivatives
) -> CircuitDerivatives:
    """Derivatives of all quantities, given those of the parameter and the values of all parameters."""
    if target in OF_NEURONS:
        return replace(none, neurons=_row_of_neurons(target, slope))
    if target == "rate":
        return replace(none, external_rate=slope)
    if target == "j_ext":
        return replace(none, external_weight=slope / np.sqrt(baseline.populations.n_neurons))
    own, within = effective["j_baseline"][:, None], within_cluster(baseline.populations)
    factor = np.where(within, effective["j_potentiated"][:, None], 1.0)
    level, x_0, k = (effective[name] for name in ("arousal_level", "arousal_x_0", "arousal_k"))
    effect, lowered = arousal_effect(level, x_0, k), effective["arousal_L"]
    if target in ("j_baseline", "j_potentiated"):
        by_factor = factor if target == "j_baseline" else within * own
        weights = weaken_excitation(baseline.block_weights * by_factor, baseline.populations, lowered * effect)
        return replace(none, block_weights=weights * slope[:, None])
    if target in ("arousal_L", "arousal_M"):
        reduction, raised = (effect * slope * (target == name) for name in ("arousal_L", "arousal_M"))
    else:
        change = slope * _effect_slope(arousal_slopes(level, x_0, k), target, baseline.populations, slope)
        reduction, raised = change * lowered, change * effective["arousal_M"]
    # weights are linear in the reduction
    weights = baseline.block_weights * factor * own
    by_reduction = weaken_excitation(weights, baseline.populations, 1.0) - weights
    return replace(none, block_weights=by_reduction * reduction[:, None], arousal_rate=raised)


def _row_of_neurons(target: str, slope: _Array) -> _Array:
    """`CircuitDerivatives.neurons` of which one row is not 0."""
    return np.where(np.arange(len(OF_NEURONS))[:, None] == OF_NEURONS.index(target), slope, 0.0)


def _effect_slope(slopes: ArousalSlopes, target: str, populations: Populations, slope: _Array) -> _Array:
    """Derivative of the effect of arousal.

    Raises:
        InputError: It is infinite.
    """
    found = getattr(slopes, target.removeprefix("arousal_"))
    infinite = np.isinf(found) & (slope != 0)
    if infinite.any():
        where = populations.names[int(infinite.argmax())]
        raise InputError(
            f"{target}: in {where}, at an end of its range, the effect of arousal changes infinitely fast; "
            "expected a level inside (0, 1)"
        )
    return np.where(infinite | np.isinf(found), 0.0, found)


def plain_derivatives(target: str, external_rate: _Array, connected: NDArray[np.bool_]) -> CircuitDerivatives:
    """Derivatives of a circuit of which the baseline is not known, for those targets that are quantities of it.

    Args:
        target: One of `PLAIN_TARGETS`.
        external_rate: Rates of the external sources in Hz, shape ``(S, P)``.
        connected: Whether a source has synapses, shape ``(S, P)``.

    Raises:
        InputError: The target is unknown, or another one.
    """
    check_target(target)
    if target not in PLAIN_TARGETS:
        hint = "build it with LIFMeanField.from_baseline, or take the field of a stager"
        raise invalid("target of a mean field without its baseline", target, f"one of {', '.join(PLAIN_TARGETS)}", hint)
    none = no_effect(external_rate.shape[1], len(external_rate))
    if target == "rate":
        at_bound = ((external_rate == 0) & connected).any(axis=0)
        return replace(none, external_rate=np.where(connected, 1.0, 0.0), one_sided=at_bound)
    return replace(none, neurons=_row_of_neurons(target, np.ones(external_rate.shape[1])))


#: Targets that are quantities of a circuit themselves.
PLAIN_TARGETS = ("rate", *(name for name in TARGETS if name in OF_NEURONS))
