"""Section ``init_params``: the run and its neurons."""

from __future__ import annotations

from neuro_mod.choices import InitialVoltage, Mechanism
from neuro_mod.config.fields import PER_POPULATION, NonNegative, OneOrMany, Positive, Real, Section, extra_of, parameter


class InitParams(Section):
    """Time axis, integration and parameters of the leaky integrate-and-fire neurons."""

    duration_sec: Positive = parameter(2.5, "duration of the run", "s")
    delta_t: Positive = parameter(0.5e-3, "time step", "s")
    mechanism: Mechanism = parameter("analytic", "integration: exact, or forward Euler")
    tau_membrane: OneOrMany[Positive] = parameter(20e-3, "membrane time constant", "s", entries=PER_POPULATION)
    tau_synaptic: OneOrMany[Positive] = parameter(5e-3, "synaptic time constant", "s", entries=PER_POPULATION)
    tau_refractory: OneOrMany[NonNegative] = parameter(5e-3, "absolute refractory period", "s", entries=PER_POPULATION)
    threshold: OneOrMany[Real] = parameter((1.5, 0.75), "firing threshold", "threshold units", entries=PER_POPULATION)
    reset_voltage: OneOrMany[Real] = parameter(0.0, "voltage after a spike", "threshold units", entries=PER_POPULATION)
    initial_voltage: InitialVoltage = parameter("zero", "voltage at the start: 0, or uniform in [0, threshold)")


#: Keys whose values may differ between populations.
POPULATION_KEYS = tuple(key for key, field in InitParams.model_fields.items() if extra_of(field).get("entries"))
