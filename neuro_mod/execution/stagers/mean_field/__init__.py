"""The mean field of a configuration: steady states, landscapes, bifurcations, sensitivities, spectra."""

from neuro_mod.execution.stagers.mean_field.bifurcation import BifurcationStager
from neuro_mod.execution.stagers.mean_field.full import FullMeanFieldStager
from neuro_mod.execution.stagers.mean_field.reduced import ReducedMeanFieldStager
from neuro_mod.execution.stagers.mean_field.sensitivity import SensitivityStager
from neuro_mod.execution.stagers.mean_field.spectrum import SpectrumStager

__all__ = [
    "BifurcationStager",
    "FullMeanFieldStager",
    "ReducedMeanFieldStager",
    "SensitivityStager",
    "SpectrumStager",
]
