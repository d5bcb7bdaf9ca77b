"""Names of shipped configurations, in place of a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_mod import ConfigError, Repeater, StageSNNSimulation, load_experiment
from neuro_mod.config.shipped import shipped_as, shipped_file, shipped_files
from neuro_mod.config.sweep import is_sweep, load_sweep
from neuro_mod.errors import InputError
from tests.helpers.shared import CONFIGS

NAMES = {
    "default": "default_snn_params.yaml",
    "published": "published_snn_params.yaml",
    "homogeneous": "homogeneous_snn_params.yaml",
    "test": "snn_test_run.yaml",
    "mean_field": "default_mf_params.yaml",
    "two_clusters": "2_cluster_mf.yaml",
    "perturbed": "perturbed/default_snn_params_with_perturbation.yaml",
    "templates/spiking_net": "templates/spiking_net_template.yaml",
    "templates/mean_field": "templates/mean_field_template.yaml",
    "sweeps/arousal": "sweeps/arousal.yaml",
}


def refused(source: object) -> str:
    with pytest.raises(ConfigError) as error:
        load_experiment(source)  # pyright: ignore[reportArgumentType]
    return str(error.value)


@pytest.mark.parametrize("name", NAMES)
def test_names_stand_for_files(name: str) -> None:
    assert shipped_files()[name].path == CONFIGS / NAMES[name]
    assert shipped_as(Path("somewhere/configs") / NAMES[name]) == name


def test_every_file_has_a_name_and_a_description() -> None:
    files = shipped_files()
    assert {file.path for file in files.values()} == set(CONFIGS.rglob("*.y*ml"))
    for name, file in files.items():
        first = file.text.partition("\n")[0]
        assert first.startswith("# ")
        assert first.endswith("."), f"the first line of {file.path.name} is its description, a whole sentence"
        assert file.is_sweep == is_sweep(file.path), name
        assert not Path(name).suffix


def test_a_name_is_a_configuration_from_any_folder(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    expected = load_experiment(CONFIGS / "snn_test_run.yaml", {"arousal.level": 0.1})
    assert load_experiment("test", {"arousal.level": 0.1}) == expected
    assert StageSNNSimulation("test", overrides=["arousal.level=0.1"]).experiment == expected
    assert Repeater("test", 1, overrides={"arousal.level": 0.1}).experiment == expected
    (tmp_path / "sweep.yaml").write_text("config: test\nparameters: {arousal.level: [0.1]}\n")
    assert load_sweep("sweep.yaml").experiment.resolved() == load_experiment("test").resolved()


def test_a_sweep_has_a_name() -> None:
    sweep = load_sweep("sweeps/arousal")
    assert is_sweep("sweeps/arousal")
    assert (sweep.name, len(sweep.points)) == ("arousal", 5)
    assert load_sweep(CONFIGS / "sweeps" / "arousal.yaml").file == sweep.file


def test_a_file_with_the_name_of_a_shipped_one_is_refused(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("default").write_text("arousal: {level: 0.7}\n")
    assert refused("default") == (
        "default: both a shipped configuration and a file have this name; expected ./default, which is the file; "
        "or a copy of the shipped one: neuro-mod configs --copy default --to NEW.yaml"
    )
    for path in ("./default", Path("default"), tmp_path / "default"):
        assert load_experiment(path).arousal.level == 0.7


def test_a_folder_with_the_name_of_a_shipped_one_is_no_configuration(tmp_path, monkeypatch) -> None:
    """So that ``neuro-mod repeat default --out default`` can be typed again to resume."""
    monkeypatch.chdir(tmp_path)
    Path("default").mkdir()
    assert load_experiment("default") == load_experiment(CONFIGS / "default_snn_params.yaml")


def test_a_file_beside_a_sweep_with_the_name_of_a_shipped_one_is_refused(tmp_path) -> None:
    (tmp_path / "sweep.yaml").write_text("config: default\nparameters: {arousal.level: [0.1]}\n")
    (tmp_path / "default").write_text("arousal: {level: 0.7}\n")
    with pytest.raises(ConfigError, match="default: both a shipped configuration and a file"):
        load_sweep(tmp_path / "sweep.yaml")


def test_unknown_names(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert refused("defalt") == "defalt: no such file; did you mean the shipped default?"
    assert refused("xyz") == "xyz: no such file; neuro-mod configs lists what is shipped"
    Path("defaults.yaml").touch()
    assert refused("defalt") == "defalt: no such file; did you mean defaults.yaml or the shipped default?"
    with pytest.raises(ConfigError, match="did you mean the shipped sweeps/arousal"):
        load_sweep("sweeps/arrousal")
    with pytest.raises(InputError, match='name: "xyz" found; expected a name that neuro-mod configs lists'):
        shipped_file("xyz", "name")


def test_paths_of_the_documentation_lead_to_names(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = "configs/snn_test_run.yaml"
    assert refused(path) == f"{path}: no such file; it is shipped under the name test"
    assert "folder configs does not exist" in refused("configs/other.yaml")


def test_names_that_are_paths_too_long_or_not_text() -> None:
    assert "cannot be read" in refused("x" * 300)
    assert "cannot be read" in refused("default\0")
