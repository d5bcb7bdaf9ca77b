"""Pairs of runs: the same network, state and noise, without and with the perturbations of a configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neuro_mod.choices import Precision
from neuro_mod.core.course import Course
from neuro_mod.core.modulation import Baseline
from neuro_mod.core.spiking_net.analysis.rates.paired import PairedDifference, paired_difference
from neuro_mod.core.spiking_net.analysis.rates.rates import smooth, steps_per_sample
from neuro_mod.errors import invalid
from neuro_mod.execution.figures import Drawings, WithFigures, over_time
from neuro_mod.execution.jobs import Item, compute_in_memory
from neuro_mod.execution.pairs.simulate import PairedSpikes, SimulatedPair, SimulatePair, pair_items
from neuro_mod.execution.stagers import StageSNNSimulation
from neuro_mod.execution.stagers.perturbations import acting, strongest, summary, summary_line
from neuro_mod.execution.stagers.pictures import MAX_SHOWN_SEC, drawings_of_perturbations, in_window
from neuro_mod.summaries import Shown, Summary, array, counted

if TYPE_CHECKING:
    import pandas as pd

    from neuro_mod.plotting.style import AnyFigure

#: Simulated seconds before the runs of a pair part: the network forgets its initial state in about 0.2 s.
BASELINE_DURATION = 1.0
N_TRIALS = 20
#: Seconds over which rates are averaged, at least: the response to a short perturbation follows it.
RESPONSE = 0.1


@dataclass(frozen=True, eq=False, repr=False)
class PairedRuns(Shown, WithFigures):
    """Rates of populations in pairs of runs.

    Args:
        baseline: Rates in Hz without the perturbations, shape ``(n_trials, n_bins, P)``; NaN in empty populations.
        perturbed: Rates with them.
        n_steps: Steps of each run, from the moment at which the runs of a pair part.
        delta_t: Time step in seconds.
        example: Spikes of the first pair; None where that pair is missing.
        perturbations: Perturbations by target, from the moment at which the runs part.
        seeds: Seed of the noise of each trial.
        parameters: Those of the network without the perturbations.
    """

    baseline: NDArray[np.float32]
    perturbed: NDArray[np.float32]
    n_steps: int
    delta_t: float
    example: PairedSpikes | None
    perturbations: dict[str, Course]
    seeds: list[int]
    parameters: Baseline

    def _summary(self) -> Summary:
        sizes = self.parameters.populations.sizes
        perturbations = {
            f"perturbation of {target}": summary_line(target, summary(course, sizes, self.n_steps, self.delta_t))
            for target, course in self.perturbations.items()
        }
        rows = perturbations | {
            "baseline, perturbed": f"{array(self.baseline)}, Hz, bins of {self.bin_width * 1e3:g} ms",
            "over_time()": "difference and its standard error, by time",
            "on_average()": "the same of mean rates",
            "table()": "mean rates and their difference, by population",
            "plot(...)": "paired_runs, differences, perturbations, ...",
        }
        return Summary(f"{counted(len(self.seeds), 'pair')} of runs of {self.n_steps * self.delta_t:g} s", rows)

    @property
    def bin_width(self) -> float:
        """Of the rates, in seconds."""
        return steps_per_sample(self.delta_t) * self.delta_t

    @property
    def times(self) -> NDArray[np.floating]:
        """Middles of the bins in seconds after the runs parted, shape ``(n_bins,)``."""
        return (np.arange(self.baseline.shape[1]) + 0.5) * self.bin_width

    def over_time(self) -> PairedDifference:
        """Difference of the smoothed rates, arrays of shape ``(n_bins, P)``."""
        return paired_difference(*(self.smoothed(rates) for rates in (self.baseline, self.perturbed)))

    def on_average(self, duration: float | None = None) -> PairedDifference:
        """Difference of the mean rates from the onset of the first perturbation, arrays of shape ``(P,)``.

        Args:
            duration: Over so many seconds, at least a bin; None for `averaged_bins`.

        Raises:
            InputError: The duration is not positive.
        """
        first, end = self.averaged_bins()
        if duration is not None:
            if not 0 < duration < np.inf:
                raise invalid("duration", duration, "a positive time in seconds")
            end = min(self.baseline.shape[1], first + max(1, round(duration / self.bin_width)))
        means = (rates[:, first:end].mean(axis=1, dtype=np.float64) for rates in (self.baseline, self.perturbed))
        return paired_difference(*means)

    def table(self) -> pd.DataFrame:
        """A row for each population with neurons; rates are means over trials and `averaged_bins`.

        Returns:
            ``population``; ``delta_TARGET``, its strongest perturbation, for each target; ``baseline_hz``,
            ``perturbed_hz``, ``difference_hz``, ``standard_error_hz``; ``variance_ratio``, the variance of paired over
            that of independent differences. NaN where a value is undefined.
        """
        import pandas as pd  # noqa: PLC0415 -- importing takes half a second

        populations, average, (first, end) = self.parameters.populations, self.on_average(), self.averaged_bins()
        means = {
            name: rates[:, first:end].mean(axis=(0, 1), dtype=np.float64)
            for name, rates in (("baseline_hz", self.baseline), ("perturbed_hz", self.perturbed))
        }
        columns = {
            "population": populations.names,
            **{f"delta_{target}": strongest(course) for target, course in self.perturbations.items()},
            **means,
            "difference_hz": average.difference,
            "standard_error_hz": average.standard_error,
            "variance_ratio": average.variance_ratio,
        }
        return pd.DataFrame(columns).loc[populations.sizes > 0].reset_index(drop=True)

    def averaged_bins(self) -> tuple[int, int]:
        """First bin in which a perturbation acts, and the one after the last, but at least `RESPONSE` after the first.

        All bins if nothing acts.
        """
        n_bins, bin_steps = self.baseline.shape[1], steps_per_sample(self.delta_t)
        windows = [window for course in self.perturbations.values() if (window := acting(course, self.n_steps))]
        if not windows:
            return 0, n_bins
        begins, ends = zip(*windows, strict=True)
        first = min(min(begins) // bin_steps, n_bins - 1)
        return first, min(max(first + round(RESPONSE / self.bin_width), -(-max(ends) // bin_steps)), n_bins)

    def smoothed(self, rates: NDArray[np.float32]) -> NDArray[np.floating]:
        """Smoothed rates; the mirrored baseline stands for the time before the runs of a pair parted."""
        n_bins = rates.shape[1]
        whole = np.concatenate([self.baseline[:, ::-1], rates], axis=1)
        return np.stack([smooth(each, self.bin_width)[1][n_bins:] for each in whole])

    def absent(self, name: str) -> str:
        """What to do to have a figure that is missing, given its name; empty where nothing helps."""
        return "the first pair is missing" if name == "paired_runs" else ""

    def drawings(self) -> Drawings:
        """The first pair with the mean difference, the differences with their errors, and what acts."""
        from neuro_mod.plotting.network.paired_runs import difference_traces, paired_runs  # noqa: PLC0415

        response, populations, duration = self.over_time(), self.parameters.populations, self.n_steps * self.delta_t
        vectors = {target: strongest(course) for target, course in self.perturbations.items()}
        acted_on = np.any([course.values.any(axis=0) for course in self.perturbations.values()], axis=0)
        acting_on = drawings_of_perturbations(self.perturbations, self.parameters, self.n_steps, self.delta_t)

        def differences(t_from: float, t_to: float | None, **place: Any) -> AnyFigure:
            times, means, errors = in_window(
                self.times, response.difference, response.standard_error, t_from=t_from, t_to=t_to
            )
            return difference_traces(times, means, errors, populations, acted_on, **place)

        n_pairs = counted(len(self.seeds), "pair")
        drawings = over_time({"differences": differences}, duration, "", n_pairs) | acting_on
        if self.example is None:
            return drawings
        runs = partial(paired_runs, *self.example, self.times, response.difference, vectors, populations)
        notes = "spikes: first pair", f"difference: mean over {n_pairs}"
        return over_time({"paired_runs": runs}, duration, *notes, first=MAX_SHOWN_SEC) | drawings


def run_pairs(
    stager: StageSNNSimulation,
    n_trials: int = N_TRIALS,
    baseline_duration: float = BASELINE_DURATION,
    *,
    dtype: Precision = "float32",
    n_threads: int | None = None,
    progress: bool = False,
) -> PairedRuns:
    """Simulate pairs of runs of a configuration, on all cores.

    Every trial is the same network under noise of its own. It first runs without perturbations and stimulus; then two
    runs continue from the state that it has reached, under the same noise, one of them with the perturbations. Times of
    the configuration (perturbations, stimulus, duration) count from there.

    Args:
        stager: The configuration, with perturbations.
        n_trials: Number of pairs. Adding one changes no other.
        baseline_duration: Simulated seconds before the runs of a pair part.
        dtype: ``float32`` or ``float64``.
        n_threads: How many run at once; one for each core by default.
        progress: Show the progress on stderr.

    Raises:
        InputError: The configuration has no perturbations, or a number is out of bounds.
        Interrupted: On Ctrl-C, with the finished pairs.
        Exception: What a pair raised, with a note of its index and seed; the other pairs are stopped.

    Examples:
        >>> from neuro_mod import StageSNNSimulation, run_pairs
        >>> push = "perturbation.rate={involved_clusters: [E0], vectors: [[1]], params: [2]}"
        >>> stager = StageSNNSimulation("small", overrides=["init_params.duration_sec=0.1", push])
        >>> pairs = run_pairs(stager, n_trials=2, baseline_duration=0.2)
        >>> pairs.baseline.shape  # (n_trials, n_bins, n_pops)
        (2, 20, 14)
        >>> bool(pairs.on_average().difference[0] > 0)  # cluster E0 fires more
        True
    """
    task = SimulatePair(stager, baseline_duration, dtype)
    items = pair_items(task, n_trials)

    def gather(pairs: Mapping[int, SimulatedPair]) -> PairedRuns | None:
        return collect(task, items, pairs)

    finished = compute_in_memory(items, task, gather, noun="pairs", n_threads=n_threads, progress=progress)
    assert finished is not None
    return finished


def collect(task: SimulatePair, items: Sequence[Item], pairs: Mapping[int, SimulatedPair]) -> PairedRuns | None:
    """The finished pairs in order; None if there are none.

    Args:
        task: The task that simulated them.
        items: Items of all pairs.
        pairs: The finished pairs by their index.
    """
    if not pairs:
        return None
    chosen = sorted(pairs)
    return PairedRuns(
        baseline=np.stack([pairs[index].baseline for index in chosen]),
        perturbed=np.stack([pairs[index].perturbed for index in chosen]),
        n_steps=task.trial.n_steps,
        delta_t=task.trial.delta_t,
        example=pairs[0].spikes if 0 in pairs else None,
        perturbations=task.perturbations,
        seeds=[items[index].argument.seed for index in chosen],
        parameters=task.stager.baseline,
    )
