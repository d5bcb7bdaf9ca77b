"""The network on which both theories are built: populations, their parameters, and the weights between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import Heterogeneity, InDegree
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.populations import Populations
from neuro_mod.summaries import ShownFields


@dataclass(frozen=True, repr=False)
class Circuit(ShownFields):
    """A clustered network, population by population, with arousal and perturbations already applied.

    Args:
        populations: The layout of cluster space, P populations.
        connection_probability: ``[post, pre]``, shape ``(P, P)``.
        block_weights: Synaptic efficacies ``[post, pre]`` in threshold units, shape ``(P, P)``.
        neurons: Parameters of the neurons, shape ``(P,)`` each.
        external_in_degree: Synapses from the external E and I source, shape ``(2, P)``.
        external_weight: Efficacies of the external sources in threshold units, shape ``(2, P)``.
        external_rate: Rates of the external sources in Hz, without arousal, shape ``(2, P)``.
        arousal_rate: Largest rise M y(x) of the external rate in Hz; a neuron receives it times z, shape ``(P,)``.
        arousal_heterogeneity: How z ~ Beta(10, 10) varies: drawn once per neuron, redrawn each step, or its mean.
        in_degree: Exact or binomial in-degrees.
    """

    populations: Populations
    connection_probability: NDArray[np.float64]
    block_weights: NDArray[np.float64]
    neurons: NeuronParameters
    external_in_degree: NDArray[np.float64]
    external_weight: NDArray[np.float64]
    external_rate: NDArray[np.float64]
    arousal_rate: NDArray[np.float64]
    arousal_heterogeneity: Heterogeneity = "quenched"
    in_degree: InDegree = "fixed"
