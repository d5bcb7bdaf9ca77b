"""Time batches of trials of the default network on one thread and on all, and the time to the first result.

Run ``python -m benchmarks.batches`` from the root of the repository. Every trial has a seed of its own. All ways of
simulating the same number of trials take turns; ratios are medians over the turns. The first result is timed from the
start of a process that imports, draws the network and begins a batch, with a cold and with a warm cache of kernels.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import replace
from functools import partial
from hashlib import pbkdf2_hmac
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.default_network import PACKAGES, draw, load_default, new_trial, options, take_turns
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod.core.spiking_net.engine.batch import n_cores, simulate_batch
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Trial

_CONTROL_ROUNDS = 2_000_000
_ROOT = Path(__file__).resolve().parents[1]
_SAME, _ONE_BY_ONE = "same network", "same network, one by one in `simulate`"
_CONTROL = "arithmetic without memory (PBKDF2)"
_FIRST_RESULT = """
import sys
from benchmarks.default_network import draw, load_default, new_trial
from neuro_mod.core.spiking_net.engine.batch import simulate_batch

duration, n_trials, n_threads = float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
experiment = load_default()
network = draw(experiment)
trials = [new_trial(network, experiment, duration, seed=seed) for seed in range(n_trials)]
simulate_batch(trials, n_threads=n_threads, on_result=lambda index, _: print(index, flush=True))
"""

Trials = Callable[[], Iterator[Trial]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = options("batches", __doc__, duration=5.0, repeats=3)
    parser.add_argument("--trials", type=int, default=8, help="trials in a batch (default 8)")
    parser.add_argument("--threads", type=int, default=n_cores(), help="threads (default: one for each core)")
    chosen = parser.parse_args(arguments)
    machine = describe_machine()
    batches = _batches(chosen.duration, chosen.trials)
    simulate(replace(next(batches[_SAME]()), n_steps=0))  # compiles
    actions: dict[str, Callable[[], None]] = {_ONE_BY_ONE: partial(_one_by_one, batches[_SAME])}
    for threads in (1, chosen.threads):
        actions |= {_on(name, threads): partial(_as_batch, trials, threads) for name, trials in batches.items()}
        actions[_on(_CONTROL, threads)] = partial(_compute, threads)
    turns = take_turns(actions, chosen.repeats)
    total = chosen.trials * chosen.duration
    gain = median(
        chosen.threads * one.wall / many.wall
        for one, many in zip(turns.pop(_on(_CONTROL, 1)), turns.pop(_on(_CONTROL, chosen.threads)), strict=True)
    )
    speeds = {name: [total / turn.wall for turn in taken] for name, taken in turns.items()}
    cold, warm = zip(
        *(_first_results(chosen.duration, chosen.trials, chosen.threads) for _ in range(chosen.repeats)), strict=True
    )
    notes = [
        f"Machine: {machine}. {describe_versions(PACKAGES)}.",
        f"Simulated seconds per wall second in {chosen.trials} trials of {chosen.duration:g} s of the default network, "
        f"each with its own seed, float32, spikes recorded; median (least to most) of {chosen.repeats} turns.",
        "Set-up counts, for networks of their own also the layout of their synapses. Networks drawn on the way are "
        "drawn in the thread that hands the trials over.",
        f"What threads can gain on this machine in these turns: {gain:.2f}, in {_CONTROL} on {chosen.threads} threads "
        "instead of 1.",
        f"From the start of a process to the first result of the batch on {chosen.threads} threads: {_spread(warm)} s; "
        f"{_spread(cold)} s where the kernels have to be compiled.",
    ]
    publish(_table(speeds, list(batches), chosen.threads) + "\n\n" + "\n".join(f"- {n}" for n in notes), chosen.out)


def _batches(duration: float, n_trials: int) -> dict[str, Trials]:
    """Kinds of batches, each made anew whenever it is called."""
    experiment = load_default()
    network = draw(experiment)
    drawn = [draw(experiment, seed) for seed in range(n_trials)]

    def same() -> Iterator[Trial]:
        return (new_trial(network, experiment, duration, seed=seed) for seed in range(n_trials))

    def own() -> Iterator[Trial]:
        for seed, known in enumerate(drawn):
            # the layout of the synapses is kept with the adjacency; this one is like one just drawn
            synapses = replace(known.synapses, adjacency=copy(known.synapses.adjacency))
            yield new_trial(replace(known, synapses=synapses), experiment, duration, seed=seed)

    def own_drawn() -> Iterator[Trial]:
        return (new_trial(draw(experiment, seed), experiment, duration, seed=seed) for seed in range(n_trials))

    return {_SAME: same, "own networks": own, "own networks, drawn on the way": own_drawn}


def _one_by_one(trials: Trials) -> None:
    for trial in trials():
        simulate(trial)


def _as_batch(trials: Trials, n_threads: int) -> None:
    simulate_batch(trials(), n_threads=n_threads, on_result=lambda *_: None)


def _compute(n_threads: int) -> None:
    """Let each thread do the same work, which needs neither the GIL nor memory."""
    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(lambda _: pbkdf2_hmac("sha256", b"", b"", _CONTROL_ROUNDS), range(n_threads)))


def _on(name: str, n_threads: int) -> str:
    return f"{name}, threads: {n_threads}"


def _first_results(duration: float, n_trials: int, n_threads: int) -> tuple[float, float]:
    """Seconds to the first result of a batch in a new process, with a cold and with a warm cache of kernels."""
    with TemporaryDirectory() as cache:
        environment = os.environ | {"NEURO_MOD_CACHE_DIR": cache}
        command = [sys.executable, "-c", _FIRST_RESULT, *map(str, (duration, n_trials, n_threads))]
        return _time_to_first_line(command, environment), _time_to_first_line(command, environment)


def _time_to_first_line(command: list[str], environment: Mapping[str, str]) -> float:
    print("first result of a new process", file=sys.stderr)
    begin = time.perf_counter()
    with subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        wall = time.perf_counter() - begin
        process.stdout.read()
    if process.returncode:
        raise SystemExit(f"the process that was to give a first result ended with exit code {process.returncode}")
    return wall


def _table(speeds: Mapping[str, list[float]], names: Sequence[str], n_threads: int) -> str:
    rows = [(_ONE_BY_ONE, _spread(speeds[_ONE_BY_ONE]), "", "")]
    for name in names:
        one, many = (speeds[_on(name, threads)] for threads in (1, n_threads))
        ratio = median(b / a for a, b in zip(one, many, strict=True))
        rows.append((name, _spread(one), _spread(many), f"{ratio:.2f}"))
    return markdown_table(("trials of", "1 thread", f"{n_threads} threads", "ratio"), rows)


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


if __name__ == "__main__":
    main()
