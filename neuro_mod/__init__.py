"""Clustered spiking networks, their mean field, and vectorial neuromodulation.

The public names are loaded on first use, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "NeuroModError": "neuro_mod.errors",
    "InputError": "neuro_mod.errors",
    "ConfigError": "neuro_mod.errors",
    "DataError": "neuro_mod.errors",
    "StorageError": "neuro_mod.errors",
    "NumericalError": "neuro_mod.errors",
    "ClusterLostError": "neuro_mod.errors",
    "FailedItemsError": "neuro_mod.errors",
    "Interrupted": "neuro_mod.errors",
    "Experiment": "neuro_mod.config",
    "load_experiment": "neuro_mod.config",
    "StageSNNSimulation": "neuro_mod.execution.stagers",
    "FullMeanFieldStager": "neuro_mod.execution.stagers",
    "ReducedMeanFieldStager": "neuro_mod.execution.stagers",
    "BifurcationStager": "neuro_mod.execution.stagers",
    "LIFMeanField": "neuro_mod.core.mean_field.core",
    "fixed_points": "neuro_mod.core.mean_field.core",
    "Repeater": "neuro_mod.execution",
    "Analyzer": "neuro_mod.core.spiking_net.analysis.analyzer",
    "LIFNet": "neuro_mod.core.spiking_net.lif_net",
    "SpikeEvents": "neuro_mod.recordings.spikes",
    "Trial": "neuro_mod.core.spiking_net.engine.trial",
    "Recording": "neuro_mod.core.spiking_net.engine.trial",
    "Course": "neuro_mod.core.course",
    "InjectedSpikes": "neuro_mod.core.spiking_net.external.injected",
    "simulate": "neuro_mod.core.spiking_net.engine.simulate",
    "State": "neuro_mod.core.spiking_net.engine.state",
    "SpikingNetwork": "neuro_mod.core.spiking_net.network",
    "simulate_batch": "neuro_mod.core.spiking_net.engine.batch",
    "simulate_pair": "neuro_mod.core.spiking_net.engine.batch",
    "VectorialPerturbation": "neuro_mod.core.perturbations",
    "CirculantPerturbation": "neuro_mod.core.perturbations",
    "TimedPerturbation": "neuro_mod.core.perturbations",
    "run_pairs": "neuro_mod.execution.pairs.rates",
    "load_spikes": "neuro_mod.recordings.saved",
    "load_state": "neuro_mod.execution.stagers.saved_state",
    "save_state": "neuro_mod.execution.stagers.saved_state",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
