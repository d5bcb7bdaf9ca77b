"""Simulate the shipped networks with many more neurons and known active clusters: what mean-field theory should give.

Run ``python -m benchmarks.large_networks OUT.csv ROW ...`` from the root of the repository; a row is a configuration, a
factor k, a time step in ms, a number of active clusters and a number of networks: ``published:20:0.1:3:4``. A network
k times as large has k times the neurons in each population, the same in-degrees and the same efficacy of every synapse.
So each neuron receives what it receives in the network as shipped, but fluctuations of the population rates, and
correlations through shared input, are those of a network k times as large.

The first clusters, E and I, receive 2 Hz more external input for 0.2 s, which makes them active. The states then go on
by themselves. Each network and its input are drawn with a seed of their own. A cluster is active in a window of 50 ms
if its E neurons fire above 20 Hz in it; a window counts if the asked-for number of clusters, the same as in the windows
before and after, are active. `held` says whether the intended clusters were the active ones from the first window to
the last; only then are there intervals.

CVs of intervals are estimated in two ways. `within`: the mean over neurons of each neuron's own CV, with the unbiased
variance; of neurons with at least `MIN_INTERVALS` intervals, and so only for groups in which nearly all have them, as
others would be a choice of fast ones. `pooled`: from the distribution of the intervals of all neurons of the group,
estimated from finished and unfinished ones (Kaplan & Meier 1958), as short windows would otherwise lose the long ones;
beyond the end of the window the distribution is continued as an exponential. It includes the spread of rates between
the neurons of the group. A dead time makes no difference to either.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.default_network import draw, enlarged
from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.course import Course
from neuro_mod.core.modulation import modulated_courses
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.execution.stagers.assembly import build_baseline
from neuro_mod.populations import Populations
from neuro_mod.recordings.spikes import SpikeEvents

_Array = NDArray[np.float64]

_CONFIGS = Path(__file__).resolve().parents[1] / "configs"
#: Names of rows for configurations.
CONFIGS = {"published": _CONFIGS / "published_snn_params.yaml", "default": _CONFIGS / "default_snn_params.yaml"}
GROUPS = ("E active", "I active", "E inactive", "I inactive", "E background", "I background")
_PUSH, _PUSHED_FOR, _DROPPED = 2.0, 0.2, 0.5  # Hz, s, s
_WINDOW, _ACTIVE = 0.05, 20.0  # s, Hz
MIN_INTERVALS, _NEARLY_ALL = 20, 0.95
FIELDS = (
    *("config", "k", "h_ms", "n_active", "seed", "window_s", "counted_s", "held", "lost_after_s", "n_active_mean"),
    *(f"rate {group}" for group in GROUPS),
    *(f"spread {group}" for group in GROUPS),
    *(f"cv within {group}" for group in GROUPS),
    *(f"cv pooled {group}" for group in GROUPS),
)


class Row(NamedTuple):
    """What is simulated: a configuration, how much larger, step in ms, active clusters, networks, seconds of each."""

    config: str
    factor: float
    h_ms: float
    n_active: int
    n_networks: int
    seconds: float

    @classmethod
    def read(cls, text: str) -> Row:
        """A row of the command line."""
        config, factor, h_ms, n_active, n_networks, *seconds = text.split(":")
        return cls(config, float(factor), float(h_ms), int(n_active), int(n_networks), float((*seconds, "3")[0]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and add to the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("out", type=Path, help="CSV file to which results are added")
    parser.add_argument("rows", nargs="+", type=Row.read, help="CONFIG:K:H_MS:N_ACTIVE:N_NETWORKS[:SECONDS]")
    parser.add_argument("--first-seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    new = not chosen.out.exists()
    with chosen.out.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS)
        if new:
            writer.writeheader()
        for row in chosen.rows:
            for seed in range(chosen.first_seed, chosen.first_seed + row.n_networks):
                start = time.perf_counter()
                found = {name: _shown(value) for name, value in measure(row, seed).items()}
                writer.writerow(found)
                file.flush()
                sys.stderr.write(f"{found}, {time.perf_counter() - start:.0f} s\n")


def measure(row: Row, seed: int) -> dict[str, Any]:
    """Simulate one network, and measure rates and CVs of the groups."""
    result, populations = _simulated(row, seed)
    per_window = round(_WINDOW / result.delta_t)
    counts = result.binned_counts[: result.n_steps // per_window]
    excitatory = slice(0, populations.n_clusters)
    active = counts[:, excitatory] / (populations.sizes[excitatory] * _WINDOW) > _ACTIVE
    intended = np.arange(populations.n_clusters) < row.n_active
    as_intended = (active == intended).all(axis=1)
    held = bool(as_intended.all())
    found: dict[str, Any] = {
        **{"config": row.config, "k": row.factor, "h_ms": row.h_ms, "n_active": row.n_active, "seed": seed},
        "window_s": result.duration,
        "held": int(held),
        "lost_after_s": "" if held else _DROPPED + _WINDOW * int(as_intended.argmin()),
        "n_active_mean": active.sum(axis=1).mean(),
    }
    steady = np.zeros(len(active), bool)
    steady[1:-1] = [(active[i - 1 : i + 2] == active[i]).all() for i in range(1, len(active) - 1)]
    counted = steady & (active.sum(axis=1) == row.n_active)
    if held:
        counted[:] = True
        found |= _of_neurons(result, intended, populations)
    return found | {"counted_s": counted.sum() * _WINDOW} | _rates(counts[counted], active[counted], populations)


def _simulated(row: Row, seed: int) -> tuple[Simulation, Populations]:
    """Push the first clusters, drop the beginning, and go on."""
    experiment = enlarged(CONFIGS[row.config], row.factor)
    baseline, network = build_baseline(experiment), draw(experiment, seed)
    populations, h = baseline.populations, row.h_ms * 1e-3
    pushed = (populations.cluster_index >= 0) & (populations.cluster_index < row.n_active)
    off = Course([0, round(_PUSHED_FOR / h)], np.stack([_PUSH * pushed, 0 * pushed]))
    beginning = Trial(
        network=network,
        state=initial_state(network, seed, "uniform"),
        n_steps=round(_DROPPED / h),
        delta_t=h,
        courses=modulated_courses(baseline, {"rate": off}),
        recording=Recording(spikes=False),
    )
    recording = Recording(bin_steps=round(_WINDOW / h))
    rest = replace(
        beginning, state=simulate(beginning).state, n_steps=round(row.seconds / h), courses={}, recording=recording
    )
    return simulate(rest), populations


def _rates(counts: NDArray[Any], active: NDArray[np.bool_], populations: Populations) -> dict[str, float]:
    """Rates in Hz of the groups in the given windows, each with its own active clusters."""
    rates = {}
    for group, members in members_by_activity(active, populations).items():
        neuron_seconds = (members * populations.sizes).sum() * _WINDOW
        rates[f"rate {group}"] = (counts * members).sum() / neuron_seconds if neuron_seconds else np.nan
    return rates


def _of_neurons(result: Simulation, active: NDArray[np.bool_], populations: Populations) -> dict[str, float]:
    """Standard deviation of rates over the neurons of each group, beyond that of their counts, and CVs of intervals."""
    assert result.events is not None
    by_neuron = _Trains.of(result.events)
    found = {}
    for group, members in members_by_activity(active, populations).items():
        neurons = np.flatnonzero(members[populations.of_neuron])
        if len(neurons):
            halves = by_neuron.counts_of_halves(neurons) / (by_neuron.duration / 2)
            found[f"spread {group}"] = np.sqrt(max(np.cov(*halves)[0, 1], 0.0))
            found[f"cv within {group}"] = by_neuron.cv_within(neurons)
            found[f"cv pooled {group}"] = by_neuron.cv_pooled(neurons)
    return found


class _Trains(NamedTuple):
    """Spike times in seconds, neuron by neuron; neuron i has ``times[bounds[i]:bounds[i + 1]]``."""

    times: _Array
    bounds: NDArray[np.int64]
    duration: float

    @classmethod
    def of(cls, events: SpikeEvents) -> _Trains:
        order = np.argsort(events.neurons, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(events.neurons, minlength=events.n_neurons))])
        return cls(events.times[order], bounds, events.duration)

    def each(self, neurons: NDArray[np.int64]) -> Iterator[_Array]:
        return (self.times[self.bounds[i] : self.bounds[i + 1]] for i in neurons)

    def counts_of_halves(self, neurons: NDArray[np.int64]) -> NDArray[np.int64]:
        """Spikes of each neuron in the first and in the second half, shape ``(2, n)``."""
        early = np.array([np.searchsorted(train, self.duration / 2) for train in self.each(neurons)])
        return np.array([early, np.diff(self.bounds)[neurons] - early])

    def cv_within(self, neurons: NDArray[np.int64]) -> float:
        cvs = [
            np.std(intervals, ddof=1) / np.mean(intervals)
            for intervals in map(np.diff, self.each(neurons))
            if len(intervals) >= MIN_INTERVALS
        ]
        return float(np.mean(cvs)) if len(cvs) >= _NEARLY_ALL * len(neurons) else np.nan

    def cv_pooled(self, neurons: NDArray[np.int64]) -> float:
        finished = np.concatenate([np.diff(train) for train in self.each(neurons)])
        unfinished = np.array([self.duration - train[-1] for train in self.each(neurons) if len(train)])
        first, second = _moments(finished, unfinished, self.duration)
        return float(np.sqrt(second / first**2 - 1))


def _moments(finished: _Array, unfinished: _Array, duration: float) -> tuple[float, float]:
    """First and second moment of a waiting time of which some instances were cut short."""
    at, deaths = np.unique(finished, return_counts=True)
    waits = np.sort(np.concatenate([finished, unfinished]))
    at_risk = len(waits) - np.searchsorted(waits, at)
    surviving = np.cumprod(1 - deaths / at_risk)  # after each of the waits
    kept = at < 0.8 * duration  # few are at risk beyond
    at, surviving = at[kept], surviving[kept]
    edges, level = np.concatenate([[0.0], at]), np.concatenate([[1.0], surviving])
    widths, squares = np.diff(edges), np.diff(edges**2) / 2
    first, second = (level[:-1] * widths).sum(), 2 * (level[:-1] * squares).sum()
    end, left = at[-1], surviving[-1]
    middle = at.searchsorted(end / 2)
    if left > 0 and surviving[middle] > left:
        tail = (end - at[middle]) / np.log(surviving[middle] / left)  # of the exponential that goes on
        first, second = first + left * tail, second + 2 * left * tail * (end + tail)
    return float(first), float(second)


def _shown(value: Any) -> Any:
    return f"{value:.5g}" if isinstance(value, float | np.floating) else value


if __name__ == "__main__":
    main()
