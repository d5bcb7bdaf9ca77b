"""Time each part of the compiled loop by itself, and beside their sum the whole loop, on the default network.

Run ``python -m benchmarks.parts`` from the root of the repository. Each part is compiled into a loop of its own, with
the options of the engine, and is given the parameters, the tables, the state and, step by step, the spikes of a real
run. By itself a part finds its arrays in the nearest cache more often than in the whole loop, and the compiler fits
every loop anew: that is why sum and whole differ. This benchmark alone knows the inside of the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from benchmarks.default_network import PACKAGES, Turn, draw, new_trial, options, scaled, take_turns, warmed_up
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod.core.compilation import _OPTIONS
from neuro_mod.core.spiking_net.engine import arrivals, delivery, dynamics, kernel, scoring
from neuro_mod.core.spiking_net.engine.arguments import (
    Drive,
    Noise,
    Parameters,
    Scores,
    Scratch,
    Traces,
    Wiring,
    new_scratch,
)
from neuro_mod.core.spiking_net.engine.noise import active_sources, build_noise
from neuro_mod.core.spiking_net.engine.parameters import ParameterTable
from neuro_mod.core.spiking_net.engine.poisson import CHUNK
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.engine.wiring import build_wiring, split_blocks
from neuro_mod.recordings.spikes import SpikeEvents

_WARM_UP = 1.0  # s
_WORDS = arrivals.WORDS
_CHANGES = 20
#: Steps after which currents that nothing arrives at are renewed, before they are too small for fast arithmetic.
_REFRESHED = 64

_WHOLE, _SIMULATE, _SET_UP = "the whole loop (`advance`)", "`simulate`", "set-up"
_COUNTS, _DELIVERY, _TABULATING = "external counts", "delivery", "tabulating anew, per change of all rates"
_COUNTING = "counting receivers by bits, and adding the counted spikes"
#: The loop with scores in bins of so many steps, beside the one without.
_BINS = (10, 100)
_SCORES = {every: f"with scores in bins of {every} steps" for every in _BINS}
_SUM, _BETWEEN = "sum of the parts", "between calls of the kernel, in Python"
#: What makes up a step, in order.
_PARTS = (
    "integration, external arrivals",
    "looking for spikes",
    _COUNTS,
    _DELIVERY,
    "writing spikes down",
)
_WITHIN = {
    _COUNTS: ("generator", "likely counts"),
    _DELIVERY: (_COUNTING, "runs"),
}

_loop = numba.njit(**_OPTIONS)


class Inside(NamedTuple):
    """A run as the kernel sees it: a state it has reached, and the spikes from there on.

    Spikes of step t are ``fired[begins[t]:begins[t + 1]]``.
    """

    trial: Trial
    parameters: Parameters
    noise: Noise
    wiring: Wiring
    scratch: Scratch
    traces: Traces
    drive: Drive
    begins: NDArray[np.int64]
    fired: NDArray[np.int32]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = options("parts", __doc__, duration=2.0, repeats=9)
    parser.add_argument("--neurons", type=int, default=2000, help="as in benchmarks.scaling (default 2000)")
    chosen = parser.parse_args(arguments)
    machine = describe_machine()
    experiment = scaled(chosen.neurons)
    network = draw(experiment)
    columns, notes = {}, []
    for dtype in ("float32", "float64"):
        trial = warmed_up(new_trial(network, experiment, chosen.duration, dtype=dtype), _WARM_UP)
        inside = _inside(trial)
        actions = _actions(inside)
        for action in actions.values():
            action()  # compiles
        columns[dtype] = _microseconds(take_turns(actions, chosen.repeats), trial.n_steps)
        notes.append(f"{dtype}: {_unexplained(columns[dtype])}")
    per_step = len(inside.fired) / inside.trial.n_steps
    notes = [
        f"Machine: {machine}. {describe_versions(PACKAGES)}.",
        f"Default network with {network.n_neurons} neurons; {chosen.duration:g} s after {_WARM_UP:g} s, {per_step:.1f} "
        f"spikes per step; 1 thread; median (least) of {chosen.repeats} turns.",
        *notes,
    ]
    publish(_table(columns) + "\n\n" + "\n".join(f"- {note}" for note in notes), chosen.out)


def _inside(trial: Trial) -> Inside:
    """Lay out a trial for the kernel as `simulate` does, and let it run once for its spikes."""
    network, dtype = trial.network, np.dtype(trial.dtype)
    parameters = trial.parameters
    blocks = split_blocks(network, parameters)
    table = ParameterTable(trial, blocks, active_sources(network))
    noise = build_noise(network, trial.noise_seed, trial.parameters.largest_counts()[0])
    nobody, nothing = np.zeros(0, np.int64), np.zeros((0, 0), dtype)
    values = table.between(0, trial.n_steps)
    _tabulate(1, noise, values.mean, values.slope)
    spikes: SpikeEvents = simulate(trial).spikes
    wiring = build_wiring(network, blocks, dtype)
    return Inside(
        trial,
        values,
        noise,
        wiring,
        new_scratch(wiring, len(blocks.typical)),
        Traces(1, 0, nobody, nothing, nobody, nothing),
        Drive(np.zeros(0, dtype), np.zeros(1, dtype), nobody, nobody, np.zeros(0, dtype)),
        np.concatenate([[0], np.cumsum(spikes.sum(axis=1))]),
        spikes.neurons,
    )


def _actions(inside: Inside) -> dict[str, Callable[[], Any]]:
    """What is timed, by name."""
    trial, parameters, noise = inside.trial, inside.parameters, inside.noise
    wiring, scratch = inside.wiring, inside.scratch
    n_steps = trial.n_steps
    voltage, current, refractory = trial.state.voltage.copy(), trial.state.current.copy(), trial.state.refractory
    _draw_counts(_WORDS, noise)
    spikes = np.empty((2, len(inside.fired) + trial.network.n_neurons), np.int32)
    means = np.stack([parameters.mean[0], 1.001 * parameters.mean[0]])
    slopes = np.repeat(parameters.slope, 2, axis=0)
    delivered = n_steps, inside.begins, inside.fired, current.copy()
    return {
        "integration, external arrivals": partial(
            _integrate,
            n_steps,
            voltage.copy(),
            current.copy(),
            trial.state.current,
            refractory,
            scratch,
            noise,
            parameters,
            inside.drive,
        ),
        "looking for spikes": partial(_look, n_steps, inside.begins, inside.fired, voltage, scratch, parameters),
        _COUNTS: partial(_draw_counts, n_steps, noise),
        "generator": partial(_draw_words, n_steps, noise),
        "likely counts": partial(_count_likely, n_steps, noise),
        _DELIVERY: partial(_deliver, *delivered, scratch, parameters, wiring),
        _COUNTING: partial(_count_receivers, *delivered, scratch, parameters, wiring),
        "runs": partial(_add_runs, *delivered, parameters, wiring),
        "writing spikes down": partial(_write, *delivered, inside.traces, *spikes),
        _TABULATING: partial(_tabulate, _CHANGES, noise, means, slopes),
        _WHOLE: partial(_advance, inside),
        **{name: partial(_advance, inside, every) for every, name in _SCORES.items()},
        _SIMULATE: partial(simulate, trial),
        _SET_UP: partial(simulate, replace(trial, n_steps=0)),
    }


def _microseconds(turns: Mapping[str, list[Turn]], n_steps: int) -> dict[str, list[float]]:
    """Microseconds per step in each turn, and per change of the rates."""
    wall = {name: np.array([turn.wall for turn in taken]) for name, taken in turns.items()}
    wall[_SIMULATE] -= wall.pop(_SET_UP)
    wall[_TABULATING] *= n_steps / _CHANGES
    wall[_SUM] = np.sum([wall[part] for part in _PARTS], axis=0)
    wall[_BETWEEN] = wall[_SIMULATE] - wall[_WHOLE]
    return {name: (1e6 / n_steps * values).tolist() for name, values in wall.items()}


def _table(columns: Mapping[str, Mapping[str, list[float]]]) -> str:
    shown = []
    for part in _PARTS:
        shown += [(part, part), *((within, f"... {within}") for within in _WITHIN.get(part, ()))]
    shown += [(_SUM, f"**{_SUM}**"), (_WHOLE, f"**{_WHOLE}**"), *((name, name) for name in _SCORES.values())]
    shown += [(_BETWEEN, _BETWEEN), (_TABULATING, _TABULATING)]
    rows = []
    for name, title in shown:
        row = [title]
        for values in columns.values():
            share = median(values[name]) / median(values[_WHOLE])
            row += [f"{median(values[name]):.2f} ({min(values[name]):.2f})"]
            row += ["" if name == _TABULATING else f"{share:.0%}"]
        rows.append(row)
    header = [title for dtype in columns for title in (f"{dtype}, us per step", "of the loop")]
    return markdown_table(("part", *header), rows)


def _unexplained(values: Mapping[str, list[float]]) -> str:
    def left(whole: str, parts: Sequence[str]) -> float:
        return median(1 - np.sum([values[part] for part in parts], axis=0) / np.array(values[whole]))

    return (
        f"{left(_WHOLE, _PARTS):+.0%} of the loop is in none of its parts by themselves, "
        f"{left(_DELIVERY, _WITHIN[_DELIVERY]):+.0%} of delivery in none of its own."
    )


def _advance(inside: Inside, every: int = 0) -> tuple[int, int, int, bool]:
    state, room = inside.trial.state, len(inside.fired) + 2 * inside.trial.network.n_neurons
    return kernel.advance(
        0,
        inside.trial.n_steps,
        state.step,
        0,
        state.voltage.copy(),
        state.current.copy(),
        state.refractory.copy(),
        inside.parameters,
        inside.noise,
        inside.drive,
        inside.wiring,
        inside.scratch,
        inside.traces,
        scoring.bins(_new_scores(inside, every), 0, inside.trial.n_steps),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
    )


def _new_scores(inside: Inside, every: int) -> Scores:
    network, largest_mean = inside.trial.network, inside.trial.parameters.largest_counts()[0]
    return scoring.new_scores(network, active_sources(network), inside.trial.delta_t, largest_mean, every)


@_loop
def _draw_counts(n_steps: int, noise: Noise) -> None:
    for t in range(0, n_steps, _WORDS):
        for s in range(noise.front.shape[0]):
            arrivals.draw_counts(noise, s, t, t + _WORDS, True)


@_loop
def _draw_words(n_steps: int, noise: Noise) -> None:
    n = noise.first.shape[1]
    for t in range(0, n_steps, _WORDS):
        for s in range(noise.front.shape[0]):
            for chunk in range(noise.front.shape[1]):
                first = chunk * CHUNK
                arrivals.draw_words(noise.word_quads[s, chunk], first, min(CHUNK, n - first), t, noise.key[s])


@_loop
def _count_likely(n_steps: int, noise: Noise) -> None:
    n = noise.first.shape[1]
    for _ in range(0, n_steps, _WORDS):
        for s in range(noise.front.shape[0]):
            for chunk in range(noise.front.shape[1]):
                some = slice(chunk * CHUNK, min((chunk + 1) * CHUNK, n))
                for t in range(_WORDS):
                    count, words = noise.counts[s, t, some], noise.words[s, chunk, t]
                    arrivals.count_likely(count, words, noise.front[s, chunk])


@_loop
def _integrate(
    n_steps: int,
    voltage: Any,
    current: Any,
    start: Any,
    refractory: Any,
    scratch: Scratch,
    noise: Noise,
    parameters: Parameters,
    drive: Drive,
) -> None:
    for i in range(voltage.shape[0]):
        scratch.release[i] = refractory[i]
    dynamics.count_down(scratch.left, scratch.release, np.int64(0))
    for t in range(n_steps):
        if t % _REFRESHED == 0:
            for i in range(current.shape[0]):
                current[i] = start[i]
        strength = drive.course[min(t, drive.course.shape[0] - 1)]
        for g in range(parameters.edges.shape[0] - 1):
            segment = slice(parameters.edges[g], parameters.edges[g + 1])
            v, i, gain = voltage[segment], current[segment], drive.gain[segment]
            left, above = scratch.left[segment], scratch.above[segment]
            count, weight = noise.counts[0, t % _WORDS, segment], parameters.external_weight[0, 0, g]
            dynamics.integrate(v, i, left, above, gain, strength, count, weight, parameters, 0, g)


@_loop
def _look(n_steps: int, begins: Any, fired: Any, voltage: Any, scratch: Scratch, parameters: Parameters) -> int:
    """The neurons that fired are marked in each step, and found there."""
    n_found = 0
    for i in range(scratch.above.shape[0]):
        scratch.above[i] = False
    for t in range(n_steps):
        for j in fired[begins[t] : begins[t + 1]]:
            scratch.above[j] = True
        n_found += dynamics.fire(voltage, scratch, parameters, 0, np.int64(t))
        for j in fired[begins[t] : begins[t + 1]]:
            scratch.above[j] = False
    return n_found


@_loop
def _deliver(
    n_steps: int, begins: Any, fired: Any, current: Any, scratch: Scratch, parameters: Parameters, wiring: Wiring
) -> None:
    for t in range(n_steps):
        delivery.deliver(current, fired[begins[t] : begins[t + 1]], scratch, parameters, 0, wiring)


@_loop
def _count_receivers(
    n_steps: int, begins: Any, fired: Any, current: Any, scratch: Scratch, parameters: Parameters, wiring: Wiring
) -> None:
    for t in range(n_steps):
        if wiring.bits.shape[0]:
            delivery.count_receivers(current, fired[begins[t] : begins[t + 1]], scratch, parameters, 0, wiring)


@_loop
def _add_runs(n_steps: int, begins: Any, fired: Any, current: Any, parameters: Parameters, wiring: Wiring) -> None:
    for t in range(n_steps):
        for j in fired[begins[t] : begins[t + 1]]:
            delivery.add_runs(current, np.uint64(j), parameters, 0, wiring)


@_loop
def _write(
    n_steps: int, begins: Any, fired: Any, current: Any, traces: Traces, spike_steps: Any, spike_neurons: Any
) -> int:
    n_spikes = 0
    for t in range(n_steps):
        for j in fired[begins[t] : begins[t + 1]]:
            spike_steps[n_spikes] = t
            spike_neurons[n_spikes] = j
            n_spikes += 1
        kernel._trace(traces, t, current, current)
    return n_spikes


@_loop
def _tabulate(n_changes: int, noise: Noise, mean: Any, slope: Any) -> None:
    for t in range(n_changes):
        for s in range(noise.front.shape[0]):
            arrivals.tabulate(noise, s, mean[t % len(mean), s], slope[t % len(mean), s])


if __name__ == "__main__":
    main()
