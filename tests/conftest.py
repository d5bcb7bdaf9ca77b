from __future__ import annotations

from pathlib import Path

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.spiking_net.network import SpikingNetwork, draw_network
from neuro_mod.execution.assembly import build_circuit

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ROOT / "configs"

#: The network whose numbers are known: J+EE 15.75, no arousal.
REFERENCE_OVERRIDES = ["architecture.clusters.j_potentiated[0]=15.75", "arousal.level=0"]

#: A network of 60 neurons that runs in an instant.
SMALL = {
    "init_params": {"duration_sec": 0.2},
    "architecture": {
        "network": {"n_neurons": 60, "n_excitatory": 40},
        "clusters": {"n_clusters": 3, "n_background": [10, 5], "j_potentiated": [2, 1.5, 1.5, 1.2]},
    },
    "external_currents": {"nu_ext_baseline": [9.0, 9.0], "j_ext": [1.0, 1.0]},
}


@pytest.fixture(scope="session")
def reference_circuit() -> Circuit:
    return build_circuit(load_experiment(CONFIGS / "default_snn_params.yaml", REFERENCE_OVERRIDES))


@pytest.fixture(scope="session")
def reference_network(reference_circuit: Circuit) -> SpikingNetwork:
    return draw_network(reference_circuit, seed=1)
