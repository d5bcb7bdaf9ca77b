"""Networks that are metastable in theory and in simulations."""

from __future__ import annotations

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.execution.tuning.search import TuningOptions, tune
from tests.helpers.shared import CONFIGS

NOTHING = ["settings.save=false", "settings.plot=false"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "wanted"), [("small.yaml", {1}), ("medium.yaml", {2})])
def test_shipped_networks_are_metastable(name, wanted):
    """At least 20 switches in 30 s are asked for; in ten networks, with a margin."""
    experiment = load_experiment(CONFIGS / name, NOTHING)
    found = tune(experiment, TuningOptions(frozenset(wanted), n_trials=10))
    assert found.found and not found.maps
    assert all(0.9 <= each.n_active <= 3 and each.n_switches >= 30 for each in found.best.trials)


@pytest.mark.slow
def test_a_network_of_eight_clusters():
    """From small.yaml by changing the numbers of neurons and clusters alone; the 8 clusters of a new user."""
    sizes = [
        *("architecture.network.n_neurons=800", "architecture.network.n_excitatory=640"),
        *("architecture.clusters.n_clusters=8", "architecture.clusters.n_background=[64,16]"),
    ]
    experiment = load_experiment(CONFIGS / "small.yaml", NOTHING + sizes)
    found = tune(experiment, TuningOptions(frozenset({2})))
    assert found.start.shortcomings(found.options) and found.found
    assert all(each.n_switches >= 20 and each.share({2}) > 0.8 for each in found.best.trials)
