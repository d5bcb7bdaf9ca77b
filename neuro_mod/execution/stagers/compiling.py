"""Compilation of the kernels of a simulation, before it or anything else needs them."""

from __future__ import annotations

from contextlib import suppress

from neuro_mod.choices import Precision
from neuro_mod.config import Experiment
from neuro_mod.core.compilation import KERNELS_NOT_SAVED
from neuro_mod.errors import NeuroModError
from neuro_mod.execution.notices import warnings_left_out
from neuro_mod.execution.stagers.spiking_net import StageSNNSimulation


def compile_simulation(stager: StageSNNSimulation, dtype: Precision) -> None:
    """Compile the kernels of a simulation that are not in the cache yet, by simulating a step.

    Args:
        stager: The configuration.
        dtype: Precision.
    """
    with warnings_left_out():
        stager.run(duration_sec=stager.experiment.init_params.delta_t, record=("spikes",), dtype=dtype)


def compile_for_workers(experiment: Experiment, dtype: Precision = "float32") -> None:
    """Compile the kernels of a simulation that this machine has not yet.

    Worker processes that start at once would each compile them, and nobody could say so. What is needed depends on the
    precision and on the network; only a simulation knows.

    Args:
        experiment: The configuration, or one of several.
        dtype: Precision.
    """
    if KERNELS_NOT_SAVED:
        return
    with suppress(NeuroModError, MemoryError):  # what is wrong is said of the items
        compile_simulation(StageSNNSimulation(experiment), dtype)
