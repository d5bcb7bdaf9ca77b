from __future__ import annotations

import pytest

from benchmarks.brian2_network import why_brian2_is_missing
from benchmarks.nest_network import import_nest
from benchmarks.nnmt_network import import_nnmt
from neuro_mod.config import load_experiment
from neuro_mod.core.spiking_net.network import SpikingNetwork, draw_network
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.shared import CONFIGS


@pytest.fixture(scope="session")
def network() -> SpikingNetwork:
    """The network of the default configuration."""
    experiment = load_experiment(CONFIGS / "default_snn_params.yaml")
    return draw_network(build_circuit(experiment), experiment.settings.random_seed)


@pytest.fixture(scope="session")
def nest():
    module = import_nest()
    if module is None:
        pytest.fail("NEST is not installed: run `make test-peers`", pytrace=False)
    return module


@pytest.fixture(scope="session")
def nnmt():
    module = import_nnmt()
    if module is None:
        pytest.fail("NNMT is not installed: run `make test-peers`", pytrace=False)
    return module


@pytest.fixture(scope="session")
def brian2() -> None:
    missing = why_brian2_is_missing()
    if missing:
        pytest.fail(f"Brian2 cannot run: {missing}", pytrace=False)
