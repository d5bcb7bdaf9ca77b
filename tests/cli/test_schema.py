import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from neuro_mod.cli.main import app
from tests.helpers.shared import EXPERIMENTS


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    result = CliRunner().invoke(app, ["schema"])
    assert result.exit_code == 0
    return json.loads(result.stdout)


def is_valid(schema: dict[str, Any], data: Any) -> bool:
    return jsonschema.Draft202012Validator(schema).is_valid(data)


def test_is_a_schema(schema) -> None:
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", EXPERIMENTS, ids=lambda path: path.stem)
def test_accepts_shipped_configurations(schema, path: Path) -> None:
    jsonschema.validate(YAML(typ="safe", pure=True).load(path), schema)


@pytest.mark.parametrize(
    ("data", "valid"),
    [
        ({}, True),
        ({"init_params": {"threshold": 1}}, True),
        ({"init_params": {"threshold": [1, 2]}}, True),
        ({"init_params": {"threshold": [1] * 38}}, True),
        ({"init_params": {"threshold": [1]}}, False),
        ({"init_params": {"threshold": ["1", 2]}}, False),
        ({"init_params": {"tau_membrane": [0.0, 1.0]}}, False),
        ({"init_params": {"tau_membrane": "20 ms", "duration_sec": "1e3 ms"}}, True),
        ({"init_params": {"tau_membrane": ["20 ms", 0.01]}}, True),
        ({"init_params": {"tau_membrane": "20 mV"}}, False),
        ({"init_params": {"threshold": "20 ms"}}, False),
        ({"stimulus": {"onsets": ["200 ms"]}}, True),
        ({"external_currents": {"nu_ext_baseline": ["7 Hz", "0.007 kHz"]}}, True),
        ({"perturbation": {"rate": {"params": ["2 Hz"], "involved_clusters": [[0]]}}}, True),
        ({"perturbation": {"tau_membrane": {"params": ["2 ms"], "involved_clusters": [[0]]}}}, True),
        ({"perturbation": {"rate": {"params": ["2 ms"], "involved_clusters": [[0]]}}}, False),
        ({"perturbation": {"threshold": {"params": ["0.1 s"], "involved_clusters": [[0]]}}}, False),
        ({"init_params": {"duration": 1}}, False),
        ({"init_params": {"duration_sec": None}}, False),
        ({"architecture": {"network": {"j_baseline": [1, 1, -1]}}}, False),
        ({"architecture": {"network": {"n_inhibitory": 400}}}, True),
        ({"architecture": {"clusters": {"n_background": 3}}}, False),
        ({"architecture": {"clusters": {"j_potentiated": 3}}}, True),
        ({"perturbation": None}, True),
        ({"perturbation": {"rate": None}}, False),
        ({"perturbation": {"rate": {"params": [1], "involved_clusters": [[0]]}}}, True),
        ({"perturbation": {"rate": {"params": [1]}}}, False),
        ({"perturbation": {"rate": {"params": [1], "involved_clusters": [[0]], "seed": None}}}, False),
        ({"perturbation": {"speed": {}}}, False),
        ({"settings": {"save": "yes"}}, False),
    ],
    ids=str,
)
def test_agrees_with_the_loader(schema, data: Any, valid: bool) -> None:
    from neuro_mod.config import load_experiment
    from neuro_mod.errors import ConfigError

    assert is_valid(schema, data) is valid
    try:
        load_experiment(data)
        loads = True
    except ConfigError:
        loads = False
    assert loads is valid


def test_units_are_in_descriptions(schema) -> None:
    duration = schema["$defs"]["InitParams"]["properties"]["duration_sec"]
    assert duration["description"] == "duration of the simulation (s)"
    assert duration["unit"] == "s"
    for section in schema["$defs"].values():
        for key, about in section["properties"].items():
            assert about.get("description"), key
