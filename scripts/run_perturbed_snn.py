"""Run a perturbed spiking network several times, and save and analyse the runs.

    python scripts/run_perturbed_snn.py --config configs/perturbed/default_snn_params_with_perturbation.yaml \
        --save-dir simulations/perturbed_snn --n-repeats 4

Each repeat has its own network and noise; the perturbation is the same in all. See `neuro_mod.execution.Repeater`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from neuro_mod.cli.repeats import run_script

if TYPE_CHECKING:
    from neuro_mod.config import Experiment

_LOG = logging.getLogger("neuro_mod.scripts")


def _warn_without_perturbation(experiment: Experiment) -> None:
    if not experiment.perturbation.blocks:
        _LOG.warning("the configuration has no section perturbation; nothing is perturbed")


if __name__ == "__main__":
    run_script("Repeat runs of a perturbed spiking network, save and analyse them.", check=_warn_without_perturbation)
