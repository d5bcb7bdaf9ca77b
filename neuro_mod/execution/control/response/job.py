"""Responses as a durable job: an item is a trial of one network, which is kept for any observable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from neuro_mod.checks import check_choice
from neuro_mod.choices import Precision
from neuro_mod.core.spiking_net.analysis.states.names import clusters_of_state
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.control.response.observing import Observing
from neuro_mod.execution.control.response.responses import Responses
from neuro_mod.execution.control.response.results import describe_setup, save_results
from neuro_mod.execution.control.response.saved import SavedTrial
from neuro_mod.execution.control.response.simulate import ScoredTrial, SimulateTrial, trial_items
from neuro_mod.execution.jobs import Item, Job, JobFolder, Outcome
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.compiling import compile_for_workers
from neuro_mod.execution.sweep.user_functions import find_function
from neuro_mod.recordings.saved import save_spikes
from neuro_mod.storage.files import Files
from neuro_mod.storage.names import CLUSTERS, MAX_REPEATS, repeat_spikes, trial_scores


class ResponseJob(Job):
    """Trials of one network, with the scores of its external input, and the responses that follow from them.

    What is observed changes no trial: rerun the job with other windows, states, observables or another method, and
    nothing is simulated again.

    Args:
        stager: The configuration; its perturbations act in all trials, and responses are those of the perturbed
            network.
        n_trials: Number of trials. Adding one changes no other.
        observing: What is estimated.
        states: Names of states whose probabilities are observed; those seen most if there are none.
        observables: Functions of the user, ``module:function``, that take an `ObservedSession`.
        functions: Folder of the user's modules that are not installed.
        dtype: Precision.

    Raises:
        InputError: The network has no clusters, a window does not fit into a trial, a state or function does not exist.
    """

    nouns = ("trial", "trials")
    kinds = {"trial": int}  # noqa: RUF012

    def __init__(
        self,
        stager: StageSNNSimulation,
        n_trials: int,
        observing: Observing | None = None,
        *,
        states: Sequence[str] = (),
        observables: Sequence[str] = (),
        functions: str | Path = ".",
        dtype: Precision = "float32",
    ):
        stager.experiment.check_precision(dtype)
        if n_trials > MAX_REPEATS:
            raise invalid("n_trials", n_trials, f"at most {MAX_REPEATS}")
        self._stager, self._simulate = stager, SimulateTrial(stager, dtype)
        self._observing = observing or Observing()
        self._observing.check_duration(self._simulate.duration)
        for name in states:
            clusters_of_state(name, stager.circuit.populations.n_clusters)
        self._states = list(states)
        self._functions = {name: find_function(name, Path(functions)) for name in observables}
        super().__init__(
            "responses",
            stager.experiment,
            trial_items(self._simulate, n_trials),
            self._simulate,
            {"dtype": dtype},
            describe_setup(self._simulate, self._observing),
        )
        self.arguments = {
            "config": stager.experiment.resolved(),
            "n_trials": n_trials,
            "observing": self._observing.describe(),
            "states": self._states,
            "observables": list(observables),
            "functions": str(Path(functions).absolute()),
            "dtype": dtype,
        }

    @classmethod
    def again(cls, arguments: Mapping[str, Any]) -> Self:
        """See `Job.again`."""
        given = dict(arguments)
        check_choice("dtype", given["dtype"], Precision)
        observing = Observing.of(given.pop("observing"))
        return cls(StageSNNSimulation(given.pop("config")), given.pop("n_trials"), observing, **given)

    def prepare(self, folder: JobFolder) -> None:
        """Save the populations."""
        folder.save_array(CLUSTERS, self._stager.circuit.populations.of_neuron)

    def compile(self) -> None:
        """See `Job.compile`."""
        compile_for_workers(self._stager.experiment, self._simulate.dtype)

    def save(self, files: Files, item: Item, result: ScoredTrial) -> dict[str, Any]:
        """Save spikes, counts and scores of a trial."""
        index = int(item.key)
        save_spikes(files, result.spikes, repeat_spikes(index, "events"))
        files.save_arrays(
            trial_scores(index),
            counts=result.counts,
            # sums of a few hundred numbers that are exact to 1e-7
            scores=result.scores.astype(np.float32),
            arousal_scores=result.arousal_scores.astype(np.float32),
            bin_width=result.bin_width,
        )
        return {"trial": index}

    def conclude(self, folder: JobFolder, outcome: Outcome) -> dict[str, Any]:
        """Estimate, save and draw the responses from the finished trials."""
        found = sorted(entry.about["trial"] for entry in folder.entries() if entry.about["trial"] < len(self.items))
        about = {"n_trials": len(found), "trials": found, "seeds": [self.items[index].seed for index in found]}
        if not found:
            return about
        trials = [SavedTrial(folder.path, index) for index in found]
        responses = Responses.of_trials(trials, self._stager.circuit.populations, self._observing)
        states = self._states
        try:
            responses.states(states or None)
        except InputError:
            if outcome.complete:
                raise
            states = []  # more trials may see them
        return about | save_results(folder, self._stager.experiment.settings, responses, states, self._functions)
