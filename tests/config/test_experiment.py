import copy
import pickle
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel, ValidationError

from neuro_mod.config import Experiment, load_experiment
from neuro_mod.config.schema import json_schema, key_paths, subschema
from neuro_mod.errors import ConfigError
from tests.helpers.shared import CONFIGS


def test_sources_are_equivalent() -> None:
    path = CONFIGS / "2_cluster_mf.yaml"
    experiment = load_experiment(path)
    text = path.read_text(encoding="utf-8")
    assert load_experiment(str(path)) == experiment
    assert load_experiment(text) == experiment
    assert load_experiment(text.encode()) == experiment
    assert load_experiment(experiment) is experiment
    assert load_experiment(experiment, ["arousal.level=1"]).arousal.level == 1


def test_everything_has_a_default() -> None:
    assert load_experiment({}) == Experiment()
    assert load_experiment("settings: {}") == Experiment()


def test_frozen_all_the_way_down() -> None:
    experiment = load_experiment(CONFIGS / "perturbed" / "default_snn_params_with_perturbation.yaml")

    def check(value: Any) -> None:
        assert isinstance(value, BaseModel | tuple | str | float | int | None)
        if isinstance(value, BaseModel):
            for name in type(value).model_fields:
                with pytest.raises(ValidationError):
                    setattr(value, name, None)
                check(getattr(value, name))
        elif isinstance(value, tuple):
            for item in value:
                check(item)

    check(experiment)
    hash(experiment)


def test_values_keep_their_form() -> None:
    neurons = load_experiment({"init_params": {"threshold": 1, "tau_membrane": [1, 0.5]}}).init_params
    assert neurons.threshold == 1.0 and isinstance(neurons.threshold, float)
    assert neurons.tau_membrane == (1.0, 0.5)
    network = load_experiment({"architecture": {"network": {"n_neurons": 2e3}}}).architecture.network
    assert isinstance(network.n_neurons, int)


def test_numbers_from_numpy() -> None:
    data = {
        "arousal": {"level": np.float64(0.25)},
        "external_currents": {"nu_ext_baseline": np.array([5, 6])},
        "settings": {"random_seed": np.int64(3)},
        "stimulus": {"onsets": (np.float32(0.5),)},
    }
    experiment = load_experiment(data)
    assert experiment.external_currents.nu_ext_baseline == (5.0, 6.0)
    assert experiment.settings.random_seed == 3
    assert experiment.stimulus.onsets == (0.5,)


def test_source_is_not_modified() -> None:
    data = {"arousal": {"level": 0.1}}
    load_experiment(data, ["arousal.level=0.2", "settings.save=false"])
    assert data == {"arousal": {"level": 0.1}}


def test_derived_keys_follow() -> None:
    clusters = (
        load_experiment({})
        .replace({"architecture.clusters.n_clusters": 9, "architecture.clusters.depress": False})
        .architecture.clusters
    )
    assert clusters.total_pops == 20
    network = load_experiment({"architecture": {"network": {"n_neurons": 2360}}}).architecture.network
    assert network.n_inhibitory == 760


def test_replace_validates() -> None:
    experiment = load_experiment({"init_params": {"delta_t": 0.5e-3}})
    assert experiment.replace({"settings.random_seed": 7}).settings.random_seed == 7
    with pytest.raises(ConfigError, match=r"init_params\.delta_t: 0\.0005 s found"):
        experiment.replace({"init_params.duration_sec": 1e-4})
    assert experiment.init_params.duration_sec == 2.5


def test_yaml_is_readable() -> None:
    text = load_experiment(CONFIGS / "perturbed" / "default_snn_params_with_perturbation.yaml").to_yaml()
    assert "  threshold: [1.5, 0.75]\n" in text
    assert "    vectors:\n      - [1.0, 1.0, -1.0]\n" in text
    assert "      offset_time:\n" in text


def test_yaml_has_every_key() -> None:
    text = Experiment().replace({"settings.plot_from": 0.1, "settings.plot_to": 1.0}).to_yaml()  # absent if left out
    root = json_schema(Experiment)
    for path in key_paths(root):
        if path[0] != "perturbation" and not (subschema(root, path) or {}).get("derived"):
            assert f"{path[-1]}:" in text


@pytest.mark.parametrize("name", ["true", "Null", "3", "1e3", "a b", "it's", "ü", "#x", "-", "~", "é", "x, y"])
def test_names_survive_yaml(name: str) -> None:
    experiment = load_experiment({"settings": {"sim_name": name, "save_dir": f"/tmp/{name}"}})
    assert load_experiment(experiment.to_yaml()) == experiment


def test_populations_are_computed_once() -> None:
    experiment = Experiment()
    assert experiment.populations is experiment.populations
    assert experiment == Experiment()


def test_external_sources() -> None:
    currents = {"c_ext": [1, 2, 3, 4], "nu_ext_baseline": [1, 1, 1, 1], "j_ext": [1, 1, -1, -1]}
    sources = load_experiment({"external_currents": currents}).external_sources("c_ext")
    assert np.array_equal(sources, np.repeat([[1, 2], [3, 4]], 19, axis=1))
    alone = Experiment().external_sources("j_ext")
    assert np.array_equal(alone, [[2.3] * 38, [0.0] * 38])


def test_copies_travel_between_processes() -> None:
    experiment = Experiment()
    assert experiment.populations.total == 38
    assert pickle.loads(pickle.dumps(experiment)) == experiment
    assert copy.deepcopy(experiment) == experiment


def test_errors_travel_between_processes() -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment({"arousal": {"level": 3}})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_direct_construction_is_checked_too() -> None:
    with pytest.raises(ValueError, match="do not divide"):
        Experiment.model_validate({"architecture": {"clusters": {"n_clusters": 7}}})


def test_cyclic_data_is_refused() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    for source, overrides in (({"arousal": cycle}, {}), ({}, {"arousal": cycle})):
        with pytest.raises(ConfigError, match="nested too deeply"):
            load_experiment(source, overrides)


def test_integers_beyond_floats() -> None:
    with pytest.raises(ConfigError) as caught:
        load_experiment({"arousal": {"M": 10**5000}, "settings": {"sim_name": 10**5000}})
    assert len(caught.value.problems) == 2
