"""One run: from a configuration to results, files and pictures. Each stager is loaded on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuro_mod.execution.stagers.mean_field import (
        BifurcationStager,
        FullMeanFieldStager,
        ReducedMeanFieldStager,
        SensitivityStager,
        SpectrumStager,
    )
    from neuro_mod.execution.stagers.spiking_net import StageSNNSimulation

__all__ = [
    "BifurcationStager",
    "FullMeanFieldStager",
    "ReducedMeanFieldStager",
    "SensitivityStager",
    "SpectrumStager",
    "StageSNNSimulation",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        home = "spiking_net" if name == "StageSNNSimulation" else "mean_field"
        return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
