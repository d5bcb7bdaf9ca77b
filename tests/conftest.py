from __future__ import annotations

import signal
from pathlib import Path

import pytest

from neuro_mod.config import load_experiment
from neuro_mod.core.circuit import Circuit
from neuro_mod.core.spiking_net.network import SpikingNetwork, draw_network
from neuro_mod.execution.stagers.assembly import build_circuit
from tests.helpers.shared import CONFIGS, REFERENCE_OVERRIDES, write_config

#: Seconds for a test that is marked as taking minutes; see pyproject.toml for all others.
SLOW_TIMEOUT = 1800


def pytest_configure() -> None:
    """Background jobs of scripts start with Ctrl-C ignored, and so would the processes that tests start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.get_closest_marker(name) for name in ("slow", "large", "peers")):
            item.add_marker(pytest.mark.timeout(SLOW_TIMEOUT))


@pytest.fixture(scope="session")
def reference_circuit() -> Circuit:
    return build_circuit(load_experiment(CONFIGS / "default_snn_params.yaml", REFERENCE_OVERRIDES))


@pytest.fixture(scope="session")
def reference_network(reference_circuit: Circuit) -> SpikingNetwork:
    return draw_network(reference_circuit, seed=1)


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of the small configuration."""
    return write_config(tmp_path_factory.mktemp("configs") / "small.yaml")
