"""Pairs of runs as a job: what each pair saves, and what follows from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from neuro_mod.checks import check_choice
from neuro_mod.choices import Precision
from neuro_mod.execution.jobs import Item, Job, JobFolder, Outcome
from neuro_mod.execution.pairs.rates import PairedRuns, collect
from neuro_mod.execution.pairs.results import describe_pairs, describe_results, save_pairs
from neuro_mod.execution.pairs.simulate import PairedSpikes, SimulatedPair, SimulatePair, pair_items
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.compiling import compile_for_workers
from neuro_mod.execution.stagers.perturbations import saved_arrays
from neuro_mod.recordings.saved import load_spikes, save_spikes
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import CLUSTERS, PAIRED_SPIKES, PERTURBATIONS, pair_rates
from neuro_mod.storage.reading import read_arrays


class PairJob(Job):
    """Pairs of runs of one configuration, without and with its perturbations.

    Args:
        stager: The configuration.
        n_trials: Number of pairs. Adding one changes no other.
        baseline_duration: Simulated seconds before the runs of a pair part.
        dtype: Precision.

    Raises:
        InputError: The configuration has no perturbations, or a number is out of bounds.
    """

    nouns = ("pair", "pairs")
    kinds = {"trial": int}  # noqa: RUF012

    def __init__(self, stager: StageSNNSimulation, n_trials: int, baseline_duration: float, dtype: Precision):
        stager.experiment.check_precision(dtype)
        self._stager, self._simulate = stager, SimulatePair(stager, baseline_duration, dtype)
        super().__init__(
            "pairs",
            stager.experiment,
            pair_items(self._simulate, n_trials),
            self._simulate,
            {"baseline_duration_sec": baseline_duration, "dtype": dtype},
            describe_pairs(self._simulate),
        )
        self.arguments = {
            "config": stager.experiment.resolved(),
            "n_trials": n_trials,
            "baseline_duration": baseline_duration,
            "dtype": dtype,
        }

    @classmethod
    def again(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Job.again`."""
        given = dict(arguments)
        check_choice("dtype", given["dtype"], Precision)
        return cls(StageSNNSimulation(given.pop("config")), **given)

    def prepare(self, folder: JobFolder) -> None:
        """Save the populations and the perturbations."""
        described, delta_t = self._stager.experiment.timed_perturbations, self._simulate.trial.delta_t
        folder.save_array(CLUSTERS, self._stager.circuit.populations.of_neuron)
        folder.save_arrays(PERTURBATIONS, **saved_arrays(self._simulate.perturbations, described, delta_t))

    def compile(self) -> None:
        """See `Job.compile`."""
        compile_for_workers(self._stager.experiment, self._simulate.dtype)

    def save(self, files: Files, item: Item, result: SimulatedPair) -> dict[str, Any]:
        """Save the rates of a pair, and the spikes of the first."""
        index = int(item.key)
        files.save_arrays(pair_rates(index), baseline=result.baseline, perturbed=result.perturbed)
        if result.spikes is not None:
            for name, file in PAIRED_SPIKES.items():
                save_spikes(files, getattr(result.spikes, name), file)
        return {"trial": index}

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Gather the rates of all pairs, and save and draw their differences."""
        del outcome
        pairs = self._finished(folder)
        if pairs is None:
            return {"n_trials": 0, "seeds": []}
        results = describe_results(self._stager, pairs)
        save_pairs(folder, self._stager, pairs, results)
        return results

    def _finished(self, folder: JobFolder) -> PairedRuns | None:
        """From the disk; the folder may have more pairs than asked for."""
        saved: dict[int, SimulatedPair] = {}
        for index in (entry.about["trial"] for entry in folder.entries()):
            if index < len(self.items):
                spikes = _load_spikes(folder.path) if self.items[index].argument.keep_spikes else None
                saved[index] = SimulatedPair(**read_arrays(folder.path / pair_rates(index)), spikes=spikes)
        return collect(self._simulate, self.items, saved)


def _load_spikes(folder: Path) -> PairedSpikes:
    return PairedSpikes(*(load_spikes(folder / PAIRED_SPIKES[name]) for name in PairedSpikes._fields))
