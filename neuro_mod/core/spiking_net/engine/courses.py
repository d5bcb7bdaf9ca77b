"""Parameters of populations in time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import Mechanism, Precision
from neuro_mod.core.course import Course
from neuro_mod.core.latest import Latest
from neuro_mod.core.neurons import NEURON_PARAMETERS, NOT_NEGATIVE, SPIKING_BOUNDS
from neuro_mod.core.spiking_net.network import SpikingNetwork, Synapses, population_name
from neuro_mod.core.spiking_net.time_step import check_time_step
from neuro_mod.errors import InputError, invalid
from neuro_mod.recordings.spikes import MAX_STEPS

#: What may vary in time: the quantities of `SpikingNetwork` and `ExternalInput`, each with the shape it has there.
VARIABLE = (*NEURON_PARAMETERS, "external_weight", "external_rate", "arousal_rate", "block_weights")
#: Constant parameters of the latest networks, if they are not larger than this.
_LATEST, _MAX_BYTES = Latest(16), 2**20
_BOUNDS = SPIKING_BOUNDS | {"external_rate": NOT_NEGATIVE, "arousal_rate": NOT_NEGATIVE}


class ParametersInTime:
    """The parameters of a network, some of which follow a course.

    Args:
        network: The network.
        courses: Courses by name, see `VARIABLE`; each replaces the network's own value.
        delta_t: Time step in seconds, for messages.

    Raises:
        InputError: A name is unknown, a shape does not fit, or a parameter becomes invalid; the message names
            parameter, population and time.
    """

    def __init__(self, network: SpikingNetwork, courses: Mapping[str, Course], delta_t: float):
        if unknown := set(courses) - set(VARIABLE):
            raise invalid("courses", ", ".join(sorted(unknown)), f"names among {', '.join(VARIABLE)}")
        # not the network itself, which is large
        self._names, self._n_populations, self._delta_t = network.names, network.n_populations, delta_t
        self._in_degree = network.external.in_degree
        #: What has been made of these parameters.
        self.made = Latest(8)
        constants = _constants(network)
        if not_finite := [name for name, value in constants.items() if not np.isfinite(value).all()]:
            raise InputError(f"{', '.join(not_finite)} of the network: NaN or infinity found; expected finite values")
        self._courses = {name: Course(np.zeros(1, int), value[None]) for name, value in constants.items()}
        for name, course in courses.items():
            if name not in self._courses or (name == "tau_synaptic" and "block_weights" not in self._courses):
                raise InputError(f"courses: {name} found; it can only vary in a network with block-constant weights")
            found, expected = course.values.shape[1:], self._courses[name].values.shape[1:]
            if found != expected:
                raise InputError(f"course of {name}: values of shape {found} found; expected {expected}")
            self._courses[name] = course
        self._check()

    def __getitem__(self, name: str) -> Course:
        return self._courses[name]

    def changes(self, begin: int, end: int, *names: str) -> NDArray[np.int64]:
        """``begin``, and the steps after it and before ``end`` at which any of these changes; all by default."""
        courses = [self[name] for name in names] if names else self._courses.values()
        bounds = [(course.steps, np.searchsorted(course.steps, (begin + 1, end))) for course in courses]
        return np.unique(np.concatenate([[begin], *(steps[first:last] for steps, (first, last) in bounds)]))

    def next_change(self, step: int) -> int:
        """The first step after this one at which anything changes; `MAX_STEPS` if nothing does."""
        later = (course.steps[np.searchsorted(course.steps, step, side="right") :] for course in self._courses.values())
        return min((int(steps[0]) for steps in later if len(steps)), default=MAX_STEPS)

    def alike(self, *names: str) -> NDArray[np.bool_]:
        """Whether each population always has the same values as the one before it, shape ``(P - 1,)``."""
        alike = np.ones(max(self._n_populations - 1, 0), dtype=bool)
        for name in names:
            values = self[name].values
            alike &= (values[..., 1:] == values[..., :-1]).all(axis=tuple(range(values.ndim - 1)))
        return alike

    @np.errstate(over="ignore")  # whoever uses the bounds demands finite ones
    def largest_counts(self) -> tuple[float, float]:
        """Bounds on the mean external count of any neuron from one source in one step, and on what z adds to it."""
        rate = self["external_rate"].values.max(axis=0, initial=0.0)
        aroused = self["arousal_rate"].values.max(axis=0, initial=0.0)
        per_rate = self._in_degree * self._delta_t
        return float((per_rate * (rate + aroused)).max(initial=0.0)), float((per_rate * aroused).max(initial=0.0))

    def check_resolved(self, mechanism: Mechanism, dtype: Precision) -> None:
        """Check that the time step resolves the time constants, and the precision all values.

        Args:
            mechanism: ``analytic`` or ``euler``.
            dtype: ``float32`` or ``float64``.

        Raises:
            InputError: Forward Euler diverges, a refractory period rounds to no step, a value overflows, or a threshold
                rounds to the reset voltage.
        """
        self.made.get(("checked", mechanism, dtype), lambda: self._check_resolved(mechanism, dtype))

    def check_scored(self, sizes: NDArray[np.int64]) -> None:
        """Check that whoever has external synapses always receives spikes, as scores divide by their rates.

        Args:
            sizes: Neurons in each population, shape ``(P,)``.

        Raises:
            InputError: An external rate is 0; the message names population, source and time.
        """
        rate, aroused = self["external_rate"], self["arousal_rate"]
        steps = np.union1d(rate.steps, aroused.steps)
        silent = (rate.at(steps) + aroused.at(steps)[:, None] <= 0) & (self._in_degree > 0) & (sizes > 0)
        if silent.any():
            piece, source, population = (int(each) for each in np.argwhere(silent)[0])
            name, time = population_name(self._names, population), steps[piece] * self._delta_t
            raise InputError(
                f"external rate of {name} (source {source}) from {time:.10g} s on: 0 Hz found; expected a rate above 0 "
                "wherever there are synapses, as scores, from which responses follow, are relative to it"
            )

    def _check_resolved(self, mechanism: Mechanism, dtype: Precision) -> None:
        taus = ("tau_membrane", "tau_synaptic", "tau_refractory")
        check_time_step(mechanism, self._delta_t, {name: self[name].values for name in taus})
        self._check_precision(dtype)

    def _check_precision(self, dtype: Precision) -> None:
        tau_synaptic, largest = float(self["tau_synaptic"].values.min()), float(np.finfo(dtype).max)
        limits = {"reset_voltage": largest, "threshold": largest}
        # the jump of the current at a spike is the weight over the time constant
        limits |= dict.fromkeys(("external_weight", "block_weights"), largest * min(tau_synaptic, 1.0))
        for name in (name for name in limits if name in self._courses):
            wrong = np.abs(self[name].values) >= limits[name]
            valid = f"below {limits[name]:.3g} in magnitude in {dtype} with tau_synaptic = {tau_synaptic:g} s"
            self._refuse(name, self[name].steps, wrong, valid)
        steps = np.union1d(self["threshold"].steps, self["reset_voltage"].steps)
        threshold, reset = (self[name].at(steps).astype(dtype) for name in ("threshold", "reset_voltage"))
        self._refuse("threshold", steps, threshold <= reset, f"above the reset voltage in {dtype}")

    def _check(self) -> None:
        reset_voltage = self["reset_voltage"]
        for name, bounds in _BOUNDS.items():
            steps = np.union1d(self[name].steps, reset_voltage.steps) if bounds.above_reset else self[name].steps
            self._refuse(name, steps, ~bounds.allow(self[name].at(steps), reset_voltage.at(steps)), str(bounds))

    def _refuse(self, name: str, steps: NDArray[np.int64], wrong: NDArray[np.bool_], valid: str) -> None:
        """Refuse the first wrong value; values ``(K, ..., P)`` hold from these steps on."""
        places = np.argwhere(wrong)
        if len(places):
            population, step = population_name(self._names, int(places[0][-1])), int(steps[places[0][0]])
            where = f"{name} of {population} from {step * self._delta_t:.10g} s (step {step}) on"
            raise invalid(where, float(self[name].at(steps)[tuple(places[0])]), valid)


def parameters_in_time(network: SpikingNetwork, courses: Mapping[str, Course], delta_t: float) -> ParametersInTime:
    """The parameters of a network in time; networks that differ in their synapses alone share constant ones.

    Arguments and errors as for `ParametersInTime`.
    """
    constants = _constants(network) | {"sizes": network.sizes, "in_degree": np.asarray(network.external.in_degree)}
    if courses or sum(value.nbytes for value in constants.values()) > _MAX_BYTES:
        return ParametersInTime(network, courses, delta_t)
    arrays = tuple((name, value.shape, value.dtype.char, value.tobytes()) for name, value in constants.items())
    return _LATEST.get((network.names, delta_t, arrays), lambda: ParametersInTime(network, {}, delta_t))


def _constants(network: SpikingNetwork) -> dict[str, NDArray[np.float64]]:
    external = network.external
    constants = vars(network.neurons) | {
        "external_weight": external.weight,
        "external_rate": external.rate,
        "arousal_rate": external.arousal_rate,
    }
    if isinstance(network.synapses, Synapses):
        constants["block_weights"] = network.synapses.block_weights
    return {name: np.asarray(value, np.float64) for name, value in constants.items()}
