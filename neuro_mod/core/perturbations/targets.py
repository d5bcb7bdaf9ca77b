"""The parameters that a perturbation can act on, and their valid values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.core.neurons import ANY, NOT_NEGATIVE, POSITIVE, SPIKING_BOUNDS, Bounds
from neuro_mod.errors import InputError

_Values = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """A parameter of every population.

    Args:
        effect: Effect of a perturbation ``delta`` on it, one short phrase.
        unit: Unit of the perturbation; empty if dimensionless.
        bounds: Valid values.
        clipped: Whether values beyond the bounds are moved to them.
        relative: Whether it is a factor, 1 if unperturbed, to which the perturbation is added.
    """

    effect: str
    unit: str = ""
    bounds: Bounds = ANY
    clipped: bool = False
    relative: bool = False

    def perturbed(self, value: NDArray[np.float64], delta: NDArray[np.float64]) -> NDArray[np.float64]:
        """``value + delta``, within the bounds if it is clipped."""
        raised = value + delta
        return np.clip(raised, self.bounds.lowest, self.bounds.highest) if self.clipped else raised

    def extremes(
        self, value: NDArray[np.float64], vector: NDArray[np.float64], factor: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Values under ``factor(t) vector`` where the factor is least and where it is greatest.

        Args:
            value: Unperturbed values, shape ``(P,)``.
            vector: In the unit of the perturbation, shape ``(P,)``.
            factor: Over time, shape ``(K,)``.

        Returns:
            Shape ``(2, P)``; all others are between these two.
        """
        return self.perturbed(value, np.multiply.outer([factor.min(), factor.max()], vector))


#: Targets by name.
TARGETS = {
    "rate": Target("added to the external rate, clipped at 0", "Hz", NOT_NEGATIVE, clipped=True),
    "j_baseline": Target("recurrent weights received times 1 + delta", "", NOT_NEGATIVE, relative=True),
    "j_potentiated": Target("weights received within the cluster times 1 + delta", "", NOT_NEGATIVE, relative=True),
    "j_ext": Target("added to j_ext", "threshold units"),
    "threshold": Target("added to the threshold", "threshold units", SPIKING_BOUNDS["threshold"]),
    "tau_membrane": Target("added to the membrane time constant", "s", SPIKING_BOUNDS["tau_membrane"]),
    "tau_synaptic": Target("added to the synaptic time constant", "s", SPIKING_BOUNDS["tau_synaptic"]),
    "tau_refractory": Target("added to the refractory period", "s", SPIKING_BOUNDS["tau_refractory"]),
    "arousal_level": Target("added to the level, clipped to [0, 1]", "", Bounds(0.0, 1.0), clipped=True),
    "arousal_L": Target("added to L", "", Bounds(0.0, 1.0)),
    "arousal_x_0": Target("added to x_0", "", Bounds(0.0, 1.0, excluded=True)),
    "arousal_k": Target("added to k", "", POSITIVE),
    "arousal_M": Target("added to M", "Hz", NOT_NEGATIVE),
}

#: Targets that have a value for each external source.
SOURCE_TARGETS = ("rate", "j_ext")


class Impossible(NamedTuple):
    """The first invalid value to which a perturbation changes a parameter.

    Attributes:
        piece: Index of the moment.
        population: Index of the first population with an invalid value.
        value: This value.
    """

    piece: int
    population: int
    value: float

    def describe(self, target: str, population: str, time: float | None) -> tuple[str, str]:
        """The invalid value and the valid ones, as two phrases.

        Args:
            target: The parameter.
            population: Name of the population.
            time: The moment in seconds, if known.
        """
        what = f"{target}, a factor of weights," if TARGETS[target].relative else target
        when = "" if time is None else f" from {time:.10g} s on"
        return f"{what} becomes {self.value:.6g} in {population}{when}", str(TARGETS[target].bounds)


def first_impossible(
    target: str, value: _Values, reset_voltage: _Values, vector: _Values, factor: _Values
) -> Impossible | None:
    """The first invalid value to which a perturbation ``factor(t) vector`` changes a parameter; None if all are valid.

    Args:
        target: The parameter.
        value: Its unperturbed values, shape ``(P,)``.
        reset_voltage: In threshold units, shape ``(P,)``.
        vector: In the unit of the target, shape ``(P,)``.
        factor: Over time, shape ``(K,)``.
    """
    about, bounds = TARGETS[target], TARGETS[target].bounds
    found: list[Impossible] = []
    for population in np.flatnonzero(~bounds.allow(about.extremes(value, vector, factor), reset_voltage).all(axis=0)):
        reached = about.perturbed(value[population], factor * vector[population])
        first = int(np.argmin(bounds.allow(reached, reset_voltage[population])))
        found.append(Impossible(first, int(population), float(reached[first])))
    return min(found, default=None)


def check_target(name: str) -> None:
    """Check that a parameter can be perturbed.

    Raises:
        InputError: It cannot; the message lists the targets.
    """
    if name not in TARGETS:
        raise InputError(f"{name} cannot be perturbed; expected one of {', '.join(TARGETS)}")
