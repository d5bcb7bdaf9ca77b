"""What a finite time step makes of time constants."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neuro_mod.choices import Mechanism
from neuro_mod.errors import invalid
from neuro_mod.recordings.spikes import MAX_STEPS

#: Forward Euler oscillates where the time step exceeds a time constant, and diverges from twice that on.
EULER_OSCILLATES, EULER_DIVERGES = 1.0, 2.0

#: By which part the rate of active clusters falls per second of time step, as spikes are found at the ends of steps.
#: Measured in the published and in the default network at 20 times the size, with steps of 0.05 to 0.5 ms.
ACTIVE_RATE_LOSS = 81.0


@np.errstate(over="ignore")
def euler_ratio(mechanism: Mechanism, delta_t: float, *time_constants: ArrayLike) -> float:
    """Ratio of the time step to the shortest time constant if forward Euler is used, otherwise 0.

    Args:
        mechanism: ``analytic`` or ``euler``.
        delta_t: Time step in seconds.
        *time_constants: Membrane and synaptic time constants in seconds, of any shapes.
    """
    shortest = min(np.min(each, initial=np.inf) for each in time_constants)
    return float(delta_t / shortest) if mechanism == "euler" else 0.0


@np.errstate(over="ignore")
def refractory_steps(tau_refractory: ArrayLike, delta_t: float) -> NDArray[np.int32]:
    """Refractory periods in whole time steps, of the same shape: the nearest number.

    Args:
        tau_refractory: Refractory periods in seconds.
        delta_t: Time step in seconds.
    """
    return np.asarray(np.minimum(np.rint(np.asarray(tau_refractory) / delta_t), MAX_STEPS), np.int32, order="C")


def too_short(tau_refractory: ArrayLike, delta_t: float) -> NDArray[np.bool_]:
    """Which refractory periods are positive, but vanish when they are rounded to whole time steps."""
    return (np.asarray(tau_refractory) > 0) & (refractory_steps(tau_refractory, delta_t) == 0)


def check_time_step(mechanism: Mechanism, delta_t: float, taus: Mapping[str, NDArray[np.float64]]) -> None:
    """Check that a time step resolves the time constants of neurons.

    Args:
        mechanism: ``analytic`` or ``euler``.
        delta_t: Time step in seconds.
        taus: ``tau_membrane``, ``tau_synaptic`` and ``tau_refractory`` in seconds, shape ``(P,)``, or ``(K, P)`` if
            they change in time.

    Raises:
        InputError: Forward Euler diverges, or a refractory period is positive and never reaches one time step.
    """
    for name in ("tau_membrane", "tau_synaptic"):
        if euler_ratio(mechanism, delta_t, taus[name]) >= EULER_DIVERGES:
            valid = f"less than twice the shortest {name}, {taus[name].min():.6g} s, as Euler steps diverge otherwise"
            raise invalid("delta_t", delta_t, valid, "mechanism analytic is exact")
    periods = np.atleast_2d(taus["tau_refractory"]).max(axis=0)  # a period that varies smoothly may pass through 0
    if (vanishing := too_short(periods, delta_t)).any():
        valid = f"0, or at least one time step of {delta_t:g} s"
        raise invalid("tau_refractory", float(periods[vanishing][0]), valid, "it rounds to no time step")
