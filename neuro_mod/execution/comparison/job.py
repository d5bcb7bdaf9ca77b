"""A comparison of theory and simulation as a job: an item is a simulated trial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from neuro_mod.checks import check_choice
from neuro_mod.choices import Precision
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.execution.comparison.rates import Comparison
from neuro_mod.execution.comparison.results import describe_comparison, save_comparison
from neuro_mod.execution.comparison.simulation import Simulated, SimulateRates
from neuro_mod.execution.comparison.theories import Predictions, check_theories, predict, stage_theory
from neuro_mod.execution.jobs import Item, Job, JobFolder, Outcome
from neuro_mod.execution.stagers.compiling import compile_for_workers
from neuro_mod.execution.stagers.seeds import with_perturbation_seeds
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import finer_trial_rates, trial_rates
from neuro_mod.storage.reading import read_arrays

#: How interval CVs are estimated; a folder of an earlier version has none.
_INTERVALS = "within stretches"


class ComparisonJob(Job):
    """The mean field of a configuration, and simulations of it; arguments and errors as for `compare`.

    The steady states are found before the first trial. Theories and the check of the time step may change from call to
    call: the same simulations are compared with others.
    """

    nouns = ("simulation", "simulations")
    kinds = {"trial": int, "finer": bool}  # noqa: RUF012
    hints = {"intervals": "an earlier version made the folder, without these interval CVs"}  # noqa: RUF012

    def __init__(
        self,
        experiment: Experiment,
        n_trials: int,
        settling: float,
        n_z: int | None,
        dtype: Precision,
        *,
        theories: Sequence[str] | None = None,
        step_check: bool = False,
    ):
        check_theories(theories)
        experiment.check_precision(dtype)
        experiment = with_perturbation_seeds(experiment)
        self._simulate = SimulateRates(experiment, settling, dtype)
        self._theory, self._theories = stage_theory(experiment, n_z), theories
        self._predictions: Predictions | None = None
        determining = {
            "settling_sec": self._simulate.settling,
            "n_z": self._theory.n_z,
            "dtype": dtype,
            "intervals": _INTERVALS,
        }
        items = self._simulate.items(n_trials, step_check=step_check)
        super().__init__("comparison", experiment, items, self._simulate, determining)
        self.arguments = {
            "config": experiment.resolved(),
            "n_trials": n_trials,
            "settling": settling,
            "n_z": self._theory.n_z,
            "dtype": dtype,
            "theories": theories,
            "step_check": step_check,
        }

    @classmethod
    def again(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Job.again`."""
        given = dict(arguments)
        check_choice("dtype", given["dtype"], Precision)
        return cls(load_experiment(given.pop("config")), **given)

    def prepare(self, folder: JobFolder) -> None:
        """Find the steady states."""
        del folder
        self._predictions = predict(self._theory, self._theories)

    def compile(self) -> None:
        """See `Job.compile`."""
        compile_for_workers(self._simulate.experiment, self._simulate.dtype)

    def save(self, files: Files, item: Item, result: Simulated) -> dict[str, Any]:
        """Save the rates of a trial."""
        groups, cvs = np.array(list(result.cvs)), np.array(list(result.cvs.values()))
        files.save_arrays(_file(item), rates=result.rates, groups=groups, cvs=cvs)
        return {"trial": item.argument.trial, "finer": item.argument.finer}

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Compare the finished trials with the steady states, save that and draw it."""
        del outcome
        done = {entry.key for entry in folder.entries()}
        found = {item.argument: _read(folder, item) for item in self.items if item.key in done}
        simulated = self._simulate.gather(found)
        if simulated is None or self._predictions is None:
            return {"n_trials": 0, "seeds": []}
        comparison = Comparison(self._predictions, simulated, self._simulate.gather(found, finer=True))
        results = describe_comparison(comparison, self._simulate.dtype)
        save_comparison(folder, comparison, results)
        return results


def _file(item: Item) -> str:
    return (finer_trial_rates if item.argument.finer else trial_rates)(item.argument.trial)


def _read(folder: JobFolder, item: Item) -> Simulated:
    saved = read_arrays(folder.path / _file(item))
    return Simulated(saved["rates"], dict(zip(saved["groups"].tolist(), saved["cvs"].tolist(), strict=True)))
