"""Sweeps over the mean field, written in Python."""

from __future__ import annotations

from neuro_mod.config import Experiment
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import FullMeanFieldStager, ReducedMeanFieldStager
from neuro_mod.execution.sweep.base import SweepRunner


class FullMeanFieldBaseSweepRunner(SweepRunner):
    """A sweep whose steps find a `FullMeanFieldStager` in ``self._sweep_object``; see `SweepRunner`."""

    _sweep_object: FullMeanFieldStager
    _of_mean_field = True

    def _stage(self, experiment: Experiment, report: Progress) -> FullMeanFieldStager:
        del report  # a search is not interrupted
        return FullMeanFieldStager(experiment)


class ReducedMeanFieldSweepRunner(SweepRunner):
    """A sweep whose steps find a `ReducedMeanFieldStager` in ``self._sweep_object``; see `SweepRunner`."""

    _sweep_object: ReducedMeanFieldStager
    _of_mean_field = True

    def _stage(self, experiment: Experiment, report: Progress) -> ReducedMeanFieldStager:
        del report  # a landscape is not interrupted
        return ReducedMeanFieldStager(experiment)
