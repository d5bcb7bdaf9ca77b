"""Theory and simulation compared: steady states of mean fields, and simulated rates of one configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from neuro_mod.choices import Precision
from neuro_mod.config import load_experiment
from neuro_mod.config.loading import Source
from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.mean_field.analysis.activity import rates_by_activity
from neuro_mod.core.mean_field.analysis.validity import Assumption, assess
from neuro_mod.core.mean_field.core import FixedPoint, FixedPoints
from neuro_mod.core.spiking_net.analysis.rates.activity import Estimate, active_in_time, mean_rate
from neuro_mod.errors import Interrupted
from neuro_mod.execution.comparison.simulation import (
    N_TRIALS,
    SETTLING,
    Simulated,
    SimulatedRates,
    SimulateRates,
)
from neuro_mod.execution.comparison.theories import Predictions, check_theories, predict, stage_theory
from neuro_mod.execution.figures import Drawings, WithFigures, drawn
from neuro_mod.execution.jobs import compute_in_memory
from neuro_mod.execution.stagers import FullMeanFieldStager, StageSNNSimulation
from neuro_mod.execution.stagers.seeds import with_perturbation_seeds
from neuro_mod.populations import Populations
from neuro_mod.summaries import Shown, Summary, counted

if TYPE_CHECKING:
    import pandas as pd

    from neuro_mod.execution.figures import Draw

#: Groups besides those of `members_by_activity`: all E neurons, all I neurons.
ALL_OF_A_KIND = ("all E", "all I")
#: Seconds before and after which no cluster changes its state where a network counts as settled in one.
UNCHANGED = 0.05
#: Width of the bars of the histogram in Hz.
BAR = 1.0


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Shown, WithFigures):
    """Steady states of the mean field, and simulated rates.

    Args:
        predictions: The theories; in their experiments, seeds of drawn perturbations are written out.
        simulation: Simulated rates.
        finer: Those with a finer time step, if there are any.
    """

    predictions: Predictions
    simulation: SimulatedRates
    finer: SimulatedRates | None = None

    def _summary(self) -> Summary:
        found = [str(each.theory) for each in self.predictions.all]
        rows = {
            "theories": ", ".join(found),
            "stable states": f"{len(self.states)} of {self.predictions.chosen.theory}",
            "active clusters": f"{self.n_active.mean:.3g} of {self.populations.n_clusters}, time average",
            "rates": "table(), simulated(), in_theory(state), histogram()",
        }
        return Summary(f"Theory and {counted(len(self.simulation.rates), 'simulated trial')}", rows)

    @property
    def theory(self) -> FullMeanFieldStager:
        """The mean field of the configuration."""
        return self.predictions.chosen.stager

    @property
    def found(self) -> FixedPoints:
        """Its steady states."""
        return self.predictions.chosen.found

    @property
    def populations(self) -> Populations:
        """The layout of cluster space."""
        return self.theory.circuit.populations

    @property
    def states(self) -> tuple[FixedPoint, ...]:
        """Its stable states; all if none is stable."""
        return self.predictions.chosen.states

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """Whether clusters are active, shape ``(n_trials, n_bins, p)``."""
        return active_in_time(self.simulation.rates, self.populations)

    @cached_property
    def n_active(self) -> Estimate:
        """Number of active clusters, a mean over time and trials."""
        return _estimate(self.active.sum(axis=2).mean(axis=1))

    @cached_property
    def usual_n_active(self) -> int:
        """The most frequent number of active clusters; the smallest of several."""
        return int(self.time_by_n_active().argmax())

    @property
    def nearest(self) -> int | None:
        """Which of `states` has the number of active clusters nearest to `usual_n_active`; the first of several."""
        return self.predictions.chosen.nearest(self.usual_n_active)

    def nearest_states(self) -> dict[str, FixedPoint | None]:
        """Of each theory, by name, the stable state nearest in the number of active clusters."""
        nearest = {str(each.theory): (each.states, each.nearest(self.usual_n_active)) for each in self.predictions.all}
        return {name: None if index is None else states[index] for name, (states, index) in nearest.items()}

    def time_by_n_active(self) -> NDArray[np.float64]:
        """Fraction of time with each number of active clusters, from none to all, shape ``(p + 1,)``."""
        counts = np.bincount(self.active.sum(axis=2).ravel(), minlength=self.populations.n_clusters + 1)
        return counts / counts.sum()

    def simulated(self, *, finer: bool = False, settled: bool = False) -> dict[str, Estimate]:
        """Mean rates in Hz of groups of neurons over time and trials; a cluster changes group with its activity.

        Args:
            finer: Whether those with the finer time step are wanted.
            settled: Whether only times count in which the usual number of clusters is active, and none changes within
                `UNCHANGED`; elsewhere clusters are on the way from one state to another.
        """
        simulation = self.finer if finer and self.finer else self.simulation
        active = active_in_time(simulation.rates, self.populations)
        members = members_by_activity(active, self.populations) | _all_of_a_kind(self.populations)
        if settled:
            kept = _settled(active, round(UNCHANGED / simulation.bin_width), self.usual_n_active)
            members = {group: who & kept[..., None] for group, who in members.items()}
        return {group: mean_rate(simulation.rates, who, self.populations.sizes) for group, who in members.items()}

    def simulated_cvs(self) -> dict[str, Estimate]:
        """Means over trials of the interval CVs of groups, while the cluster of a neuron does not change."""
        unknown = dict.fromkeys(ALL_OF_A_KIND, Estimate(np.nan, np.nan))
        return {group: _estimate(each[~np.isnan(each)]) for group, each in self.simulation.cvs.items()} | unknown

    def in_theory(self, state: FixedPoint) -> dict[str, float | None]:
        """Rates in Hz of the same groups in a steady state; None where there are no such neurons."""
        sizes = self.populations.sizes
        return rates_by_activity(state.rates, state.active, self.populations) | {
            group: float(np.average(state.rates, weights=who * sizes)) if (who * sizes).any() else None
            for group, who in _all_of_a_kind(self.populations).items()
        }

    def cvs_in_theory(self, state: FixedPoint) -> dict[str, float | None]:
        """Interval CVs likewise; None for groups that are not those of active, other or background neurons."""
        found = rates_by_activity(state.cv, state.active, self.populations)
        return found | dict.fromkeys(ALL_OF_A_KIND)

    def table(self) -> pd.DataFrame:
        """A row for each ``group`` of neurons: simulated mean rates and interval CVs, and those of each theory.

        Of the theory of the configuration, the rates in each state; of all theories, rates and CVs in the state that is
        nearest in the number of active clusters. NaN where there are no such neurons or a value is undefined.
        """
        import pandas as pd  # noqa: PLC0415 -- importing takes half a second

        simulated = self.simulated()
        columns: dict[str, Mapping[str, float | None]] = {
            **_columns(simulated, "simulated_hz", "standard_error_hz"),
            **_columns(self.simulated(settled=True), "settled_hz", "settled_standard_error_hz"),
            **_columns(self.simulated_cvs(), "simulated_cv", "standard_error_cv"),
        }
        if self.finer:
            finer, settled = (self.simulated(finer=True, settled=each) for each in (False, True))
            columns |= _columns(finer, "finer_step_hz", "finer_step_standard_error_hz")
            columns |= _columns(settled, "finer_settled_hz", "finer_settled_standard_error_hz")
        for index, state in enumerate(self.states):
            columns[state_column(index, len(state.active))] = self.in_theory(state)
        for name, state in self.nearest_states().items():
            found = ({}, {}) if state is None else (self.in_theory(state), self.cvs_in_theory(state))
            columns |= dict(zip(theory_columns(name), found, strict=True))
        return pd.DataFrame(columns, list(simulated), dtype=np.float64).rename_axis("group").reset_index()

    def cluster_rates(self) -> NDArray[np.floating]:
        """Rates in Hz of E clusters at all times, shape ``(n_trials * n_bins * p,)``; empty if they have no neurons."""
        rates = self.simulation.rates[..., : self.populations.n_clusters].ravel()
        return rates[~np.isnan(rates)]

    def histogram(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Histogram of `cluster_rates`: counts, and edges of bars in Hz."""
        rates = self.cluster_rates()
        n_bars = int(rates.max(initial=0.0) / BAR) + 1
        return np.histogram(rates, BAR * np.arange(n_bars + 1))

    def validity(self) -> tuple[Assumption, ...]:
        """Assumptions of the theory, judged at the state that is `nearest`; empty if no state was found."""
        if self.nearest is None:
            return ()
        state, jacobian = self.states[self.nearest], self.theory.field.jacobian(self.states[self.nearest].rates)
        return assess(self.theory.circuit, state.rates, state.mu, state.sigma, jacobian, self.theory.theory)

    def drawings(self) -> Drawings:
        """Histogram of the rates of clusters, and rates of the theories over those of the simulation."""
        # matplotlib is loaded only to draw
        from neuro_mod.plotting.network.rate_histogram import ComparedState, rate_histogram  # noqa: PLC0415
        from neuro_mod.plotting.network.theories import theory_comparison  # noqa: PLC0415

        n_clusters = self.populations.n_clusters
        states = [ComparedState(state.rates[:n_clusters], state.kind, len(state.active)) for state in self.states]
        draws: dict[str, Draw] = {}
        if len(rates := self.cluster_rates()):
            draws["rate_histogram"] = partial(rate_histogram, rates, states, bin_width=BAR, logarithmic=True)
        nearest = {name: state for name, state in self.nearest_states().items() if state is not None}
        if nearest:
            settled, simulated = (_known(self.simulated(settled=each)) for each in (True, False))
            kind, shown = ("settled", settled) if settled else ("simulated", simulated)
            predicted = {name: self.in_theory(state) for name, state in nearest.items()}
            draws["rate_comparison"] = partial(
                theory_comparison,
                {group: each.mean for group, each in shown.items()},
                {
                    name: {group: np.nan if (rate := rates[group]) is None else rate for group in shown}
                    for name, rates in predicted.items()
                },
                standard_errors={group: each.standard_error for group, each in shown.items()},
                kind=kind,
            )
        return drawn(draws)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Differences between what the theory and the simulation describe."""
        return tuple(self._notes())

    def _notes(self) -> Iterator[str]:
        experiment = self.theory.experiment
        stager = StageSNNSimulation(experiment)
        delta_t = experiment.init_params.delta_t
        courses = stager.perturbations_over(round(experiment.init_params.duration_sec / delta_t), delta_t)
        for target, course in courses.items():
            if not np.allclose(course.values, experiment.timed_perturbations[target].at()):
                yield (
                    f"the perturbation of {target} changes in time: simulated rates are averages over it, the mean "
                    "field takes it at its onset"
                )
        if experiment.stimulus.onsets and experiment.stimulus.amplitude:
            yield "the simulation has the stimulus of the configuration, the mean field has none"
        if experiment.architecture.network.in_degree == "binomial":
            yield "numbers of synapses differ between simulated neurons; the mean field has their mean"
        quenched = experiment.arousal.heterogeneity == "quenched"
        if stager.circuit.arousal_rate.any() and quenched and self.theory.n_z == 1:
            yield "arousal differs between simulated neurons; the mean field has its mean, as n_z is 1"


def compare(
    experiment: Source,
    n_trials: int = N_TRIALS,
    settling: float = SETTLING,
    *,
    n_z: int | None = None,
    theories: Sequence[str] | None = None,
    step_check: bool = False,
    dtype: Precision = "float32",
    n_threads: int | None = None,
    progress: bool = False,
) -> Comparison:
    """Find the steady states of a configuration, and simulate it on all cores.

    Trials have networks and noise of their own, from the seeds that repeats of `Repeater` have. The simulation first
    settles under the perturbations at time 0, without stimulus; times of the configuration count from its end. The mean
    field takes perturbations at their onset.

    Args:
        experiment: Path of a YAML file, name of a shipped one, a mapping of sections, or an experiment.
        n_trials: Number of simulations. Adding one changes no other.
        settling: Simulated seconds that are dropped, rounded to whole bins.
        n_z: Over how many values of z the mean field averages; by default 12 where each neuron has its own.
        theories: Which theories, beside that of the configuration: names such as ``exact/renewal``; None for all,
            without those with the exact response if many of their response tables would have to be computed first.
        step_check: Also simulate each network with a fifth of the time step.
        dtype: ``float32`` or ``float64``.
        n_threads: How many simulations run at once; one for each core by default.
        progress: Show the progress on stderr.

    Raises:
        ConfigError: The configuration is not valid.
        InputError: A number is out of bounds, or a perturbation makes a parameter impossible.
        Interrupted: On Ctrl-C, with a comparison of the finished trials.

    Examples:
        >>> from neuro_mod import compare, load_experiment
        >>> experiment = load_experiment("two_clusters", ["init_params.duration_sec=0.2"])
        >>> comparison = compare(experiment, n_trials=2, settling=0.1, theories=["shifted/poisson"])
        >>> simulated = comparison.simulated()
        >>> simulated["E active"].mean > 5 * simulated["E inactive"].mean
        True
    """
    check_theories(theories)
    experiment = with_perturbation_seeds(load_experiment(experiment))
    task = SimulateRates(experiment, settling, dtype)
    items, theory = task.items(n_trials, step_check=step_check), stage_theory(experiment, n_z)
    try:
        predictions = predict(theory, theories)
    except KeyboardInterrupt:
        raise Interrupted("interrupted before the first simulation") from None

    def gather(trials: Mapping[int, Simulated]) -> Comparison | None:
        found = {items[index].argument: trial for index, trial in trials.items()}
        simulated = task.gather(found)
        return simulated and Comparison(predictions, simulated, task.gather(found, finer=True))

    finished = compute_in_memory(items, task, gather, noun="simulations", n_threads=n_threads, progress=progress)
    assert finished is not None
    return finished


def state_column(index: int, n_active: int) -> str:
    """Column of the table with the rates of a state."""
    return f"state_{index}_active_{n_active}_hz"


def theory_columns(name: str) -> tuple[str, str]:
    """Columns of the table with rates and CVs of the state of a theory, given its name."""
    plain = name.replace("/", "_")
    return f"{plain}_hz", f"{plain}_cv"


def _columns(estimates: Mapping[str, Estimate], value: str, error: str) -> dict[str, dict[str, float | None]]:
    """Values and standard errors of groups, as two columns."""
    return {
        value: {group: each.mean for group, each in estimates.items()},
        error: {group: each.standard_error for group, each in estimates.items()},
    }


def _estimate(in_trials: NDArray[np.floating]) -> Estimate:
    """Mean of a number over trials, and its standard error."""
    n = len(in_trials)
    error = in_trials.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
    return Estimate(float(in_trials.mean()) if n else np.nan, float(error))


def _settled(active: NDArray[np.bool_], reach: int, n_active: int) -> NDArray[np.bool_]:
    """Where so many clusters are active and none changes within so many bins, shape ``(n_trials, n_bins)``."""
    changed = np.zeros(active.shape[:2], np.int8)
    changed[:, 1:] = (active[:, 1:] != active[:, :-1]).any(axis=2)
    near = maximum_filter1d(changed, 2 * reach, axis=1, mode="constant", origin=-1) > 0
    return ~near & (active.sum(axis=2) == n_active)


def _known(estimates: dict[str, Estimate]) -> dict[str, Estimate]:
    """Those that are known of groups by activity."""
    return {group: each for group, each in estimates.items() if np.isfinite(each.mean) and group not in ALL_OF_A_KIND}


def _all_of_a_kind(populations: Populations) -> dict[str, NDArray[np.bool_]]:
    return {group: populations.types == kind for kind, group in enumerate(ALL_OF_A_KIND)}
