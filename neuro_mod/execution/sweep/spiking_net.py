"""Sweeps over the spiking network, written in Python."""

from __future__ import annotations

from neuro_mod.config import Experiment
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.sweep.base import SweepRunner


class SNNBaseSweepRunner(SweepRunner):
    """A sweep whose steps find a `StageSNNSimulation` in ``self._sweep_object``; see `SweepRunner`."""

    _sweep_object: StageSNNSimulation

    def _stage(self, experiment: Experiment, report: Progress) -> StageSNNSimulation:
        stager = StageSNNSimulation(experiment)
        stager.progress = report
        return stager
