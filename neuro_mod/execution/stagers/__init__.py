"""One run: from a configuration to results, files and pictures."""

from neuro_mod.execution.stagers.mean_field import BifurcationStager, FullMeanFieldStager, ReducedMeanFieldStager
from neuro_mod.execution.stagers.spiking_net import StageSNNSimulation

__all__ = ["BifurcationStager", "FullMeanFieldStager", "ReducedMeanFieldStager", "StageSNNSimulation"]
