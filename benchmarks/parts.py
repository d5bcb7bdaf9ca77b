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
from neuro_mod.core.spiking_net.courses import ParametersInTime
from neuro_mod.core.spiking_net.engine import kernel
from neuro_mod.core.spiking_net.engine.compilation import _OPTIONS
from neuro_mod.core.spiking_net.engine.noise import active_sources, build_noise
from neuro_mod.core.spiking_net.engine.parameters import ParameterTable
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.engine.wiring import build_wiring, split_blocks
from neuro_mod.core.spiking_net.spikes import SpikeEvents

_WARM_UP = 1.0  # s
_WORDS = kernel._WORDS
#: Steps whose counts are kept to draw what the tables leave open.
_ROWS = 64
_CHANGES = 20

_WHOLE, _SIMULATE, _SET_UP = "the whole loop (`advance`)", "`simulate`", "set-up"
_COPYING, _DELIVERY, _TABULATING = "copying counts", "delivery", "tabulating anew, per change of all rates"
_SUM, _BETWEEN = "sum of the parts", "between calls of the kernel, in Python"
#: What makes up a step, in order.
_PARTS = (
    "generator",
    "likely counts",
    "remaining counts",
    "weighing",
    "integration",
    "looking for spikes",
    _DELIVERY,
    "writing spikes down",
)
_OF_DELIVERY = ("counting receivers by bits", "runs", "adding counted spikes")

_loop = numba.njit(**_OPTIONS)


class Inside(NamedTuple):
    """A run as the kernel sees it: a state it has reached, and the spikes from there on.

    Spikes of step t are ``fired[begins[t]:begins[t + 1]]``.
    """

    trial: Trial
    parameters: kernel.Parameters
    noise: kernel.Noise
    wiring: kernel.Wiring
    traces: kernel.Traces
    drive: kernel.Drive
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
    parameters = ParametersInTime(network, {})
    blocks = split_blocks(network, parameters)
    table = ParameterTable(trial, parameters, blocks, active_sources(network))
    noise = build_noise(network, trial.noise_seed, table.largest_mean())
    nobody, nothing = np.zeros(0, np.int64), np.zeros((0, 0), dtype)
    values = table.between(0, trial.n_steps)
    _tabulate(1, noise, values.mean, values.slope, np.empty(len(noise.nodes)))
    spikes: SpikeEvents = simulate(trial).spikes
    return Inside(
        trial,
        values,
        noise,
        build_wiring(network, blocks, dtype),
        kernel.Traces(1, nobody, nothing, nobody, nothing),
        kernel.Drive(np.zeros(0, dtype), np.zeros(1, dtype), nobody, nobody, np.zeros(0, dtype)),
        np.concatenate([[0], np.cumsum(spikes.sum(axis=1))]),
        spikes.neurons,
    )


def _actions(inside: Inside) -> dict[str, Callable[[], Any]]:
    """What is timed, by name."""
    trial, parameters, noise, wiring = inside.trial, inside.parameters, inside.noise, inside.wiring
    n_steps, n, n_sources = trial.n_steps, trial.network.n_neurons, len(noise.front)
    voltage, current = trial.state.voltage.copy(), trial.state.current.copy()
    refractory, arrivals = trial.state.refractory.copy(), np.zeros_like(voltage)
    threshold = trial.network.per_neuron(trial.network.threshold).astype(voltage.dtype)
    words, count = np.empty((n_sources, _WORDS, n), np.int16), np.empty(n, np.int16)
    parts, step = np.empty(len(noise.nodes)), trial.state.step
    rows = np.empty((_ROWS, n_sources, n), np.int16)
    open_rows = _count_rows(rows, words, noise, step)
    shifted, row = (noise.first > 0).any(axis=1), rows[0, 0].copy()
    _weigh(1, arrivals, row, shifted, noise, parameters)
    counts = np.zeros((parameters.group_weight.shape[1], 8 * wiring.bits.shape[1]), np.uint8)
    n_counted = np.zeros(len(counts), np.int32)
    spikes = np.empty((2, len(inside.fired) + n), np.int32)
    means = np.stack([parameters.mean[0], 1.001 * parameters.mean[0]])
    slopes = np.repeat(parameters.slope, 2, axis=0)
    delivered = n_steps, inside.begins, inside.fired, current.copy()
    return {
        "generator": partial(_draw_words, n_steps, words, noise),
        "likely counts": partial(_count_likely, n_steps, count, words, noise),
        "remaining counts": partial(
            _draw_remaining, n_steps, count, rows, open_rows, noise, step, wiring.population, parts
        ),
        _COPYING: partial(_copy, n_steps, count, rows),
        "weighing": partial(_weigh, n_steps, arrivals.copy(), row, shifted, noise, parameters),
        "integration": partial(
            _integrate, n_steps, voltage.copy(), current, refractory.copy(), arrivals, parameters, inside.drive
        ),
        "looking for spikes": partial(
            _look, n_steps, inside.begins, inside.fired, threshold, voltage, refractory, parameters
        ),
        _DELIVERY: partial(_deliver, *delivered, counts, n_counted, parameters, wiring),
        "counting receivers by bits": partial(_count_receivers, *delivered[:3], counts.copy(), wiring),
        "runs": partial(_add_runs, *delivered, parameters, wiring),
        "adding counted spikes": partial(_add_counted, *delivered, counts, n_counted, parameters, wiring),
        "writing spikes down": partial(_write, *delivered, inside.traces, *spikes),
        _TABULATING: partial(_tabulate, _CHANGES, noise, means, slopes, parts),
        _WHOLE: partial(_advance, inside),
        _SIMULATE: partial(simulate, trial),
        _SET_UP: partial(simulate, replace(trial, n_steps=0)),
    }


def _microseconds(turns: Mapping[str, list[Turn]], n_steps: int) -> dict[str, list[float]]:
    """Microseconds per step in each turn, and per change of the rates."""
    wall = {name: np.array([turn.wall for turn in taken]) for name, taken in turns.items()}
    wall["remaining counts"] -= wall.pop(_COPYING)
    wall[_SIMULATE] -= wall.pop(_SET_UP)
    wall[_TABULATING] *= n_steps / _CHANGES
    wall[_SUM] = np.sum([wall[part] for part in _PARTS], axis=0)
    wall[_BETWEEN] = wall[_SIMULATE] - wall[_WHOLE]
    return {name: (1e6 / n_steps * values).tolist() for name, values in wall.items()}


def _table(columns: Mapping[str, Mapping[str, list[float]]]) -> str:
    shown = [(part, part) for part in _PARTS]
    within = shown.index((_DELIVERY, _DELIVERY)) + 1
    shown[within:within] = [(part, f"... {part}") for part in _OF_DELIVERY]
    shown += [(_SUM, f"**{_SUM}**"), (_WHOLE, f"**{_WHOLE}**"), (_BETWEEN, _BETWEEN), (_TABULATING, _TABULATING)]
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
        f"{left(_DELIVERY, _OF_DELIVERY):+.0%} of delivery in none of its own."
    )


def _advance(inside: Inside) -> tuple[int, int]:
    state, room = inside.trial.state, len(inside.fired) + 2 * inside.trial.network.n_neurons
    return kernel.advance(
        0,
        inside.trial.n_steps,
        state.step,
        state.voltage.copy(),
        state.current.copy(),
        state.refractory.copy(),
        inside.parameters,
        inside.noise,
        inside.drive,
        inside.wiring,
        inside.traces,
        np.empty(room, np.int32),
        np.empty(room, np.int32),
    )


@_loop
def _draw_words(n_steps: int, words: Any, noise: kernel.Noise) -> None:
    for t in range(0, n_steps, _WORDS):
        for s in range(words.shape[0]):
            kernel._draw_words(words[s], t, noise.key[s])


@_loop
def _count_likely(n_steps: int, count: Any, words: Any, noise: kernel.Noise) -> int:
    n_open = 0
    for t in range(n_steps):
        for s in range(words.shape[0]):
            n_open += kernel._count_likely(count, words[s, t % _WORDS], noise.front[s])
    return n_open


@_loop
def _count_rows(rows: Any, words: Any, noise: kernel.Noise, step: int) -> Any:
    """Fill rows with what the tables say of the counts; tell which leave any open."""
    open_rows = np.zeros(rows.shape[:2], np.bool_)
    for t in range(rows.shape[0]):
        for s in range(words.shape[0]):
            if t % _WORDS == 0:
                kernel._draw_words(words[s], step // _WORDS * _WORDS + t, noise.key[s])
            open_rows[t, s] = kernel._count_likely(rows[t, s], words[s, t % _WORDS], noise.front[s])
    return open_rows


@_loop
def _draw_remaining(
    n_steps: int, count: Any, rows: Any, open_rows: Any, noise: kernel.Noise, step: int, population: Any, parts: Any
) -> None:
    for t in range(n_steps):
        for s in range(rows.shape[1]):
            count[:] = rows[t % _ROWS, s]
            if open_rows[t % _ROWS, s]:
                kernel._draw_remaining(count, noise, s, step + t, population, parts)


@_loop
def _copy(n_steps: int, count: Any, rows: Any) -> None:
    for t in range(n_steps):
        for s in range(rows.shape[1]):
            count[:] = rows[t % _ROWS, s]


@_loop
def _weigh(
    n_steps: int, arrivals: Any, count: Any, shifted: Any, noise: kernel.Noise, parameters: kernel.Parameters
) -> None:
    for _ in range(n_steps):
        arrivals[:] = 0
        for s in range(noise.front.shape[0]):
            for g in range(parameters.edges.shape[0] - 1):
                segment = slice(parameters.edges[g], parameters.edges[g + 1])
                weight = parameters.external_weight[0, s, g]
                kernel._weigh(arrivals[segment], count[segment], noise.first[s][segment], shifted[s], weight)


@_loop
def _integrate(
    n_steps: int,
    voltage: Any,
    current: Any,
    refractory: Any,
    arrivals: Any,
    parameters: kernel.Parameters,
    drive: kernel.Drive,
) -> None:
    for t in range(n_steps):
        strength = drive.course[min(t, drive.course.shape[0] - 1)]
        for g in range(parameters.edges.shape[0] - 1):
            segment = slice(parameters.edges[g], parameters.edges[g + 1])
            v, r, gain = voltage[segment], refractory[segment], drive.gain[segment]
            kernel._integrate(v, current[segment], r, arrivals[segment], gain, strength, parameters, 0, g)


@_loop
def _look(
    n_steps: int, begins: Any, fired: Any, threshold: Any, voltage: Any, refractory: Any, parameters: kernel.Parameters
) -> np.int64:
    """The neurons that fired are lifted to threshold in each step, and found there."""
    found, n_found = np.empty(voltage.shape[0], np.int32), np.int64(0)
    for t in range(n_steps):
        for j in fired[begins[t] : begins[t + 1]]:
            voltage[j] = threshold[j]
        n_fired = np.int64(0)
        for g in range(parameters.edges.shape[0] - 1):
            segment = slice(parameters.edges[g], parameters.edges[g + 1])
            n_fired = kernel._fire(voltage[segment], refractory[segment], parameters, 0, g, found, n_fired)
        n_found += n_fired
    return n_found


@_loop
def _deliver(
    n_steps: int,
    begins: Any,
    fired: Any,
    current: Any,
    counts: Any,
    n_counted: Any,
    parameters: kernel.Parameters,
    wiring: kernel.Wiring,
) -> None:
    for t in range(n_steps):
        kernel._deliver(current, fired[begins[t] : begins[t + 1]], counts, n_counted, parameters, 0, wiring)


@_loop
def _count_receivers(n_steps: int, begins: Any, fired: Any, counts: Any, wiring: kernel.Wiring) -> None:
    for t in range(n_steps):
        for j in fired[begins[t] : begins[t + 1]] if wiring.bits.shape[0] else fired[:0]:
            kernel._count_receivers(counts[wiring.group[wiring.population[j]]], wiring.bits[j])


@_loop
def _add_runs(
    n_steps: int, begins: Any, fired: Any, current: Any, parameters: kernel.Parameters, wiring: kernel.Wiring
) -> None:
    for t in range(n_steps):
        for j in fired[begins[t] : begins[t + 1]]:
            b = wiring.population[j]
            for r in range(wiring.n_runs[b]):
                synapses = slice(wiring.offsets[j, wiring.run_begin[b, r]], wiring.offsets[j, wiring.run_end[b, r]])
                kernel._add_to_each(current, wiring.targets[synapses], parameters.run_weight[0, b, r])


@_loop
def _add_counted(
    n_steps: int,
    begins: Any,
    fired: Any,
    current: Any,
    counts: Any,
    n_counted: Any,
    parameters: kernel.Parameters,
    wiring: kernel.Wiring,
) -> None:
    for t in range(n_steps):
        for j in fired[begins[t] : begins[t + 1]] if wiring.bits.shape[0] else fired[:0]:
            n_counted[wiring.group[wiring.population[j]]] += 1
        for h in range(n_counted.shape[0]):
            if n_counted[h]:
                kernel._add_counted(current, counts[h], parameters.group_weight[0, h], parameters.edges)
                n_counted[h] = 0


@_loop
def _write(
    n_steps: int, begins: Any, fired: Any, current: Any, traces: kernel.Traces, spike_steps: Any, spike_neurons: Any
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
def _tabulate(n_changes: int, noise: kernel.Noise, mean: Any, slope: Any, parts: Any) -> None:
    for t in range(n_changes):
        for s in range(noise.front.shape[0]):
            kernel._tabulate(noise, s, mean[t % len(mean), s], slope[t % len(mean), s], parts)


if __name__ == "__main__":
    main()
