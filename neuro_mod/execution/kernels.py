"""Compiles all kernels that commands use, for images of containers and for clusters."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from neuro_mod.choices import Precision
from neuro_mod.core.compilation import KERNELS_NOT_SAVED, cache_base
from neuro_mod.core.compilation_watch import compilation_watched
from neuro_mod.core.mean_field.core.theory import THEORIES
from neuro_mod.errors import StorageError
from neuro_mod.execution.stagers import SensitivityStager, StageSNNSimulation
from neuro_mod.execution.stagers.compiling import compile_simulation

#: Networks that together need all kernels: dense and sparse ones, with synapses drawn in each of the two ways.
_NETWORKS: tuple[dict[str, Any], ...] = (
    {},
    {"network": {"connectivity_fraction_probs": 0.02}},
    {"network": {"in_degree": "binomial"}},
)
#: One with more neurons than 16 bits can number, and few synapses.
_LARGE = {
    "network": {"n_neurons": 65_600, "n_excitatory": 52_480, "connectivity_fraction_probs": 0.0005},
    "clusters": {"n_background": [5_248, 1_312]},
}
#: One whose mean field is quickly solved, with the time constants for which there is a table.
_SMALL = {
    "architecture": {
        "network": {"n_neurons": 200, "n_excitatory": 160},
        "clusters": {"n_clusters": 2, "n_background": [16, 4], "j_potentiated": 1.0},
    }
}


class CompiledKernels(NamedTuple):
    """What was compiled.

    Args:
        folder: Where it is kept.
        n_compiled: How many kernels were compiled, and not loaded from there; each counts once for each precision.
        seconds: Wall-clock seconds that took.
    """

    folder: str
    n_compiled: int
    seconds: float


def compile_kernels(dtypes: Sequence[Precision] = ("float32", "float64"), *, large: bool = False) -> CompiledKernels:
    """Compile the kernels that are not in the cache yet.

    Args:
        dtypes: For simulations in these precisions; the mean field has one.
        large: Also for networks of more than 65,536 neurons.

    Raises:
        StorageError: They could not be saved.
    """
    _check_saved()
    names: list[str] = []
    begin = time.perf_counter()
    with compilation_watched(lambda name: None if name is None else names.append(name)):
        for network in (*_NETWORKS, *([_LARGE] if large else ())):
            stager = StageSNNSimulation({"architecture": network})
            for dtype in dtypes:
                compile_simulation(stager, dtype)
        for theory in THEORIES.values():
            SensitivityStager(_SMALL, **vars(theory)).run(["rate"], states="all", n_runs=1)
    seconds = time.perf_counter() - begin
    _check_saved()
    return CompiledKernels(str(cache_base()), len(names), seconds)


def _check_saved() -> None:
    if KERNELS_NOT_SAVED:
        raise StorageError(f"cannot save kernels in {cache_base()}: {KERNELS_NOT_SAVED[-1]}; see NEURO_MOD_CACHE_DIR")
