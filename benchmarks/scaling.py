"""Time networks of several sizes with the in-degrees of the default one, each beside the default one.

Run ``python -m benchmarks.scaling`` from the root of the repository. A network of N neurons has the same 18 clusters,
N / 2000 times as large, connection probabilities 2000 / N times as large, so that every neuron hears as many neurons of
each population as in the default network, and the same efficacy of every synapse. Each network has a process of its
own, for its peak of memory, and takes turns there with the default network, for the ratios. Medians over the turns.
"""

from __future__ import annotations

import math
import resource
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing import get_context
from statistics import median
from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks.default_network import (
    PACKAGES,
    Turn,
    draw,
    load_default,
    new_trial,
    options,
    scaled,
    take_turns,
    timed,
    warmed_up,
)
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod.core.clustering.adjacency import AdjacencyLists
from neuro_mod.core.spiking_net.engine import wiring
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.simulation import Simulation
from neuro_mod.core.spiking_net.engine.trial import Trial

Layout = Literal["bits", "lists"]

_SIZES = (2_000, 5_000, 10_000, 20_000, 100_000)
#: From this size on, only the layout the engine chooses: the bits of 100,000 neurons take 1.25 GB.
_ONE_LAYOUT = 50_000
_WARM_UP = 0.5  # s


class Cost(NamedTuple):
    """Seconds per step, neuron-step and synaptic event, in each turn."""

    step: NDArray[np.float64]
    neuron_step: NDArray[np.float64]
    event: NDArray[np.float64]


class Measured(NamedTuple):
    """What one network took: seconds and bytes; rates in Hz of E and I neurons; its costs, and the default's."""

    n_neurons: int
    n_synapses: int
    delta_t: float
    layout: str
    drawing: float
    first_set_up: float
    set_up: float
    rates: tuple[float, float]
    cost: Cost
    default: Cost
    drawing_peak: int
    peak: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = options("scaling", __doc__, duration=3.0, repeats=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=_SIZES, help=f"neurons (default {_SIZES})")
    chosen = parser.parse_args(arguments)
    machine = describe_machine()
    found = []
    for size in chosen.sizes:
        for layout in get_args(Layout) if size < _ONE_LAYOUT else (None,):
            print(f"{size} neurons, {layout or 'as chosen'}", file=sys.stderr)
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as own_process:
                task = own_process.submit(_measure, size, layout, chosen.duration, chosen.repeats)
                found.append(task.result())
    notes = [
        f"Machine: {machine}. {describe_versions(PACKAGES)}.",
        f"{chosen.duration:g} s of each after {_WARM_UP:g} s, float32, spikes recorded, 1 thread; medians of "
        f"{chosen.repeats} turns with the default network; set-up left out.",
        "Same in-degrees and efficacies as the default network; 18 clusters, larger in proportion to N. A synaptic "
        "event is a spike at one synapse; its cost is the whole wall time through their number.",
        "Layout: whether spikes are counted by the bits of the adjacency matrix or go through lists of targets; with * "
        "as the engine chooses, else forced.",
        "Set-up: what `simulate` does before the first step, compilation left out, for a network it has not met, and "
        "for one it has. Peak: resident memory of the process when the network is drawn, and at the end.",
    ]
    publish(_table(found) + "\n\n" + "\n".join(f"- {note}" for note in notes), chosen.out)


def _measure(n_neurons: int, layout: Layout | None, duration: float, repeats: int) -> Measured:
    """Draw and simulate one network, in turns with the default one."""
    default, experiment = load_default(), scaled(n_neurons)
    reference = warmed_up(new_trial(draw(default), default, duration), _WARM_UP)
    if n_neurons > np.iinfo(np.uint16).max:
        _compile_for_wide_indices(reference)
    drawing, network = timed(lambda: draw(experiment))
    drawing_peak, chosen = _peak(), "bits" if wiring.is_dense(network) else "lists"

    def laid_out(trial: Trial) -> Simulation:
        with _forced(layout):
            return simulate(trial)

    trial = new_trial(network, experiment, duration)
    first_set_up = timed(lambda: laid_out(replace(trial, n_steps=0)))[0]
    trial = replace(trial, state=laid_out(replace(trial, n_steps=round(_WARM_UP / trial.delta_t))).state)
    turns = take_turns(
        {
            "default": lambda: simulate(reference),
            "default, set-up": lambda: simulate(replace(reference, n_steps=0)),
            "network": lambda: laid_out(trial),
            "network, set-up": lambda: laid_out(replace(trial, n_steps=0)),
        },
        repeats,
    )
    rates = turns["network"][0].result.spike_counts / trial.duration
    n_excitatory = experiment.architecture.network.n_excitatory
    return Measured(
        n_neurons,
        network.synapses.adjacency.n_synapses,
        trial.delta_t,
        f"{layout or chosen}{'*' if layout in (None, chosen) else ''}",
        drawing,
        first_set_up,
        median(turn.wall for turn in turns["network, set-up"]),
        (float(rates[:n_excitatory].mean()), float(rates[n_excitatory:].mean())),
        _cost(trial, turns["network"], turns["network, set-up"]),
        _cost(reference, turns["default"], turns["default, set-up"]),
        drawing_peak,
        _peak(),
    )


def _cost(trial: Trial, turns: list[Turn], set_ups: list[Turn]) -> Cost:
    """What a trial costs, without its set-up."""
    out_degree = np.diff(trial.network.synapses.adjacency.offsets.astype(np.int64))
    wall = np.array([turn.wall - set_up.wall for turn, set_up in zip(turns, set_ups, strict=True)])
    events = np.array([turn.result.spike_counts @ out_degree for turn in turns])
    step = wall / trial.n_steps
    return Cost(step, step / trial.network.n_neurons, wall / events)


def _compile_for_wide_indices(trial: Trial) -> None:
    """Compile the kernel for networks whose neurons have indices of 32 bits."""
    synapses = trial.network.synapses
    adjacency = AdjacencyLists(synapses.adjacency.offsets, synapses.adjacency.targets.astype(np.uint32))
    wide = replace(trial.network, synapses=replace(synapses, adjacency=adjacency))
    with _forced("lists"):
        simulate(replace(trial, network=wide, n_steps=0))


@contextmanager
def _forced(layout: Layout | None) -> Iterator[None]:
    """Have the engine choose this layout, if any."""
    density = wiring.DENSE
    if layout is not None:
        wiring.DENSE = {"bits": 0.0, "lists": math.inf}[layout]
    try:
        yield
    finally:
        wiring.DENSE = density


def _peak() -> int:
    """Largest resident memory of this process so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _table(found: list[Measured]) -> str:
    header = (
        "neurons",
        "synapses",
        "layout",
        "E, I rate (Hz)",
        "us per step",
        "ns per neuron-step",
        "times N = 2000",
        "ns per synaptic event",
        "times N = 2000",
        "simulated s per wall s",
        "drawing s",
        "set-up s, first (again)",
        "peak MB, drawn (end)",
    )
    return markdown_table(header, map(_row, found))


def _row(found: Measured) -> tuple[str, ...]:
    cost, default = found.cost, found.default
    step = float(np.median(cost.step))
    return (
        f"{found.n_neurons:,}",
        f"{found.n_synapses:,}",
        found.layout,
        "{:.2f}, {:.2f}".format(*found.rates),
        f"{step * 1e6:.1f}",
        f"{np.median(cost.neuron_step) * 1e9:.2f}",
        f"{np.median(cost.neuron_step / default.neuron_step):.2f}",
        f"{np.median(cost.event) * 1e9:.2f}",
        f"{np.median(cost.event / default.event):.2f}",
        f"{found.delta_t / step:.3g}",
        f"{found.drawing:.2f}",
        f"{found.first_set_up:.2f} ({found.set_up:.3f})",
        f"{found.drawing_peak / 1e6:.0f} ({found.peak / 1e6:.0f})",
    )


if __name__ == "__main__":
    main()
