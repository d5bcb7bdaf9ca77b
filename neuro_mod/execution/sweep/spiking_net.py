"""Sweeps over the spiking network, written in Python."""

from __future__ import annotations

from neuro_mod.config import Experiment
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.sweep.base import SweepRunner


class SNNBaseSweepRunner(SweepRunner):
    """A sweep whose steps find a `StageSNNSimulation` in ``self._sweep_object``; see `SweepRunner`.

    Examples:
        >>> from neuro_mod import SNNBaseSweepRunner
        >>> class SpikeCounts(SNNBaseSweepRunner):
        ...     def _step(self, param, idx, sweep_param, **kwargs):
        ...         return int(self._sweep_object.run(duration_sec=0.1)["spikes"].sum())
        ...
        ...     def summary(self, results, sweep_params):
        ...         print("more spikes under more input:", results[0] < results[1])
        >>> counts = SpikeCounts().execute("counts", "small", "external_currents.nu_ext_baseline", [5.0, 10.0])
        more spikes under more input: True
    """

    _sweep_object: StageSNNSimulation

    def _stage(self, experiment: Experiment, report: Progress) -> StageSNNSimulation:
        stager = StageSNNSimulation(experiment)
        stager.progress = report
        return stager
