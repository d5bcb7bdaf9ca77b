from __future__ import annotations

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.spiking_net.network import SpikingNetwork, draw_network
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.shared import CONFIGS, REFERENCE_OVERRIDES


@pytest.fixture(scope="session")
def reference_circuit() -> Circuit:
    return build_circuit(load_experiment(CONFIGS / "default_snn_params.yaml", REFERENCE_OVERRIDES))


@pytest.fixture(scope="session")
def reference_network(reference_circuit: Circuit) -> SpikingNetwork:
    return draw_network(reference_circuit, seed=1)
