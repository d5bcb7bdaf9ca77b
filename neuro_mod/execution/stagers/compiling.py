"""Compilation of the kernels of a simulation, before it or anything else needs them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from neuro_mod.choices import Precision
from neuro_mod.config import Experiment
from neuro_mod.core.compilation import KERNELS_NOT_SAVED, is_saved
from neuro_mod.core.spiking_net import engine
from neuro_mod.errors import NeuroModError
from neuro_mod.execution.stagers.spiking_net import StageSNNSimulation


def compile_simulation(stager: StageSNNSimulation, dtype: Precision) -> None:
    """Compile the kernels of a simulation that are not in the cache yet, by simulating a step.

    Args:
        stager: The configuration.
        dtype: Precision.
    """
    stager.run(duration_sec=stager.experiment.init_params.delta_t, record=("spikes",), dtype=dtype)


def compile_for_workers(experiment: Experiment, dtype: Precision = "float32") -> None:
    """Compile the kernels of a simulation, if this machine has none yet.

    Worker processes that start at once would each compile them, and nobody could say so.

    Args:
        experiment: The configuration, or one of several.
        dtype: Precision.
    """
    if KERNELS_NOT_SAVED or is_saved(Path(engine.__file__).parent, "advance"):
        return
    with suppress(NeuroModError, MemoryError):  # what is wrong is said of the items
        compile_simulation(StageSNNSimulation(experiment), dtype)
