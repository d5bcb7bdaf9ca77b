from pathlib import Path

import jsonschema
import numpy as np
import pytest
from ruamel.yaml import YAML

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.schema import json_schema, key_paths
from neuro_mod.config.sweep import is_sweep, load_sweep
from neuro_mod.config.template import mean_field_template, spiking_net_template
from tests.helpers.shared import CONFIGS, EXPERIMENTS, SWEEPS

PERTURBED = CONFIGS / "perturbed" / "default_snn_params_with_perturbation.yaml"


def name_of(path: Path) -> str:
    return path.stem


def test_all_eleven_are_here() -> None:
    assert len(EXPERIMENTS) == 11


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_loads(path: Path) -> None:
    experiment = load_experiment(path)
    assert experiment.populations.n_neurons == experiment.architecture.network.n_neurons


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_obeys_the_json_schema(path: Path) -> None:
    jsonschema.validate(YAML(typ="safe", pure=True).load(path), json_schema(Experiment))


@pytest.mark.parametrize("path", EXPERIMENTS, ids=name_of)
def test_survives_a_round_trip(path: Path) -> None:
    experiment = load_experiment(path)
    text = experiment.to_yaml()
    assert load_experiment(text) == experiment
    assert load_experiment(text).to_yaml() == text


@pytest.mark.parametrize("path", SWEEPS, ids=name_of)
def test_sweeps_are_valid_and_small_enough_to_try(path: Path) -> None:
    assert is_sweep(path)
    assert load_sweep(path).simulated_seconds <= 30
    assert not any(map(is_sweep, EXPERIMENTS))


def test_default_is_what_keys_that_are_left_out_mean() -> None:
    experiment = load_experiment(CONFIGS / "default_snn_params.yaml")
    assert experiment.replace({"settings.sim_name": "default"}) == Experiment()
    assert experiment.populations.total == 38
    assert np.array_equal(experiment.populations.sizes, [80] * 18 + [160] + [20] * 18 + [40])


def test_published_network_differs_from_the_default_as_its_header_says() -> None:
    default = load_experiment(CONFIGS / "default_snn_params.yaml")
    changes = {
        "architecture.clusters.j_potentiated[0]": 15.75,
        "arousal.level": 0.0,
        "init_params.initial_voltage": "uniform",
        "settings.sim_name": "published_snn",
    }
    assert load_experiment(CONFIGS / "published_snn_params.yaml") == default.replace(changes)


def test_homogeneous_network_differs_from_the_published_one_in_potentiation_only() -> None:
    published = load_experiment(CONFIGS / "published_snn_params.yaml")
    changes = {"architecture.clusters.j_potentiated": [1.0] * 4, "settings.sim_name": "homogeneous_snn"}
    assert load_experiment(CONFIGS / "homogeneous_snn_params.yaml") == published.replace(changes)


def test_only_the_published_values_are_called_published() -> None:
    """J+EE 15.75; the default network has other values."""
    headers = {path: path.read_text(encoding="utf-8").partition("\n\n")[0] for path in EXPERIMENTS}
    named = {path for path, header in headers.items() if "the published network" in header.lower()}
    assert named == {CONFIGS / "published_snn_params.yaml"}
    assert "15.75" in headers[CONFIGS / "published_snn_params.yaml"]


def test_test_run_differs_in_duration_only() -> None:
    default = load_experiment(CONFIGS / "default_snn_params.yaml")
    changes = {"init_params.duration_sec": 1.0, "settings.sim_name": "snn_test_run"}
    assert load_experiment(CONFIGS / "snn_test_run.yaml") == default.replace(changes)


def test_mean_field_defaults() -> None:
    experiment = load_experiment(CONFIGS / "default_mf_params.yaml")
    assert experiment.architecture.clusters.j_potentiated == (15.75, 5.45, 6.25, 5.0)
    assert experiment.arousal.level == 0.001


def test_reduced_network_has_no_inhibitory_clusters() -> None:
    experiment = load_experiment(CONFIGS / "2_cluster_mf.yaml")
    assert np.array_equal(experiment.populations.sizes, [80, 80, 480, 0, 0, 160])
    assert experiment.architecture.network.j_baseline == (0.8, 2.5, -10.6, -9.7)
    assert experiment.architecture.clusters.depress is False


def test_perturbation_of_the_readme() -> None:
    experiment = load_experiment(PERTURBED)
    assert experiment.arousal.level == 0.2
    assert set(experiment.perturbation.blocks) == {"rate", "arousal_level"}
    block = experiment.perturbation.blocks["rate"]
    assert block.vectors == ((1, 1, -1), (-1, 1, 1), (1, -1, 1))
    assert block.involved_clusters == ((0, 1, 2), (1, 2, 3), (2, 3, 4))
    assert block.params == (0.3, 0.02, 0.2)
    assert block.time_dependence is not None
    assert block.time_dependence.offset_time is None


@pytest.mark.parametrize(
    ("name", "text"),
    [("spiking_net", spiking_net_template()), ("mean_field", mean_field_template())],
    ids=["spiking", "mean field"],
)
def test_templates_are_as_generated(name: str, text: str) -> None:
    path = CONFIGS / "templates" / f"{name}_template.yaml"
    assert path.read_text(encoding="utf-8") == text, "run python -m neuro_mod.config.template"
    assert load_experiment(path) == Experiment()
    assert max(map(len, text.splitlines())) <= 120


def test_spiking_template_shows_every_key() -> None:
    text = spiking_net_template()
    for path in key_paths(json_schema(Experiment)):
        assert str(path[-1]) in text


def test_template_perturbation_is_valid_when_uncommented() -> None:
    text = spiking_net_template()
    example = text[text.index("# perturbation:\n#   rate:") : text.index("perturbation: {}")]
    experiment = load_experiment("\n".join(line.removeprefix("# ") for line in example.splitlines()) + "\n")
    assert experiment.perturbation.blocks["rate"].params == (0.3, 0.02)
