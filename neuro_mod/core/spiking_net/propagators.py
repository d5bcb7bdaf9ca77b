"""How voltage and current advance by one time step without spikes."""

from __future__ import annotations

from typing import Any, NamedTuple

from neuro_mod.checks import check_choice
from neuro_mod.choices import Mechanism


class Propagators(NamedTuple):
    """Coefficients of one step: ``V <- a V + b I + c s``, then ``I <- d I``.

    Both mechanisms have this form; each coefficient has one entry per neuron.
    """

    a: Any
    b: Any
    c: Any
    d: Any


def propagators(xp: Any, mechanism: Mechanism, tau_membrane: Any, tau_synaptic: Any, delta_t: float) -> Propagators:
    """Coefficients of ``dV/dt = -V/tau_m + I + s``, ``dI/dt = -I/tau_s`` over one time step.

    Args:
        xp: The array library of the time constants, ``numpy`` or ``torch``.
        mechanism: ``analytic`` (exact for s constant over the step) or ``euler`` (forward Euler).
        tau_membrane: Membrane time constants in seconds.
        tau_synaptic: Synaptic time constants in seconds.
        delta_t: Time step h in seconds.

    Returns:
        The coefficients, of the broadcast shape.

    Raises:
        InputError: Unknown mechanism.

    References:
        Rotter & Diesmann 1999 (exact integration).
    """
    check_choice("mechanism", mechanism, Mechanism)
    if mechanism == "euler":
        step = xp.full_like(tau_membrane, delta_t)
        return Propagators(1 - delta_t / tau_membrane, step, step, 1 - delta_t / tau_synaptic)
    a, d = xp.exp(-delta_t / tau_membrane), xp.exp(-delta_t / tau_synaptic)
    gap = abs(delta_t / tau_membrane - delta_t / tau_synaptic)
    apart = gap > 0
    # tau_s tau_m / (tau_s - tau_m) (d - a), written so that it has no cancellation or pole at tau_s = tau_m
    shrink = xp.where(apart, -xp.expm1(-gap) / xp.where(apart, gap, 1.0), 1.0)
    return Propagators(a, delta_t * xp.maximum(a, d) * shrink, -tau_membrane * xp.expm1(-delta_t / tau_membrane), d)
