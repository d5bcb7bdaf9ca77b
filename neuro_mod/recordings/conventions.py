"""Properties of spikes that come without a description: time step, length, number of neurons, units."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_choice, whole_number
from neuro_mod.errors import DataError, invalid
from neuro_mod.recordings.spikes import MAX_STEPS, VALID_STEP, is_step
from neuro_mod.recordings.windows import SAME

TimeUnit = Literal["s", "ms"]
PER_SECOND: dict[TimeUnit, float] = {"s": 1.0, "ms": 1e3}
#: Time step in seconds where neither the data nor the user give one.
DEFAULT_STEP = 0.5e-3
MAX_NEURONS = 2**31 - 1
#: Distance to the next step, in steps, below which a time is attributed to it: times may be rounded down.
ROUNDING = 1e-6
#: Meaning of each convention, for messages about data that contradict it.
_MEANING = {
    "delta_t": "s, the given time step",
    "duration": "s, the given length of a session",
    "n_neurons": "as there are cluster labels",
}


@dataclass(frozen=True)
class Conventions:
    """Properties that spikes without a description do not have.

    Args:
        delta_t: Time step in seconds; None for that of the data, else `DEFAULT_STEP`.
        duration: Length of a session in seconds; None for that of the data, else up to the last spike.
        n_neurons: Number of neurons; None for that of the data, else up to the last neuron that spikes.
        time_unit: Unit of spike times.
        first_neuron: Number of the first neuron, 1 in data from MATLAB.
        start: Begin of a session in seconds, from which its times and its length count; earlier spikes are left out.
        sort: Whether spike times that are out of order are sorted; otherwise they are refused.
        ignore_columns: Whether columns of unknown meaning beside times and neurons are ignored; otherwise those that
            vary are refused.
        drop_duplicates: Whether a spike that is there several times, at the same time of the same neuron, is kept once.
    """

    delta_t: float | None = None
    duration: float | None = None
    n_neurons: int | None = None
    time_unit: TimeUnit = "s"
    first_neuron: int = 0
    start: float = 0.0
    sort: bool = False
    ignore_columns: bool = False
    drop_duplicates: bool = False

    @property
    def from_zero(self) -> Conventions:
        """Conventions of the spikes from time 0 on, before they are cut at the start."""
        return replace(self, start=0.0, duration=None if self.duration is None else self.start + self.duration)

    @property
    def step(self) -> float:
        """The time step in seconds."""
        return DEFAULT_STEP if self.delta_t is None else self.delta_t

    def completed(self, where: str, **described: float) -> Conventions:
        """Add properties that the data contain.

        Args:
            where: The file, or the name of the data in messages.
            described: Some of ``delta_t``, ``duration`` and ``n_neurons``.

        Raises:
            DataError: The data contradict the conventions, or are not valid.
        """
        for name, value in described.items():
            expected = getattr(self, name)
            if name == "delta_t" and not is_step(value):
                raise DataError(f"{where}: delta_t: {value:g} found; expected {VALID_STEP}")
            if not 0 <= value < np.inf:
                raise DataError(f"{where}: {name}: {value:g} found; expected a finite number of at least 0")
            if name == "n_neurons" and (value != int(value) or value > MAX_NEURONS):
                raise DataError(f"{where}: n_neurons: {value:g} found; expected a whole number up to {MAX_NEURONS}")
            if expected is not None and not np.isclose(value, expected, rtol=SAME, atol=0):
                raise DataError(f"{where}: {name}: {value:g} found; expected {expected:g} {_MEANING[name]}")
        if "n_neurons" in described:
            described["n_neurons"] = int(described["n_neurons"])
        return replace(self, **described)

    def at_resolution(self, delta_t: float | None) -> Conventions:
        """Take the time step from the resolution of exact spike times, unless one is given."""
        if self.delta_t is not None or delta_t is None or not is_step(delta_t):
            return self
        return replace(self, delta_t=float(delta_t))


def check_conventions(conventions: Conventions) -> Conventions:
    """Refuse conventions of a user that are not valid.

    Raises:
        InputError: One is not valid.
    """
    check_choice("time_unit", conventions.time_unit, TimeUnit)
    for name, value in (("dt", conventions.delta_t), ("duration", conventions.duration)):
        if value is not None and not (_is_real(value) and 0 < value < np.inf):
            raise invalid(name, value, "seconds above 0")
    if conventions.delta_t is not None and not is_step(conventions.delta_t):
        raise invalid("dt", conventions.delta_t, VALID_STEP)
    if conventions.n_neurons is not None:
        whole_number("n_neurons", conventions.n_neurons, 0)
    whole_number("first_neuron", conventions.first_neuron, 0)
    if not (_is_real(conventions.start) and 0 <= conventions.start < np.inf):
        raise invalid("start", conventions.start, "seconds from 0")
    return conventions


def _is_real(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def steps_until(time: float, delta_t: float) -> int:
    """Number of steps of a session of this length in seconds; the last step may be cut short.

    A length that is a multiple of the step, apart from rounding, has no further step.
    """
    position = min(time / delta_t, 2.0 * MAX_STEPS)  # an upper bound, as infinity has no number of steps
    return math.ceil(position - max(ROUNDING, 2 * np.finfo(np.float64).eps * position))


def has_unit(values: Any) -> bool:
    """Whether an array of the library `quantities`, or an entry of a list, has a unit."""
    return hasattr(values, "rescale") or (
        isinstance(values, list | tuple) and any(hasattr(value, "rescale") for value in values)
    )


def plain_times(times: Any, time_unit: TimeUnit, where: str) -> tuple[NDArray[Any], TimeUnit]:
    """Times without a unit of their own, and the unit that they are in.

    Args:
        times: Times; arrays of the library `quantities` and trains of Neo have a unit, and are converted to seconds.
        time_unit: The unit of others.
        where: The data, for messages.

    Raises:
        DataError: Their own unit is none of time.
    """
    if isinstance(times, list | tuple) and has_unit(times):
        parts = [plain_times(each, time_unit, where) for each in times]
        if {unit for _, unit in parts} != {"s"} or not all(map(has_unit, times)):
            raise DataError(f"{where}: times with and without a unit found; expected all with a unit, or none")
        return np.array([part for part, _ in parts]), "s"
    if np.ma.is_masked(times):
        raise DataError(f"{where}: masked times found; expected times without a mask")
    if not hasattr(times, "rescale"):
        return np.asarray(times), time_unit
    quantity: Any = times
    try:
        return np.asarray(quantity.rescale("s").magnitude), "s"
    except ValueError:
        raise DataError(f"{where}: times in {quantity.dimensionality} found; expected a unit of time") from None
