"""What a perturbation can act on, and which values a parameter may take there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

_Values = NDArray[np.float64]


@dataclass(frozen=True)
class Target:
    """A parameter of every population.

    Args:
        effect: What a perturbation ``delta`` does to it, one short phrase.
        unit: Unit of the perturbation; empty if dimensionless.
        lowest: Lowest value.
        highest: Highest value.
        excluded: Whether the bounds themselves are impossible.
        clipped: Whether values beyond the bounds are moved to them; otherwise they are impossible.
        above_reset: Whether the reset voltage is the lower bound.
        relative: Whether it is a factor, 1 if unperturbed, to which the perturbation is added.
    """

    effect: str
    unit: str = ""
    lowest: float = -np.inf
    highest: float = np.inf
    excluded: bool = False
    clipped: bool = False
    above_reset: bool = False
    relative: bool = False

    def perturbed(self, value: NDArray[np.float64], delta: NDArray[np.float64]) -> NDArray[np.float64]:
        """``value + delta``, within the bounds if it is clipped."""
        raised = value + delta
        return np.clip(raised, self.lowest, self.highest) if self.clipped else raised

    def allows(self, value: ArrayLike, reset_voltage: ArrayLike) -> NDArray[np.bool_]:
        """Whether values are possible, of the broadcast shape."""
        value = np.asarray(value)
        lowest = reset_voltage if self.above_reset else self.lowest
        if self.clipped:
            return np.isfinite(value)
        if self.excluded:
            return (value > lowest) & (value < self.highest)
        return (value >= lowest) & (value <= self.highest) & np.isfinite(value)

    @property
    def bounds(self) -> str:
        """The bounds as a phrase, ``above 0``; empty if there are none."""
        if self.above_reset:
            return "above the reset voltage"
        low, high = ("above", "below") if self.excluded else ("at least", "at most")
        parts = [f"{low} {self.lowest:g}"] * (self.lowest > -np.inf) + [f"{high} {self.highest:g}"] * (
            self.highest < np.inf
        )
        return " and ".join(parts)


#: Targets by name.
TARGETS = {
    "rate": Target("added to the external rate, clipped at 0", "Hz", lowest=0.0, clipped=True),
    "j_baseline": Target("recurrent weights received times 1 + delta", lowest=0.0, relative=True),
    "j_potentiated": Target("weights received within the cluster times 1 + delta", lowest=0.0, relative=True),
    "j_ext": Target("added to j_ext", "threshold units"),
    "threshold": Target("added to the threshold", "threshold units", excluded=True, above_reset=True),
    "tau_membrane": Target("added to the membrane time constant", "s", lowest=0.0, excluded=True),
    "tau_synaptic": Target("added to the synaptic time constant", "s", lowest=0.0, excluded=True),
    "tau_refractory": Target("added to the refractory period", "s", lowest=0.0),
    "arousal_level": Target("added to the level, clipped to [0, 1]", lowest=0.0, highest=1.0, clipped=True),
    "arousal_L": Target("added to L", lowest=0.0, highest=1.0),
    "arousal_x_0": Target("added to x_0", lowest=0.0, highest=1.0, excluded=True),
    "arousal_k": Target("added to k", lowest=0.0, excluded=True),
    "arousal_M": Target("added to M", "Hz", lowest=0.0),
}

#: Targets that have a value for each external source.
PER_SOURCE = ("rate", "j_ext")


class Impossible(NamedTuple):
    """The first moment at which a perturbation makes a parameter impossible.

    Attributes:
        piece: Index of the moment.
        population: Index of the first population where it happens.
        value: What the parameter would be.
    """

    piece: int
    population: int
    value: float

    def said_of(self, target: str, population: str, time: float | None) -> tuple[str, str]:
        """What happens, and what is possible, as two phrases.

        Args:
            target: The parameter.
            population: Name of the population.
            time: The moment in seconds, if there is one.
        """
        about = TARGETS[target]
        what = f"{target}, a factor of weights," if about.relative else target
        when = "" if time is None else f" from {time:.10g} s on"
        return f"{what} becomes {self.value:.6g} in {population}{when}", about.bounds or "finite"


def first_impossible(
    target: str, value: _Values, reset_voltage: _Values, vector: _Values, factor: _Values
) -> Impossible | None:
    """Where a perturbation ``factor(t) vector`` first makes a parameter impossible, if it does.

    Args:
        target: The parameter.
        value: Its unperturbed values, shape ``(P,)``.
        reset_voltage: In threshold units, shape ``(P,)``.
        vector: In the unit of the target, shape ``(P,)``.
        factor: Over time, shape ``(K,)``.
    """
    about = TARGETS[target]
    extremes = np.multiply.outer([factor.min(), factor.max()], vector)
    found: list[Impossible] = []
    for population in np.flatnonzero(~about.allows(about.perturbed(value, extremes), reset_voltage).all(axis=0)):
        reached = about.perturbed(value[population], factor * vector[population])
        first = int(np.argmin(about.allows(reached, reset_voltage[population])))
        found.append(Impossible(first, int(population), float(reached[first])))
    return min(found, default=None)


def check_target(name: str) -> None:
    """Refuse what is no target.

    Raises:
        ValueError: The message lists the targets.
    """
    if name not in TARGETS:
        raise ValueError(f"{name} cannot be perturbed; valid: {', '.join(TARGETS)}")
