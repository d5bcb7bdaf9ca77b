"""Parameters of leaky integrate-and-fire neurons, and the values they may take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.errors import invalid
from neuro_mod.summaries import ShownFields

_Array = NDArray[np.float64]


@dataclass(frozen=True)
class Bounds:
    """The values that a parameter may take; all of them are finite.

    Args:
        lowest: Lower bound.
        highest: Upper bound.
        excluded: Whether the bounds themselves are invalid.
        above_reset: Whether the reset voltage is the lower bound.
    """

    lowest: float = -np.inf
    highest: float = np.inf
    excluded: bool = False
    above_reset: bool = False

    def allow(self, values: ArrayLike, reset_voltage: ArrayLike) -> NDArray[np.bool_]:
        """Whether values are valid, of the broadcast shape."""
        values = np.asarray(values)
        lowest = reset_voltage if self.above_reset else self.lowest
        if self.excluded:
            return (values > lowest) & (values < self.highest)
        return (values >= lowest) & (values <= self.highest) & np.isfinite(values)

    def __str__(self) -> str:
        if self.above_reset:
            return "above the reset voltage"
        low, high = ("above", "below") if self.excluded else ("at least", "at most")
        parts = [f"{low} {self.lowest:g}"] * (self.lowest > -np.inf)
        parts += [f"{high} {self.highest:g}"] * (self.highest < np.inf)
        return " and ".join(parts) or "finite"


ANY, NOT_NEGATIVE, POSITIVE = Bounds(), Bounds(0.0), Bounds(0.0, excluded=True)

#: Bounds of the parameters of neurons. The synaptic time constant may be 0, white noise, in the mean field alone.
BOUNDS = {
    "reset_voltage": ANY,
    "threshold": Bounds(excluded=True, above_reset=True),
    "tau_membrane": POSITIVE,
    "tau_synaptic": NOT_NEGATIVE,
    "tau_refractory": NOT_NEGATIVE,
}
#: The same for neurons that are simulated.
SPIKING_BOUNDS = BOUNDS | {"tau_synaptic": POSITIVE}


@dataclass(frozen=True, eq=False, repr=False)
class NeuronParameters(ShownFields):
    """Parameters of the neurons of P populations; iterates over the five arrays.

    Args:
        tau_membrane: Membrane time constants in seconds, shape ``(P,)``, or another one that broadcasts.
        tau_synaptic: Synaptic time constants in seconds.
        tau_refractory: Absolute refractory periods in seconds.
        threshold: Spike thresholds in threshold units.
        reset_voltage: Reset voltages in threshold units.

    Raises:
        InputError: A value is out of bounds.
    """

    tau_membrane: _Array
    tau_synaptic: _Array
    tau_refractory: _Array
    threshold: _Array
    reset_voltage: _Array

    def __post_init__(self) -> None:
        vars(self).update({name: np.asarray(values, np.float64) for name, values in vars(self).items()})
        self.check(BOUNDS)

    def __iter__(self) -> Iterator[_Array]:
        return iter(vars(self).values())

    def check(self, bounds: Mapping[str, Bounds]) -> None:
        """Check all parameters against bounds.

        Raises:
            InputError: A value is out of bounds.
        """
        for name, bound in bounds.items():
            values = getattr(self, name)
            wrong = ~bound.allow(values, self.reset_voltage)
            if wrong.any():
                raise invalid(name, float(np.broadcast_to(values, wrong.shape)[wrong][0]), str(bound))

    def map(self, change: Callable[[_Array], _Array]) -> Self:
        """Change each of the arrays, without checking the results."""
        changed = object.__new__(type(self))
        vars(changed).update({name: change(values) for name, values in vars(self).items()})
        return changed


#: The names of the parameters.
NEURON_PARAMETERS = tuple(field.name for field in fields(NeuronParameters))
