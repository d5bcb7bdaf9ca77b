from __future__ import annotations

import pytest

from neuro_mod import load_experiment
from neuro_mod.config.labels import label_of

TEMPLATE = "configs/templates/spiking_net_template.yaml"


@pytest.mark.parametrize(
    ("key", "label"),
    [
        ("arousal.level", "arousal level"),
        ("init_params.tau_membrane", "membrane time constant (s)"),
        ("architecture.clusters.j_potentiated[0]", "potentiation of E→E weights"),
        ("architecture.clusters.j_potentiated", "potentiation of weights"),
        ("architecture.clusters.n_background[1]", "I background neurons"),
        ("perturbation.rate.params", "perturbation of external rate (Hz)"),
        ("perturbation.arousal_level.params[1]", "perturbation of arousal level, vector 1"),
        ("external_currents.nu_ext_baseline[0]", "external rate, entry 0 (Hz)"),
        ("arousal.levels", "arousal.levels"),
        ("a column", "a column"),
        ("", ""),
    ],
)
def test_words_and_units(key, label):
    assert label_of(key) == label


@pytest.mark.parametrize(
    ("rates", "index", "label"),
    [
        ("[7, 6]", 1, "external rate of I neurons (Hz)"),
        ("[7, 6, 5, 4]", 2, "external rate, ext I→E (Hz)"),
        ("[7, 6, 5, 4, 3, 2]", 4, "external rate of I1 (Hz)"),
    ],
)
def test_entries_are_named_by_the_length_of_their_list(rates, index, label):
    clusters = "architecture.clusters.n_clusters=2"
    potentiated = "architecture.clusters.j_potentiated=1"
    sources = ["external_currents.c_ext=[1, 1, 1, 1]", "external_currents.j_ext=[1, 1, -1, -1]"] * (
        rates.count(",") == 3
    )
    given = [clusters, potentiated, f"external_currents.nu_ext_baseline={rates}", *sources]
    experiment = load_experiment(TEMPLATE, given)
    assert label_of(f"external_currents.nu_ext_baseline[{index}]", experiment) == label


def test_a_single_vector_is_not_numbered():
    block = "perturbation.rate={vectors: [[1]], involved_clusters: [0], params: [0.1]}"
    assert label_of("perturbation.rate.params[0]", load_experiment(TEMPLATE, [block])) == (
        "perturbation of external rate (Hz)"
    )
