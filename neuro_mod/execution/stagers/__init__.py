"""One run: from a configuration to results, files and pictures."""

from neuro_mod.execution.stagers.mean_field import FullMeanFieldStager, ReducedMeanFieldStager
from neuro_mod.execution.stagers.spiking_net import StageSNNSimulation

__all__ = ["FullMeanFieldStager", "ReducedMeanFieldStager", "StageSNNSimulation"]
