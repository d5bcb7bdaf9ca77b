"""From YAML to one validated, immutable experiment. Every parameter is defined here, once."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster, load_cluster
    from neuro_mod.config.experiment import Experiment
    from neuro_mod.config.loading import load_experiment

__all__ = ["Cluster", "Experiment", "load_cluster", "load_experiment"]

_HOMES = {
    "Cluster": "neuro_mod.config.cluster",
    "Experiment": "neuro_mod.config.experiment",
    "load_cluster": "neuro_mod.config.cluster",
    "load_experiment": "neuro_mod.config.loading",
}


def __getattr__(name: str) -> Any:
    """Load names on first use, so that importing a part of this package does not import Pydantic."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
