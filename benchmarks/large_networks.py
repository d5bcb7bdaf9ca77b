"""Simulate the shipped networks with many more neurons and known active clusters: what mean-field theory should give.

Run ``python -m benchmarks.large_networks OUT.csv`` from the root of the repository for all `ROWS`, which takes half an
hour, or name some: configuration, factor k, time step in ms, number of active clusters, of networks, seconds of each,
and how much they are pushed and held, as ``published:20:0.1:3:6:4:2:0``. A network k times as large has k times the
neurons in each population, the same in-degrees and the same efficacy of every synapse.
So each neuron receives what it receives in the network as shipped, but fluctuations of the population rates, and
correlations through shared input, are those of a network k times as large.

The first clusters, E and I, receive more external input for 0.2 s, which makes them active; the others may be held back
meanwhile. The states then go on by themselves. Each network and its input are drawn with a seed of their own. A cluster
is active in a window of 50 ms if its E neurons fire above 20 Hz in it. `held` says whether the intended clusters were
the active ones from the end of the push to the end; then rates and intervals are those from 0.3 s after the push on. If
not, `lost_after_s` is when after the push others were active, and rates are those of all windows, from 0.1 s after the
push on, with the asked-for number of active clusters, the same as in the windows before and after. CVs: see
`benchmarks.spike_trains`.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.default_network import draw, enlarged
from benchmarks.spike_trains import Trains
from neuro_mod.core.activity import members_by_activity
from neuro_mod.core.course import Course
from neuro_mod.core.modulation import modulated_courses
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.execution.stagers.assembly import build_baseline
from neuro_mod.populations import Populations

_CONFIGS = Path(__file__).resolve().parents[1] / "configs"
#: Names of rows for configurations.
CONFIGS = {"published": _CONFIGS / "published_snn_params.yaml", "default": _CONFIGS / "default_snn_params.yaml"}
GROUPS = ("E active", "I active", "E inactive", "I inactive", "E background", "I background")
_PUSHED_FOR, _SETTLING, _DROPPED = 0.2, 0.1, 0.3  # s; the latter two after the push
_WINDOW, _ACTIVE = 0.05, 20.0  # s, Hz
FIELDS = (
    *(
        "config",
        "k",
        "h_ms",
        "n_active",
        "push_hz",
        "hold_hz",
        "seed",
        "window_s",
        "counted_s",
        "held",
        "lost_after_s",
        "n_active_mean",
    ),
    *(f"rate {group}" for group in GROUPS),
    *(f"spread {group}" for group in GROUPS),
    *(f"cv within {group}" for group in GROUPS),
    *(f"cv pooled {group}" for group in GROUPS),
)


class Row(NamedTuple):
    """What is simulated.

    Attributes:
        config: Name of the configuration.
        factor: k.
        h_ms: Time step in ms.
        n_active: How many clusters are pushed.
        n_networks: How many networks are drawn.
        seconds: Simulated seconds of each, 0.3 s after the push.
        push: Hz more for the pushed clusters during the push.
        hold: Hz less for the other clusters during the push.
    """

    config: str
    factor: float
    h_ms: float
    n_active: int
    n_networks: int
    seconds: float
    push: float = 2.0
    hold: float = 0.0

    @classmethod
    def read(cls, text: str) -> Row:
        """A row of the command line."""
        config, factor, h_ms, n_active, n_networks, *others = text.split(":")
        return cls(config, float(factor), float(h_ms), int(n_active), int(n_networks), *map(float, others))


def _both(*values: float) -> list[Row]:
    return [Row(config, values[0], values[1], int(values[2]), int(values[3]), *values[4:]) for config in CONFIGS]


#: States of large networks, what the step does, what their size does, and states that do not last.
ROWS = (
    *_both(20, 0.1, 3, 6, 4),
    *_both(20, 0.1, 4, 6, 4),
    *_both(20, 0.5, 3, 6, 4),
    *_both(20, 0.2, 3, 4, 4),
    *_both(20, 0.05, 3, 4, 4),
    *_both(100, 0.1, 3, 3, 2),
    *_both(5, 0.1, 3, 6, 4),
    *_both(1, 0.5, 3, 10, 60),
    *_both(20, 0.1, 1, 4, 3, 0.5, 0.4),
    *_both(20, 0.1, 2, 4, 3, 0.5, 0.4),
    *_both(20, 0.1, 5, 4, 3, 1, 0),
    *_both(100, 0.1, 2, 3, 2, 0.5, 0.4),
    *_both(100, 0.1, 5, 3, 2, 1, 0),
    *_both(100, 0.1, 1, 2, 1, 0.5, 0.4),
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and add to the file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("out", type=Path, help="CSV file to which results are added")
    parser.add_argument("rows", nargs="*", type=Row.read, help="CONFIG:K:H_MS:N_ACTIVE:N_NETWORKS:SECONDS[:PUSH:HOLD]")
    parser.add_argument("--first-seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    new = not chosen.out.exists()
    with chosen.out.open("a", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if new:
            writer.writeheader()
        for row in chosen.rows or ROWS:
            for seed in range(chosen.first_seed, chosen.first_seed + row.n_networks):
                start = time.perf_counter()
                found = measure(row, seed)
                writer.writerow({name: _shown(value) for name, value in found.items()})
                file.flush()
                sys.stderr.write(f"{row}, network {seed}: {time.perf_counter() - start:.0f} s\n")


def measure(row: Row, seed: int) -> dict[str, Any]:
    """Simulate one network, and measure rates and CVs of the groups."""
    settling, result, populations = _simulated(row, seed)
    per_window = round(_WINDOW / result.delta_t)
    counts = np.concatenate([each.binned_counts[: each.n_steps // per_window] for each in (settling, result)])
    excitatory = slice(0, populations.n_clusters)
    active = counts[:, excitatory] / (populations.sizes[excitatory] * _WINDOW) > _ACTIVE
    intended = np.arange(populations.n_clusters) < row.n_active
    as_intended = (active == intended).all(axis=1)
    held = bool(as_intended.all())
    found: dict[str, Any] = {
        **{"config": row.config, "k": row.factor, "h_ms": row.h_ms, "n_active": row.n_active},
        **{"push_hz": row.push, "hold_hz": row.hold, "seed": seed, "window_s": result.duration, "held": int(held)},
        "lost_after_s": "" if held else _WINDOW * int(as_intended.argmin()),
        "n_active_mean": active.sum(axis=1).mean(),
    }
    if held:
        counted = np.arange(len(active)) >= round(_DROPPED / _WINDOW)
        found |= _of_neurons(result, intended, populations)
    else:
        counted = np.zeros(len(active), bool)
        counted[1:-1] = [(active[i - 1 : i + 2] == active[i]).all() for i in range(1, len(active) - 1)]
        counted &= (active.sum(axis=1) == row.n_active) & (np.arange(len(active)) >= round(_SETTLING / _WINDOW))
    return found | {"counted_s": counted.sum() * _WINDOW} | _rates(counts[counted], active[counted], populations)


def _simulated(row: Row, seed: int) -> tuple[Simulation, Simulation, Populations]:
    """Push the first clusters and hold the others, let go for a while, and go on."""
    experiment = enlarged(CONFIGS[row.config], row.factor)
    baseline, network = build_baseline(experiment), draw(experiment, seed)
    populations, h = baseline.populations, row.h_ms * 1e-3
    pushed = populations.cluster_index < row.n_active
    shift = np.where(populations.cluster_index < 0, 0.0, np.where(pushed, row.push, -row.hold))
    beginning = Trial(
        network=network,
        state=initial_state(network, seed, "uniform"),
        n_steps=round(_PUSHED_FOR / h),
        delta_t=h,
        courses=modulated_courses(baseline, {"rate": Course([0], shift[None])}),
        recording=Recording(spikes=False),
        allow_other_network=True,  # it is this one, and the fingerprint of a large network takes a while
    )
    bins = round(_WINDOW / h)
    settling = replace(
        beginning,
        state=simulate(beginning).end,
        n_steps=round(_DROPPED / h),
        courses={},
        recording=Recording(spikes=False, bin_steps=bins),
    )
    settled = simulate(settling)
    rest = replace(settling, state=settled.end, n_steps=round(row.seconds / h), recording=Recording(bin_steps=bins))
    return settled, simulate(rest), populations


def _rates(counts: NDArray[Any], active: NDArray[np.bool_], populations: Populations) -> dict[str, float]:
    """Rates in Hz of the groups in the given windows, each with its own active clusters."""
    rates = {}
    for group, members in members_by_activity(active, populations).items():
        neuron_seconds = (members * populations.sizes).sum() * _WINDOW
        rates[f"rate {group}"] = (counts * members).sum() / neuron_seconds if neuron_seconds else np.nan
    return rates


def _of_neurons(result: Simulation, active: NDArray[np.bool_], populations: Populations) -> dict[str, float]:
    """Spread of rates and interval CVs of the neurons of each group."""
    assert result.events is not None
    trains, found = Trains.of(result.events), {}
    for group, members in members_by_activity(active, populations).items():
        neurons = np.flatnonzero(members[populations.of_neuron])
        if len(neurons):
            found[f"spread {group}"] = trains.spread(neurons)
            found[f"cv within {group}"] = trains.cv_within(neurons)
            found[f"cv pooled {group}"] = trains.cv_pooled(neurons)
    return found


def _shown(value: Any) -> Any:
    return f"{value:.5g}" if isinstance(value, float | np.floating) else value


if __name__ == "__main__":
    main()
