"""Time studies of many trials as a share of a batch of the same trials with networks drawn and laid out before.

Run ``python -m benchmarks.studies`` from the root of the repository. Each study calls what its command calls, in this
process, and saves its results into a new folder: spikes, no figures, no analysis. Imports and compilation are left out.
All studies and batches take turns; shares are medians over the turns of the ratio in each.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.default_network import PACKAGES, options, take_turns
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from benchmarks.study_cases import FIXED, OWN, SWEEP, Study, lay_out, new_sweep, studies
from benchmarks.trial_costs import NETWORK, trial_costs
from neuro_mod.core.cores import n_cores
from neuro_mod.core.spiking_net.engine.batch import simulate_batch
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.sweep.from_file import run_sweep

_SHORT = 1.0
_DESIGN_TRIALS, _DESIGN_SECONDS, _DESIGN_LEVELS = 16_500, 2.5, [level / 10 for level in range(11)]
#: Trials that processes do before the ones that are timed: starting them is set-up.
_STARTING = 2
#: Shares that studies must have, and those that are aimed at.
_GOALS = {OWN: ("60%", "85%"), FIXED: ("85%", "95%"), SWEEP: ("55%", "80%")}

Seconds = Callable[[], float]


class Design(NamedTuple):
    """A sample of the trials of a large sweep."""

    n_trials: int
    seconds: float
    megabytes: float

    @property
    def minutes(self) -> float:
        """For the whole sweep."""
        return self.seconds / self.n_trials * _DESIGN_TRIALS / 60


class Speeds(NamedTuple):
    """Trials per second of studies and batches in each turn, by `_on`."""

    duration: float
    studies: list[Study]
    each: dict[str, list[float]]

    def row(self, study: Study, workers: int) -> list[str]:
        """Cells of the table: speeds, and shares of the batch."""
        row = [f"{study.name}, {self.duration:g} s"]
        for n, ways in ((1, ("serial",)), (workers, ("thread", "process"))):
            row.append(_spread(self.each[_on(study.prepared_as, "batch", n)]))
            for how in ways:
                speed = self.each.get(_on(study.name, how, n))
                row += ["", ""] if speed is None else [_spread(speed), f"{self.share(study, how, n):.0%}"]
        return row

    def share(self, study: Study, how: str, n: int) -> float:
        """Median over the turns of the speed of a study through that of its batch."""
        batch = self.each[_on(study.prepared_as, "batch", n)]
        return median(a / b for a, b in zip(self.each[_on(study.name, how, n)], batch, strict=True))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = options("studies", __doc__, duration=_DESIGN_SECONDS, repeats=3)
    parser.add_argument("--trials", type=int, default=80, help="trials of a study, an even number (default 80)")
    parser.add_argument("--workers", type=int, default=n_cores(), help="workers (default: one for each core)")
    parser.add_argument(
        "--sample", type=int, default=20, help="part of the large sweep that is done (default 20: 1/20)"
    )
    parser.add_argument("--folder", type=Path, help="where results are saved for a while (default: temporary files)")
    chosen = parser.parse_args(arguments)
    if chosen.trials < 2 or chosen.trials % 2:
        parser.error("--trials must be even")
    machine = describe_machine()
    measured = [_measure(seconds, chosen) for seconds in (_SHORT, chosen.duration)]
    with TemporaryDirectory(dir=chosen.folder) as folder:
        costs = trial_costs(chosen.duration, min(chosen.trials, 20), Path(folder))
    design = _do_design(chosen)
    tables = [_table(measured, chosen.workers), _cost_table(costs, chosen.duration)]
    tables.append(_targets(measured[-1], costs, design, chosen.workers))
    notes = [
        f"Machine: {machine}. {describe_versions(PACKAGES)}.",
        f"Trials per second in studies of {chosen.trials} trials (pairs) of the default network; median (least to "
        f"most) of {chosen.repeats} turns. Shares: of the same trials in `simulate_batch` on as many threads, networks "
        "drawn and laid out before, nothing saved; medians over the turns.",
        "A pair of `perturb` simulates 1 s before its runs part, in one network; a trial of `compare` .5 s of "
        "settling, and steady states are found before the first.",
        "Spikes of `repeat` are dense arrays, 10 MB for 2.5 s, which are hashed (SHA-256) and written; or events.",
        f"Studies include their folder, ledger and table, but no imports and compilation; with processes, {_STARTING} "
        "trials before are left out with the start of the workers.",
        f"A sweep over {len(_DESIGN_LEVELS)} levels of arousal, {_DESIGN_TRIALS:,} trials of {_DESIGN_SECONDS:g} s in "
        f"networks of their own, spikes saved, {chosen.workers} threads: {design.minutes:.1f} min, from "
        f"{design.n_trials} trials in {design.seconds:.1f} s, which saved {design.megabytes:.0f} MB.",
    ]
    publish("\n\n".join([*tables, "\n".join(f"- {note}" for note in notes)]), chosen.out)


def _measure(duration: float, chosen: argparse.Namespace) -> Speeds:
    """Time all studies with trials of so many seconds, and their batches, by turns."""
    listed, n_trials = studies(duration), chosen.trials
    prepared = {study.prepared_as: study.prepare(n_trials) for study in listed}
    for trials in prepared.values():
        lay_out(trials)
    for study in listed:  # imports and compiles
        _seconds(study, _STARTING, chosen.folder, Execution())
    actions = dict(_actions(listed, prepared, chosen))
    turns = take_turns({f"{name}, {duration:g} s": action for name, action in actions.items()}, chosen.repeats)
    each = {
        name: [n_trials / turn.result for turn in taken] for name, taken in zip(actions, turns.values(), strict=True)
    }
    return Speeds(duration, listed, each)


def _actions(
    listed: Sequence[Study], prepared: Mapping[str, list[Trial]], chosen: argparse.Namespace
) -> Iterator[tuple[str, Seconds]]:
    """What takes turns: functions that return seconds, by name."""
    n_trials, folder, workers = chosen.trials, chosen.folder, chosen.workers
    for n in (1, workers):
        for name, trials in prepared.items():
            yield _on(name, "batch", n), partial(_batch_seconds, trials, n)
    for study in listed:
        yield _on(study.name, "serial", 1), partial(_seconds, study, n_trials, folder, Execution())
        threads, processes = Execution("thread", workers), Execution("process", workers)
        yield _on(study.name, "thread", workers), partial(_seconds, study, n_trials, folder, threads)
        if study.in_processes:
            after_start = partial(_seconds_after_start, study, n_trials, folder, processes)
            yield _on(study.name, "process", workers), after_start


def _on(name: str, how: str, n: int) -> str:
    return f"{name}, {how}, {n}"


def _batch_seconds(trials: list[Trial], n_threads: int) -> float:
    begin = time.perf_counter()
    simulate_batch(trials, n_threads=n_threads, on_result=lambda *_: None)
    return time.perf_counter() - begin


def _seconds(study: Study, n_trials: int, folder: Path | None, execution: Execution) -> float:
    with TemporaryDirectory(dir=folder) as results:
        begin = time.perf_counter()
        study.do(n_trials, Path(results), execution)
        return time.perf_counter() - begin


def _seconds_after_start(study: Study, n_trials: int, folder: Path | None, execution: Execution) -> float:
    """Of trials in processes, without those of the first trials and the start of the processes."""
    starting = _seconds(study, _STARTING, folder, execution)
    return _seconds(study, _STARTING + n_trials, folder, execution) - starting


def _do_design(chosen: argparse.Namespace) -> Design:
    """Do a part of the large sweep."""
    repeats = max(1, round(_DESIGN_TRIALS / len(_DESIGN_LEVELS) / chosen.sample))
    sweep = new_sweep(_DESIGN_SECONDS, _DESIGN_LEVELS, repeats)
    with TemporaryDirectory(dir=chosen.folder) as results:
        begin = time.perf_counter()
        run_sweep(sweep, results, Execution("thread", chosen.workers))
        seconds = time.perf_counter() - begin
        size = sum(file.stat().st_size for file in Path(results).rglob("*") if file.is_file())
    return Design(sweep.n_runs, seconds, size / 1e6)


def _table(measured: Sequence[Speeds], workers: int) -> str:
    rows = [speeds.row(study, workers) for speeds in measured for study in speeds.studies]
    header = ["trials of", "batch, 1 thread", "serial", "share", f"batch, {workers} threads"]
    header += [f"{workers} threads", "share", f"{workers} processes", "share"]
    return markdown_table(header, rows)


def _targets(speeds: Speeds, costs: Mapping[str, float], design: Design, workers: int) -> str:
    """What is reached, beside what must be and what is aimed at."""
    rows = [
        (
            f"{study.name}, {speeds.duration:g} s, {workers} threads",
            f"{speeds.share(study, 'thread', workers):.0%}",
            *goal,
        )
        for study in speeds.studies
        if (goal := _GOALS.get(study.name))
    ]
    rows.append(("drawing and laying out, ms", f"{1e3 * sum(costs[part] for part in NETWORK):.1f}", "20", "10"))
    rows.append((f"{_DESIGN_TRIALS:,} trials, minutes", f"{design.minutes:.1f}", "15", "10"))
    return markdown_table(("what", "measured", "must", "aim"), rows)


def _cost_table(costs: Mapping[str, float], duration: float) -> str:
    total = sum(costs.values())
    rows = [(part, f"{1e3 * seconds:.2f}", f"{seconds / total:.0%}") for part, seconds in costs.items()]
    rows.append(("**sum**", f"{1e3 * total:.2f}", "100%"))
    return markdown_table((f"part of a trial of {duration:g} s, alone on one thread", "ms", "of the trial"), rows)


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


if __name__ == "__main__":
    main()
