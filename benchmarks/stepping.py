"""Measure what it costs to simulate in short pieces: a stepper against one long run, in the same process.

Run ``python -m benchmarks.stepping`` from the root of the repository.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod import StageSNNSimulation, Stepper, Trial, simulate

_PACKAGES = ("numpy", "numba", "llvmlite")
#: Simulated seconds of one measurement, and of the pieces.
_DURATION, _PIECES = 5.0, (1.0, 0.1, 0.033, 0.01)
_CONFIGS = ("default", "published", "small")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.stepping", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--rounds", type=int, default=9, help="rounds, in which all are measured in turn (default 9)")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    options = parser.parse_args(arguments)
    machine, rows = describe_machine(), []
    for config in _CONFIGS:
        trial = StageSNNSimulation(config).trial(_DURATION)
        simulate(trial)
        ways = [lambda trial=trial: simulate(trial), *(_in_pieces(trial, seconds) for seconds in _PIECES)]
        times = [[_timed(way) for way in ways] for _ in range(options.rounds)]
        whole, *pieces = zip(*times, strict=True)
        ratios = [[mine / other for mine, other in zip(each, whole, strict=True)] for each in pieces]
        row = [f"{config}, {trial.network.n_neurons} neurons, {1e3 * trial.delta_t:g} ms", f"{1e3 * min(whole):.0f} ms"]
        rows.append(
            [
                *row,
                *(
                    f"{median(each):.2f} ({min(mine) / min(whole):.2f})"
                    for each, mine in zip(ratios, pieces, strict=True)
                ),
            ]
        )
    header = (
        "network, time step",
        f"one run of {_DURATION:g} s",
        *(f"pieces of {1e3 * each:g} ms" for each in _PIECES),
    )
    notes = [
        f"Machine: {machine}. {describe_versions(_PACKAGES)}.",
        f"Time of pieces by that of one run of the same round: median of {options.rounds} rounds, and in brackets the "
        "ratio of the shortest times. 1 thread, spikes recorded.",
    ]
    publish(markdown_table(header, rows) + "\n\n" + "\n".join(f"- {note}" for note in notes), options.out)


def _in_pieces(trial: Trial, seconds: float) -> Callable[[], object]:
    n_steps = round(seconds / trial.delta_t)

    def run() -> None:
        stepper = Stepper(trial)
        while (left := trial.n_steps - stepper.done) > 0:
            stepper.advance(min(n_steps, left))

    return run


def _timed(way: Callable[[], object]) -> float:
    begin = time.perf_counter()
    way()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
