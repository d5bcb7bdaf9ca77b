"""Section ``perturbation``: vectors in cluster space added to parameters, with a time course."""

from __future__ import annotations

from typing import Literal

from neuro_mod.config.fields import (
    Count,
    Fraction,
    LeftOut,
    NonNegative,
    PositiveCount,
    Real,
    Section,
    Several,
    Switch,
    parameter,
)


class TimeDependence(Section):
    """When a perturbation acts."""

    shape: Literal["hat"] = parameter("hat", "time course: 1 from onset to offset, else 0")
    onset_time: NonNegative = parameter(0.0, "start", "s")
    offset_time: NonNegative | None = parameter(None, "end; empty for the end of the run", "s")


class PerturbationBlock(Section):
    """``f(t) * sum_i params_i vectors_i``, each vector placed on its ``involved_clusters``."""

    vectors: LeftOut[Several[Several[Real]]] = parameter(None, "one list per vector; drawn if left out")
    n_vectors: LeftOut[PositiveCount] = parameter(None, "number of vectors to draw; follows from involved_clusters")
    involved_clusters: Several[Several[Count]] = parameter(..., "for each vector, indices of its populations (from 0)")
    structured: Switch = parameter(True, "drawn entries are +1 or -1; otherwise normal")
    balance: Fraction = parameter(0.5, "probability of +1")
    mean: Real = parameter(0.0, "mean of normal entries")
    sigma: NonNegative = parameter(1.0, "standard deviation of normal entries")
    seed: LeftOut[Count] = parameter(None, "seed of drawn vectors; settings.random_seed if left out")
    params: Several[Real] = parameter(..., "coefficient of each vector, in the unit of the target")
    time_dependence: LeftOut[TimeDependence] = parameter(None, "when it acts; always if left out")


class Perturbations(Section):
    """A perturbation for each target; targets left out are not perturbed."""

    rate: LeftOut[PerturbationBlock] = parameter(None, "added to the external rate, clipped at 0", "Hz")
    j_baseline: LeftOut[PerturbationBlock] = parameter(None, "recurrent weights received times 1 + delta")
    j_potentiated: LeftOut[PerturbationBlock] = parameter(None, "weights within the cluster times 1 + delta")
    j_ext: LeftOut[PerturbationBlock] = parameter(None, "added to j_ext", "threshold units")
    threshold: LeftOut[PerturbationBlock] = parameter(None, "added to the threshold", "threshold units")
    tau_membrane: LeftOut[PerturbationBlock] = parameter(None, "added to the membrane time constant", "s")
    tau_synaptic: LeftOut[PerturbationBlock] = parameter(None, "added to the synaptic time constant", "s")
    tau_refractory: LeftOut[PerturbationBlock] = parameter(None, "added to the refractory period", "s")
    arousal_level: LeftOut[PerturbationBlock] = parameter(None, "added to the level, clipped to [0, 1]")
    arousal_L: LeftOut[PerturbationBlock] = parameter(None, "added to L")  # noqa: N815
    arousal_x_0: LeftOut[PerturbationBlock] = parameter(None, "added to x_0")
    arousal_k: LeftOut[PerturbationBlock] = parameter(None, "added to k")
    arousal_M: LeftOut[PerturbationBlock] = parameter(None, "added to M", "Hz")  # noqa: N815

    @property
    def blocks(self) -> dict[str, PerturbationBlock]:
        """The targets that are perturbed, with their blocks."""
        return {target: block for target, block in self if block is not None}
