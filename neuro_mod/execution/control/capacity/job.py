"""Verification of a capacity as a job: an item is a run, under the direction of a state or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

import neuro_mod
from neuro_mod.checks import check_choice
from neuro_mod.choices import Precision
from neuro_mod.execution.control.capacity.verification import Branch, Runs, SimulateDirection, run_items
from neuro_mod.execution.figures import Drawings, Look, drawn, save_figures
from neuro_mod.execution.jobs import Item, Job, JobFolder, Outcome
from neuro_mod.execution.pairs.quantities import ACTIVITY
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.compiling import compile_for_workers
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import VERIFICATION_TABLE, branch_activity
from neuro_mod.storage.reading import read_arrays

#: What is drawn, with its label, and its standard error.
_DRAWN = {
    "change of the share\nof time in the state": ("difference", "standard_error"),
    "change of the share\nof time one swap away": ("swapped_difference", "swapped_standard_error"),
    "log ratio of the\nshares in the state": ("log_difference", "log_standard_error"),
}


class VerificationJob(Job):
    """Runs under the directions of some states, and without.

    Args:
        stager: The configuration.
        branches: The directions.
        n_trials: Runs of each, under the same noises. Adding one changes no other.
        amplitude: Norm of the perturbations in Hz, for the summary.
        baseline_duration: Simulated seconds before the perturbation.
        dtype: Precision.

    Raises:
        InputError: The configuration has perturbations of its own, or a number is out of bounds.
    """

    nouns = ("run", "runs")
    kinds = {"key": str}  # noqa: RUF012

    def __init__(
        self,
        stager: StageSNNSimulation,
        branches: Sequence[Branch],
        n_trials: int,
        amplitude: float,
        baseline_duration: float,
        dtype: Precision,
    ):
        stager.experiment.check_precision(dtype)
        self._stager, self._branches, self._amplitude = stager, branches, amplitude
        self._simulate = SimulateDirection(stager, baseline_duration, dtype)
        self._n_clusters = stager.circuit.populations.n_clusters
        super().__init__(
            "verification",
            stager.experiment,
            run_items(self._simulate, branches, n_trials),
            self._simulate,
            {"baseline_duration_sec": baseline_duration, "dtype": dtype},
            {
                "version": neuro_mod.__version__,
                "random_seed": stager.random_seed,
                "dtype": dtype,
                "amplitude_hz": amplitude,
                "baseline_duration_sec": baseline_duration,
                "duration_sec": stager.experiment.init_params.duration_sec,
                "active": ACTIVITY,
            },
        )
        self.arguments = {
            "config": stager.experiment.resolved(),
            "branches": [_plain(branch) for branch in branches],
            "n_trials": n_trials,
            "amplitude": amplitude,
            "baseline_duration": baseline_duration,
            "dtype": dtype,
        }

    @classmethod
    def again(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Job.again`."""
        given = dict(arguments)
        check_choice("dtype", given["dtype"], Precision)
        branches = [
            Branch(**each | {name: tuple(each[name]) for name in ("state", "vector")}) for each in given.pop("branches")
        ]
        return cls(StageSNNSimulation(given.pop("config")), branches, **given)

    def prepare(self, folder: JobFolder) -> None:
        """Nothing is known before the first run."""

    def compile(self) -> None:
        """See `Job.compile`."""
        compile_for_workers(self._simulate.stager.experiment, self._simulate.dtype)

    def save(self, files: Files, item: Item, result: NDArray[np.bool_]) -> dict[str, Any]:
        """Save the active clusters of a run, a bit for each cluster and bin."""
        packed = np.packbits(result, axis=1)
        files.save_arrays(branch_activity(item.key), active=packed, n_clusters=result.shape[1])
        return {"key": item.key}

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Compare the finished runs pair by pair, save that and draw it."""
        del outcome
        asked = {item.key for item in self.items}
        keys = [entry.about["key"] for entry in folder.entries() if entry.about["key"] in asked]
        runs = Runs(self._simulate.bin_width, {key: self._read(folder, key) for key in keys})
        rows = [runs.row(branch) for branch in self._branches]
        n_trials = max(row["trials"] for row in rows)
        results = {"n_trials": n_trials, "seeds": sorted({item.argument.seed for item in self.items})}
        if not n_trials:
            return results | {"n_trials": 0}
        folder.save_table(VERIFICATION_TABLE, rows)
        settings = self._stager.experiment.settings
        if settings.plot:
            save_figures(folder.save, self._drawings(rows), Look.of(settings))
        return results | {"verified": rows}

    def _read(self, folder: JobFolder, key: str) -> NDArray[np.bool_]:
        packed = read_arrays(folder.path / branch_activity(key))["active"]
        return np.unpackbits(packed, axis=1, count=self._n_clusters).astype(bool)

    def _drawings(self, rows: Sequence[Mapping[str, Any]]) -> Drawings:
        from neuro_mod.plotting.control.capacity import Verified, changes_by_margin  # noqa: PLC0415 -- loaded only to draw

        shown = [row for row in rows if row["margin"] is not None and row["difference"] is not None]
        if not shown:
            return {}

        def numbers(name: str) -> NDArray[np.float64]:
            return np.array([row[name] for row in shown], np.float64)

        changes = {label: (numbers(value), numbers(error)) for label, (value, error) in _DRAWN.items()}
        verified = Verified(np.array([row["modes"] for row in shown]), numbers("margin"), changes)
        trials = max(row["trials"] for row in shown)
        draws = {"verification": partial(changes_by_margin, verified)}
        return drawn(draws, f"perturbations of {self._amplitude:g} Hz in norm, {trials} pairs of runs")


def _plain(branch: Branch) -> dict[str, Any]:
    return vars(branch) | {"state": list(branch.state), "vector": list(branch.vector)}
