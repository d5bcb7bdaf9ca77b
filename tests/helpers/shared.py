"""Where things are, and configurations that tests share."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from neuro_mod.config import load_experiment

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
#: Shipped sweeps, and shipped configurations.
SWEEPS = sorted((CONFIGS / "sweeps").glob("*.yaml"))
EXPERIMENTS = sorted(set(CONFIGS.rglob("*.yaml")) - set(SWEEPS))

#: The network whose numbers are known: J+EE 15.75, no arousal.
REFERENCE_OVERRIDES = ["architecture.clusters.j_potentiated[0]=15.75", "arousal.level=0"]

#: A network of 60 neurons that runs in an instant.
SMALL = {
    "init_params": {"duration_sec": 0.2},
    "architecture": {
        "network": {"n_neurons": 60, "n_excitatory": 40},
        "clusters": {"n_clusters": 3, "n_background": [10, 5], "j_potentiated": [2, 1.5, 1.5, 1.2]},
    },
    "external_currents": {"nu_ext_baseline": [9.0, 9.0], "j_ext": [0.18, 0.1]},
}


def write_config(path: Path, config: Any = SMALL, overrides: Iterable[str] = ()) -> Path:
    """Write a configuration as YAML, with everything that it does not set."""
    path.write_text(load_experiment(config, overrides).to_yaml())
    return path


def copy_checkout(folder: Path) -> Path:
    """Copy what users call by its path."""
    for name in ("configs", "examples", "scripts"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def blocks_of(document: Path) -> list[tuple[str, str]]:
    """Language and text of the code blocks of a page that are marked bash, python or yaml."""
    return re.findall(r"^```(bash|python|yaml)\n(.*?)^```", document.read_text(), re.MULTILINE | re.DOTALL)
