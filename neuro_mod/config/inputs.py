"""Sections ``external_currents``, ``stimulus`` and ``arousal``: what drives the network from outside."""

from __future__ import annotations

from typing import Literal

from neuro_mod.choices import Heterogeneity, StimulusShape
from neuro_mod.config.fields import (
    PER_SOURCE,
    Fraction,
    NonNegative,
    OneOrMany,
    OpenFraction,
    Positive,
    Real,
    Section,
    parameter,
)


class ExternalCurrents(Section):
    """Poisson input from outside the network.

    Four entries describe an external excitatory and an external inhibitory source; any other form describes the
    excitatory source alone, and the inhibitory one is absent.
    """

    c_ext: OneOrMany[NonNegative] = parameter((320.0, 320.0), "external synapses of a neuron", entries=PER_SOURCE)
    nu_ext_baseline: OneOrMany[NonNegative] = parameter(
        (7.0, 7.0), "rate of each external synapse", "Hz", entries=PER_SOURCE
    )
    j_ext: OneOrMany[Real] = parameter(
        (2.3, 2.3), "external weight, before division by sqrt(N)", "threshold units", entries=PER_SOURCE
    )


class StimulusSection(Section):
    """A current added to some neurons of some clusters."""

    stimulus_shape: StimulusShape = parameter("box", "time course: constant, ramp, or difference of exponentials")
    onsets: tuple[NonNegative, ...] = parameter((), "times at which it starts; [] for none", "s")
    duration_sec: Positive = parameter(0.2, "from onset to offset; unused by diff2exp", "s")
    amplitude: Real = parameter(0.0, "strength, in amplitude_unit")
    amplitude_unit: Literal["current", "relative"] = parameter(
        "current", "threshold units/s, or fraction of mean external current"
    )
    tau_rise: Positive = parameter(0.05, "rise time constant of diff2exp", "s")
    tau_decay: Positive = parameter(0.5, "decay time constant of diff2exp", "s")
    stimulated_clusters_prob: Fraction = parameter(0.5, "fraction of the clusters that it reaches")
    stimulated_neuron_prob: Fraction = parameter(0.5, "fraction of the E neurons of those clusters")


class Arousal(Section):
    """Level of arousal and its effects on E→E weights and on the external rate."""

    level: Fraction = parameter(0.3, "arousal x")
    L: Fraction = parameter(0.75, "reduction of E→E weights at full arousal")
    x_0: OpenFraction = parameter(0.2, "effect y at x = 1/2")
    k: Positive = parameter(1.25, "steepness of y(x)")
    M: NonNegative = parameter(13.125, "rise of the external rate at full arousal", "Hz")
    heterogeneity: Heterogeneity = parameter("quenched", "random factor on M: per neuron, per step, or its mean")
