"""A comparison of theory and simulation as a job: an item is a simulated trial."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import check_choice
from neuro_mod.choices import Precision
from neuro_mod.config import Experiment, load_experiment
from neuro_mod.core.mean_field.core import FixedPoints
from neuro_mod.execution.comparison.rates import Comparison, SimulateRates, stage_theory
from neuro_mod.execution.comparison.results import describe_comparison, save_comparison
from neuro_mod.execution.jobs import Item, Job, JobFolder, Outcome
from neuro_mod.execution.stagers.seeds import with_perturbation_seeds
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import trial_rates
from neuro_mod.storage.reading import read_arrays


class ComparisonJob(Job):
    """The mean field of a configuration, and simulations of it; arguments and errors as for `compare`.

    The steady states are found before the first trial.
    """

    nouns = ("simulation", "simulations")
    kinds = {"trial": int}  # noqa: RUF012

    def __init__(self, experiment: Experiment, n_trials: int, settling: float, n_z: int | None, dtype: Precision):
        experiment.check_precision(dtype)
        experiment = with_perturbation_seeds(experiment)
        self._simulate = SimulateRates(experiment, settling, dtype)
        self._theory = stage_theory(experiment, n_z)
        self._found: FixedPoints | None = None
        determining = {"settling_sec": self._simulate.settling, "n_z": self._theory.n_z, "dtype": dtype}
        super().__init__("comparison", experiment, self._simulate.items(n_trials), self._simulate, determining)
        self.arguments = {
            "config": experiment.resolved(),
            "n_trials": n_trials,
            "settling": settling,
            "n_z": self._theory.n_z,
            "dtype": dtype,
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
        self._found = self._theory.run()["distinct"]

    def save(self, files: Files, item: Item, result: NDArray[np.floating]) -> dict[str, Any]:
        """Save the rates of a trial."""
        files.save_arrays(trial_rates(int(item.key)), rates=result)
        return {"trial": int(item.key)}

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Compare the finished trials with the steady states, save that and draw it."""
        del outcome
        indices = [entry.about["trial"] for entry in folder.entries() if entry.about["trial"] < len(self.items)]
        rates = {index: read_arrays(folder.path / trial_rates(index))["rates"] for index in indices}
        simulated = self._simulate.gather(self.items, rates)
        if simulated is None or self._found is None:
            return {"n_trials": 0, "seeds": []}
        comparison = Comparison(self._theory, self._found, simulated)
        results = describe_comparison(comparison, self._simulate.dtype)
        save_comparison(folder, comparison, results)
        return results
