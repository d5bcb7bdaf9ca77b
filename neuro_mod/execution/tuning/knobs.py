"""What a search varies in a configuration: the potentiation within clusters, and the rate of the external input."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.clustering.block_weights import largest_potentiation
from neuro_mod.errors import invalid
from neuro_mod.populations import EXCITATORY, PATHWAYS

POTENTIATED = "architecture.clusters.j_potentiated"
EXTERNAL_RATE = "external_currents.nu_ext_baseline"
#: Potentiations ``[E→I, I→E, I→I]`` of the published network, and the fraction of the neurons that a cluster holds in
#: it (Papadopoulos et al., arXiv 2404.03902v3).
_PUBLISHED, _PUBLISHED_FRACTION = (5.45, 6.25, 5.0), 0.05
#: Largest potentiation that is tried where any is admissible, over the fraction of the neurons that a cluster holds:
#: twice as much input from the own cluster as a neuron would receive from all others without clusters.
_STRONGEST = 2.0
#: Decimals of a potentiation, and digits of a rate: what is written is what was simulated.
_DECIMALS, _DIGITS = 3, 4


@dataclass(frozen=True)
class Point:
    """A place in the search.

    Attributes:
        potentiation: J+ of E→E weights.
        rate_factor: Factor on all external rates of the configuration.
        others_published: Whether the other potentiations are those with which a neuron receives the same part of its
            input from its own cluster as in the published network; otherwise they are those of the configuration.
    """

    potentiation: float
    rate_factor: float = 1.0
    others_published: bool = False


class Knobs:
    """The configurations that differ from one in potentiation and external rates.

    Stimulus and perturbations are left out: the search is about spontaneous activity.

    Args:
        experiment: The configuration.

    Raises:
        InputError: It has no E clusters to tell apart, or no external input.
    """

    def __init__(self, experiment: Experiment):
        sections = {
            key: value for key, value in experiment.resolved().items() if key not in ("stimulus", "perturbation")
        }
        #: The configuration without stimulus and perturbations.
        self.experiment: Experiment = load_experiment(sections)
        populations = self.experiment.populations
        if populations.n_clusters < 2:
            hint = "in a network without clusters nothing can switch"
            raise invalid("architecture.clusters.n_clusters", populations.n_clusters, "at least 2", hint)
        if not populations.cluster_sizes[EXCITATORY]:
            raise invalid("architecture.clusters", "E clusters without neurons", "E clusters with neurons")
        if not np.any(self.experiment.external_currents.nu_ext_baseline):
            raise invalid(EXTERNAL_RATE, 0.0, "a rate above 0", "it is multiplied by the factors that are tried")

    @cached_property
    def start(self) -> Point:
        """The configuration itself."""
        return Point(self._potentiations[0])

    @cached_property
    def strongest(self) -> float:
        """The largest potentiation that is tried."""
        fraction = self.experiment.populations.type_fraction(EXCITATORY)
        n_clusters, depress = self.experiment.populations.n_clusters, self.experiment.architecture.clusters.depress
        most = _STRONGEST / fraction
        if depress:
            most = min(most, largest_potentiation(n_clusters, fraction, fraction))
        return math.floor(most * 10**_DECIMALS) / 10**_DECIMALS

    def changes(self, point: Point) -> dict[str, Any]:
        """What is different at a point: values by the keys of the configuration."""
        if point == self.start:
            return {}
        potentiation = round(point.potentiation, _DECIMALS)
        others = self._published if point.others_published else self._potentiations[1:]
        changes: dict[str, Any] = {POTENTIATED: [potentiation, *others]}
        if point.rate_factor != 1:
            rates = self.experiment.external_currents.nu_ext_baseline
            changes[EXTERNAL_RATE] = _scaled(rates, point.rate_factor)
        return changes

    def values(self, point: Point) -> dict[str, Any]:
        """The values of the keys that are varied, at a point."""
        external = self.experiment.external_currents.nu_ext_baseline
        return {POTENTIATED: list(self._potentiations), EXTERNAL_RATE: external} | self.changes(point)

    def at(self, point: Point) -> Experiment:
        """The configuration at a point.

        Raises:
            ConfigError: It is not valid, as where another potentiation is too large.
        """
        return self.experiment.replace(self.changes(point))

    @cached_property
    def _published(self) -> list[float]:
        """The other potentiations, in inverse proportion to the fraction of the neurons that a cluster holds."""
        factor = _PUBLISHED_FRACTION / self.experiment.populations.type_fraction(EXCITATORY)
        return [max(1.0, round(factor * each, _DECIMALS)) for each in _PUBLISHED]

    @cached_property
    def _potentiations(self) -> list[float]:
        given = self.experiment.architecture.clusters.j_potentiated
        return list(map(float, given)) if isinstance(given, tuple) else [float(given)] * len(PATHWAYS)


def _scaled(rates: float | tuple[float, ...], factor: float) -> float | list[float]:
    if isinstance(rates, tuple):
        return [float(f"{factor * rate:.{_DIGITS}g}") for rate in rates]
    return float(f"{factor * rates:.{_DIGITS}g}")
