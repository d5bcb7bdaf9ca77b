"""The mean field of a configuration: steady states, landscapes, bifurcations."""

from neuro_mod.execution.stagers.mean_field.bifurcation import BifurcationStager
from neuro_mod.execution.stagers.mean_field.full import FullMeanFieldStager
from neuro_mod.execution.stagers.mean_field.reduced import ReducedMeanFieldStager

__all__ = ["BifurcationStager", "FullMeanFieldStager", "ReducedMeanFieldStager"]
