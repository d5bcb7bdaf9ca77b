"""Runs under the directions of some states: how much more time the network spends in them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from neuro_mod.checks import whole_number
from neuro_mod.choices import Precision
from neuro_mod.config import Experiment
from neuro_mod.core.random import Stream
from neuro_mod.core.spiking_net.analysis.findings.settings import MINIMAL_LIFESPAN_MS
from neuro_mod.core.spiking_net.analysis.rates.activity import active_in_time
from neuro_mod.core.spiking_net.analysis.rates.rates import smooth, steps_per_sample
from neuro_mod.core.spiking_net.analysis.states.activity import tables_of_activity
from neuro_mod.core.spiking_net.analysis.states.names import state_name
from neuro_mod.core.spiking_net.analysis.states.quantities import state_probabilities
from neuro_mod.core.spiking_net.analysis.states.resampling import Estimator, paired
from neuro_mod.core.spiking_net.analysis.states.session_tables import SessionTables
from neuro_mod.core.spiking_net.analysis.states.weighted import Weights
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.errors import InputError, invalid
from neuro_mod.execution.control.capacity.study import Study
from neuro_mod.execution.jobs import Item
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.spiking_net_metadata import population_rates
from neuro_mod.storage.json_values import json_row

#: Norm of the perturbation in Hz, pairs of runs of each, and simulated seconds before they part.
AMPLITUDE, N_TRIALS, BASELINE_DURATION = 0.2, 10, 1.0
#: Decimals of perturbations in Hz: the solver's last digits are not the same on all machines.
_DECIMALS = 6
#: Numbers of modes that are verified by default, at most.
_MAX_NUMBERS = 4


@dataclass(frozen=True)
class Branch:
    """A state and a number of modes whose direction is applied.

    Attributes:
        state: The active clusters.
        n_modes: Number of modes.
        vector: Perturbation of the external rate of each population in Hz.
        margin: Margin of the state within the modes; None where it has no swap.
        reach: As `Directions.reach`.
        predicted: Change of log p(S) by measured responses; None without.
    """

    state: tuple[int, ...]
    n_modes: int
    vector: tuple[float, ...]
    margin: float | None
    reach: float
    predicted: float | None = None

    @property
    def key(self) -> str:
        """Identifies the perturbation, and so its runs."""
        return hashlib.sha256(np.array(self.vector).tobytes()).hexdigest()[:12]


def branches_of(study: Study, n_states: int, modes: Sequence[int] | None, amplitude: float) -> list[Branch]:
    """The directions that are verified.

    States are drawn from those of the vocabulary; more of them begin with the same.

    Args:
        study: The capacity.
        n_states: Number of states.
        modes: Numbers of modes; None for up to four of those of the study, evenly spaced.
        amplitude: Norm of the perturbation in Hz.

    Raises:
        InputError: A number is out of bounds, or the study has no such number of modes.
    """
    vocabulary, found = study.source.vocabulary, study.found
    if not 0 < amplitude < np.inf:
        raise invalid("--amplitude", amplitude, "a norm in Hz above 0")
    whole_number("--verify", n_states, 1, len(vocabulary), f"the vocabulary has {len(vocabulary)} states")
    known = {each.n_modes: each for each in found.subspaces}
    if modes is None:
        places = np.linspace(0, len(known) - 1, min(len(known), _MAX_NUMBERS)).round().astype(int)
        modes = [list(known)[place] for place in places.tolist()]
    if wrong := [number for number in modes if number not in known]:
        raise invalid("--verify-modes", wrong[0], f"numbers of --modes: {', '.join(map(str, known))}")
    chosen = Stream(study.options.seed, "verified states").permutation(len(vocabulary))[:n_states]
    branches = []
    for n_modes in sorted(set(modes)):
        directions = found.directions(known[n_modes])
        vectors = np.round(amplitude * study.in_populations(directions.vectors), _DECIMALS) + 0.0
        for index in chosen.tolist():
            margin, reach = float(directions.margins[index]), float(directions.reach[index])
            predicted = None
            if study.measured is not None:
                predicted = float(study.measured.responses[index] @ vectors[index])
            if vectors[index].any():
                branches.append(
                    Branch(
                        vocabulary.states[index],
                        n_modes,
                        tuple(vectors[index].tolist()),
                        margin if np.isfinite(margin) else None,
                        reach,
                        predicted,
                    )
                )
    if not branches:
        raise InputError("--verify: no state that the modes can favour found; expected at least one")
    return branches


class RunArgument(NamedTuple):
    """Seed of the noise, and the perturbation of the external rate of each population in Hz; empty for none."""

    seed: int
    vector: tuple[float, ...]


class SimulateDirection:
    """The task of a run: the active clusters over time, under a perturbation or none.

    The network first runs for a while without it; all runs with a seed are under the same noise.

    Args:
        stager: The configuration.
        baseline_duration: Simulated seconds before the perturbation.
        dtype: Precision.

    Raises:
        InputError: The configuration has perturbations of its own, no clusters, or a time is out of bounds.
    """

    def __init__(self, stager: StageSNNSimulation, baseline_duration: float, dtype: Precision):
        experiment = stager.experiment
        if experiment.perturbation.blocks:
            found = ", ".join(experiment.perturbation.blocks)
            raise invalid("perturbation", found, "none, as directions are compared with the unperturbed network")
        if not 0 <= baseline_duration < np.inf:
            raise invalid("--baseline-duration", baseline_duration, "a finite time from 0 s")
        init = experiment.init_params
        self.bin_steps: int = steps_per_sample(init.delta_t)
        if round(init.duration_sec / init.delta_t) < self.bin_steps:
            raise InputError(f"a run of {init.duration_sec:g} s is too short for a rate; see init_params.duration_sec")
        self.stager, self.baseline_duration = stager, baseline_duration
        self.dtype: Precision = dtype
        self.bin_width: float = self.bin_steps * init.delta_t
        self._bins_before = round(baseline_duration / self.bin_width)

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        """Workers draw the network again, which is faster than sending it."""
        return _simulate_direction, (self.stager.experiment, self.baseline_duration, self.dtype)

    @property
    def simulated_seconds(self) -> float:
        """Of one run."""
        return self._bins_before * self.bin_width + self.stager.experiment.init_params.duration_sec

    def __call__(self, argument: RunArgument, report: Progress) -> NDArray[np.bool_]:
        """Simulate; shape ``(n_bins, n_clusters)``."""
        perturbations = {"rate": np.array(argument.vector)} if argument.vector else None
        trial = self.stager.trial(record=(), dtype=self.dtype, noise_seed=argument.seed, perturbations=perturbations)
        before = replace(
            trial, stimulus=None, courses={}, n_steps=self._bins_before * self.bin_steps,
            recording=replace(trial.recording, spikes=False),
        )  # fmt: skip
        settled = simulate(before, report)
        branch = replace(trial, state=settled.state, seed=None)
        run = simulate(branch, lambda seconds: report(settled.duration + seconds))
        populations = self.stager.circuit.populations
        rates = np.concatenate([population_rates(populations, part) for part in (settled, run)])
        return active_in_time(smooth(rates, self.bin_width)[1], populations)[self._bins_before :]


def run_items(task: SimulateDirection, branches: Sequence[Branch], n_trials: int) -> list[Item]:
    """Items of the baseline and of each branch, in each trial; adding some changes no other.

    Raises:
        InputError: The number of trials is out of bounds.
    """
    whole_number("--trials", n_trials, 1)
    vectors = {"baseline": ()} | {branch.key: branch.vector for branch in branches}
    names = {branch.key: f"state {state_name(branch.state)} within {branch.n_modes} modes" for branch in branches}
    items = []
    for trial in range(n_trials):
        seed = Stream(task.stager.random_seed, "trial", (trial,)).derived_seed
        for key, vector in vectors.items():
            name = f"{names.get(key, key)}, trial {trial}"
            items.append(Item(f"{key} {trial}", name, RunArgument(seed, vector), seed, task.simulated_seconds))
    return items


@dataclass(frozen=True, eq=False)
class Runs:
    """The active clusters of finished runs.

    Attributes:
        bin_width: In seconds.
        active: By the key of the item, shape ``(n_bins, n_clusters)``.
    """

    bin_width: float
    active: Mapping[str, NDArray[np.bool_]]

    def trials(self, branch: Branch) -> list[int]:
        """Trials of which the baseline and the branch are finished."""
        of_branch = (key.split() for key in self.active)
        numbers = sorted(int(trial) for key, trial in of_branch if key == branch.key)
        return [trial for trial in numbers if f"baseline {trial}" in self.active]

    def tables(self, key: str, trials: Sequence[int]) -> SessionTables:
        """Visits and activations in these trials."""
        active = [self.active[f"{key} {trial}"] for trial in trials]
        return tables_of_activity(active, self.bin_width, minimal_duration=MINIMAL_LIFESPAN_MS * 1e-3)

    def row(self, branch: Branch) -> dict[str, Any]:
        """How the share of time in the state changes, and that in states that differ from it by one swap.

        Standard errors are those of the paired difference, by leaving out each trial in turn; None where undefined. The
        logarithm of the ratio of shares has none where a state was seen in a single trial, and is unknown then.
        """
        trials = self.trials(branch)
        about: dict[str, Any] = {
            "state": state_name(branch.state),
            "modes": branch.n_modes,
            "margin": branch.margin,
            "reach": branch.reach,
            "trials": len(trials),
        }
        if not trials:
            return about | dict.fromkeys(_COLUMNS)
        tables = [self.tables(key, trials) for key in ("baseline", branch.key)]
        n_clusters = tables[0].n_clusters
        share, log_share, neighbours = (
            paired(estimator, *tables) for estimator in _estimators(branch.state, n_clusters)
        )
        known = np.isfinite(log_share.standard_error)  # in each trial that is left out, too
        numbers = (
            *(share.baseline, share.changed, share.difference, share.standard_error),
            *(log_share.difference if known else np.nan, log_share.standard_error),
            *(neighbours.baseline, neighbours.changed, neighbours.difference, neighbours.standard_error),
        )
        found = dict(zip(_COLUMNS[:-1], map(float, numbers), strict=True))
        return json_row(about | found | {_COLUMNS[-1]: branch.predicted})


_COLUMNS = (
    *("baseline_share", "share", "difference", "standard_error"),
    *("log_difference", "log_standard_error"),
    *("baseline_swapped_share", "swapped_share", "swapped_difference", "swapped_standard_error"),
    "predicted_log_difference",
)


def _estimators(state: tuple[int, ...], n_clusters: int) -> tuple[Estimator, Estimator, Estimator]:
    """Estimators of the share of time in a state, of its logarithm, and of that in states that differ by one swap."""
    others = [j for j in range(n_clusters) if j not in state]
    swapped = [tuple(sorted({*state, j} - {i})) for i in state for j in others]
    of_state, of_swapped = state_probabilities([state]), state_probabilities(swapped)

    def share(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
        return of_state(tables, weights)[:, 0]

    def log_share(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
        found = share(tables, weights)
        return np.log(found, out=np.full(found.shape, np.nan), where=found > 0)

    def swapped_share(tables: SessionTables, weights: Weights) -> NDArray[np.float64]:
        return of_swapped(tables, weights).sum(axis=1)

    return share, log_share, swapped_share


def _simulate_direction(experiment: Experiment, baseline_duration: float, dtype: Precision) -> SimulateDirection:
    return SimulateDirection(StageSNNSimulation(experiment), baseline_duration, dtype)
