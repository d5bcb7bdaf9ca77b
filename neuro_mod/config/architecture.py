"""Section ``architecture``: how many neurons, how they are connected and clustered."""

from __future__ import annotations

from pydantic import Field

from neuro_mod.choices import InDegree
from neuro_mod.config.fields import (
    PER_PATHWAY,
    PER_TYPE,
    ClusterCount,
    Count,
    Fraction,
    NeuronCount,
    NonNegative,
    OneOrFour,
    Pair,
    Real,
    Section,
    Switch,
    parameter,
)
from neuro_mod.populations import total_populations


class Network(Section):
    """Neurons and baseline synapses, clusters aside."""

    n_neurons: NeuronCount = parameter(2000, "neurons in the network")
    n_excitatory: Count = parameter(1600, "excitatory neurons, background included")
    n_inhibitory: Count = parameter(
        None,
        "inhibitory neurons; follows from the two above",
        derive=lambda above: above["n_neurons"] - above["n_excitatory"],
    )
    connectivity_fraction_probs: OneOrFour[Fraction] = parameter(
        (0.2, 0.5, 0.5, 0.5), "fraction of a population that a neuron hears", entries=PER_PATHWAY
    )
    j_baseline: OneOrFour[Real] = parameter(
        (0.63, 0.63, -1.9, -3.8), "weight, before division by sqrt(N)", "threshold units", entries=PER_PATHWAY
    )
    in_degree: InDegree = parameter("fixed", "synapses per neuron: all alike, or random")


class Clusters(Section):
    """Division of the neurons into clusters, and the weights that make clusters of them."""

    n_clusters: ClusterCount = parameter(18, "clusters of each type")
    n_background: Pair[Count] = parameter((160, 40), "neurons outside all clusters", entries=PER_TYPE)
    j_potentiated: OneOrFour[NonNegative] = parameter(
        (16.85, 5.45, 6.25, 5.0), "factor on weights within a cluster", entries=PER_PATHWAY
    )
    depress: Switch = parameter(True, "weaken weights between clusters: same average")
    total_pops: Count = parameter(
        None,
        "populations, 2 n_clusters + 2; follows from n_clusters",
        derive=lambda above: total_populations(above["n_clusters"]),
    )


class Architecture(Section):
    """The recurrent network."""

    network: Network = Field(default_factory=Network, description="neurons and baseline synapses")
    clusters: Clusters = Field(default_factory=Clusters, description="division into clusters")
