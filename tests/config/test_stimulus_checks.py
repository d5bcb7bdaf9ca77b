"""Which clusters and neurons a stimulus reaches: valid values, contradictions, and keys without effect."""

from __future__ import annotations

import jsonschema
import pytest

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.schema import editor_schema
from neuro_mod.errors import ConfigError
from tests.helpers.shared import SMALL

ON = {"onsets": [0.1], "amplitude": 1.0}


def load(**stimulus):
    return load_experiment(SMALL | {"stimulus": ON | stimulus})


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"clusters": [0, 3]}, "stimulus.clusters[1]: 3 found; expected E clusters from 0 to 2"),
        ({"clusters": [1, 0, 1]}, "stimulus.clusters: duplicate 1; expected each index once"),
        ({"clusters": []}, "stimulus.clusters: 0 entries found"),
        ({"clusters": None}, "stimulus.clusters: missing value"),
        ({"clusters": [-1]}, "stimulus.clusters[0]: -1 found; expected a whole number >= 0"),
        ({"clusters": [0.5]}, "stimulus.clusters[0]: 0.5 found; expected a whole number >= 0"),
        ({"clusters": 2}, "stimulus.clusters: 2 found; expected a list of whole numbers >= 0"),
        (
            {"neurons": [39, 40]},
            "stimulus.neurons[1]: 40 found; expected E neurons, which have the indices from 0 to 39",
        ),
        ({"neurons": [5, 5]}, "stimulus.neurons: duplicate 5; expected each index once"),
        ({"neurons": 1.5}, "stimulus.neurons: 1.5 found; expected a number >= 0 and <= 1, or a list of indices"),
        ({"neurons": [0.5]}, "stimulus.neurons[0]: 0.5 found"),
        (
            {"neurons": [0], "clusters": [1]},
            "stimulus.neurons: indices found beside stimulus.clusters = [1]; a fraction",
        ),
        (
            {"neurons": 0.25, "stimulated_neuron_prob": 0.75},
            "stimulus.neurons: 0.25 found beside stimulus.stimulated_neuron_prob = 0.75; leave one of them out; "
            "stimulated_neuron_prob then is 0.5",
        ),
        ({"clusters": [0], "stimulated_clusters_prob": 1.0}, "stimulus.clusters: [0] found beside"),
        ({"neurons": [0], "stimulated_clusters_prob": 1.0}, "stimulus.neurons: [0] found beside"),
        ({"seed": -1}, "stimulus.seed: -1 found; expected a whole number >= 0"),
    ],
)
def test_contradictions_and_indices_out_of_range_are_refused(keys, message):
    with pytest.raises(ConfigError) as caught:
        load(**keys)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_network_without_clusters_has_none_to_stimulate():
    none = {"architecture": {"clusters": {"n_clusters": 0, "n_background": [1600, 400]}}}
    with pytest.raises(ConfigError, match=r"stimulus.clusters: \[0\] found; the network has no E clusters"):
        load_experiment(none | {"stimulus": ON | {"clusters": [0]}})


@pytest.mark.parametrize(
    "keys",
    [
        {"clusters": [2], "neurons": 0.3, "seed": 5},
        {"neurons": [0, 35]},
        {"clusters": [0], "stimulated_neuron_prob": 0.75},
        {"neurons": 0.75, "stimulated_neuron_prob": 0.75},
    ],
)
def test_a_resolved_configuration_is_the_same_one(keys):
    experiment = load(**keys)
    assert load_experiment(experiment.to_yaml()) == experiment
    assert not experiment.warnings


@pytest.mark.parametrize(
    ("keys", "valid"),
    [
        ({"neurons": [0, 3]}, True),
        ({"neurons": 0.3}, True),
        ({"clusters": [1], "seed": 3}, True),
        ({"neurons": 3}, False),
    ],
)
def test_the_schema_for_editors_says_the_same(keys, valid):
    validator = jsonschema.Draft202012Validator(editor_schema(Experiment))
    assert validator.is_valid({"stimulus": ON | keys}) is valid


def test_keys_that_are_left_out_are_not_in_the_resolved_configuration():
    """So that plans of earlier versions still hold."""
    assert not {"clusters", "neurons", "seed"} & set(load().resolved()["stimulus"])


@pytest.mark.parametrize(
    ("keys", "warning"),
    [
        ({"neurons": 0.5, "onsets": []}, "stimulus.neurons has no effect, as stimulus.onsets is empty"),
        ({"seed": 1, "onsets": []}, "stimulus.seed has no effect, as stimulus.onsets is empty"),
        ({"seed": 1, "neurons": [2]}, "stimulus.seed has no effect, as no cluster and no neuron is drawn"),
        (
            {"seed": 1, "clusters": [2], "neurons": 1},
            "stimulus.seed has no effect, as no cluster and no neuron is drawn",
        ),
    ],
)
def test_keys_without_effect_are_a_warning(keys, warning):
    assert load(**keys).warnings == (warning,)


def test_an_amplitude_that_is_left_out_is_a_warning_and_one_that_is_0_is_not():
    without = SMALL | {"stimulus": {"onsets": [0.1], "clusters": [0]}}
    assert load_experiment(without).warnings == ("stimulus.clusters has no effect, as stimulus.amplitude is 0",)
    assert load(clusters=[0], amplitude=0.0).warnings == ()
