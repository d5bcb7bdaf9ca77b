"""Sweeps over the mean field, written in Python."""

from __future__ import annotations

from neuro_mod.config import Experiment
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import FullMeanFieldStager, ReducedMeanFieldStager
from neuro_mod.execution.sweep.base import SweepRunner


class FullMeanFieldBaseSweepRunner(SweepRunner):
    """A sweep whose steps find a `FullMeanFieldStager` in ``self._sweep_object``; see `SweepRunner`.

    Examples:
        >>> from neuro_mod import FullMeanFieldBaseSweepRunner
        >>> class StableStates(FullMeanFieldBaseSweepRunner):
        ...     def _step(self, param, idx, sweep_param, **kwargs):
        ...         return sum(state.stable for state in self._sweep_object.run(n_runs=10)["distinct"])
        ...
        ...     def summary(self, results, sweep_params):
        ...         print("stable states by level:", dict(zip(sweep_params, results)))
        >>> _ = StableStates().execute("states", "two_clusters", "arousal.level", [0.0, 1.0])
        stable states by level: {0.0: 1, 1.0: 1}
    """

    _sweep_object: FullMeanFieldStager
    _of_mean_field = True

    def _stage(self, experiment: Experiment, report: Progress) -> FullMeanFieldStager:
        del report  # a search is not interrupted
        return FullMeanFieldStager(experiment)


class ReducedMeanFieldSweepRunner(SweepRunner):
    """A sweep whose steps find a `ReducedMeanFieldStager` in ``self._sweep_object``; see `SweepRunner`.

    Examples:
        >>> from neuro_mod import ReducedMeanFieldSweepRunner
        >>> class Barriers(ReducedMeanFieldSweepRunner):
        ...     def _step(self, param, idx, sweep_param, **kwargs):
        ...         return len(self._sweep_object.run(["E0", "E1"], grid_density=5.0)["barriers"])
        ...
        ...     def summary(self, results, sweep_params):
        ...         print("barriers by level:", dict(zip(sweep_params, results)))
        >>> _ = Barriers().execute("barriers", "two_clusters", "arousal.level", [0.0])
        barriers by level: {0.0: 2}
    """

    _sweep_object: ReducedMeanFieldStager
    _of_mean_field = True

    def _stage(self, experiment: Experiment, report: Progress) -> ReducedMeanFieldStager:
        del report  # a landscape is not interrupted
        return ReducedMeanFieldStager(experiment)
