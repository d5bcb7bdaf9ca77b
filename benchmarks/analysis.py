"""Measure the time and memory of analysing many sessions of the default network.

Run ``python -m benchmarks.analysis`` from the root of the repository. It simulates the sessions first (dense files of
120 MB for each 30 s), then times ``neuro-mod analyze --no-plot`` on some of them, all of them, the same spikes saved as
events, and shorter ones. Then it compares `Analyzer` with plain NumPy on 400 sessions of 6 s.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks.plain_analysis import plain_analysis
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod import Analyzer
from neuro_mod.execution import Repeater
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.files import read_file
from neuro_mod.recordings.saved import spike_arrays
from neuro_mod.storage.names import DATA, RUN, repeat_spikes

_ROOT = Path(__file__).resolve().parents[1]
_CONFIG = "configs/default_snn_params.yaml"
_PACKAGES = ("numpy", "scipy", "pandas")
#: Seconds of the short sessions, and how often each is analysed.
_SHORT, _REPETITIONS = 6.0, 3
_COMPARED = (
    "- Seconds of processor time, all threads, the least of three in turn: states, their visits, survival. The NumPy "
    "version (`benchmarks/plain_analysis.py`) divides rates by one threshold, and checks and saves nothing."
)


class _Form(StrEnum):
    """How spikes are saved."""

    DENSE = "dense"
    EVENTS = "events"
    TIMES = "times"


class Cost(NamedTuple):
    """What an analysis took, and what it found."""

    wall_seconds: float
    peak_bytes: int
    n_spikes: int
    n_states: int
    n_visits: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.analysis", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--sessions", type=int, default=100, help="number of sessions (default 100)")
    parser.add_argument("--duration", type=float, default=30.0, help="seconds in each (default 30)")
    parser.add_argument("--short-sessions", type=int, default=400, help="number of sessions of 6 s (default 400)")
    parser.add_argument("--folder", type=Path, help="where there is room for the sessions [a temporary folder]")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    with TemporaryDirectory(dir=options.folder) as folder:
        rows = [_row(*case) for case in _cases(Path(folder), options.sessions, options.duration)]
        compared = [_compared(*case) for case in _short_cases(Path(folder), options.short_sessions)]
    header = ("sessions", "spikes, millions", "on disk", "wall s", "peak MB", "states", "visits")
    table = markdown_table(header, rows)
    titles = ("sessions", "Analyzer, s", "NumPy, s", "ratio", "states", "NumPy's")
    table += f"\n\n{markdown_table(titles, compared)}\n\n{_COMPARED}"
    publish(f"{table}\n- Machine: {machine}. {describe_versions(_PACKAGES)}.", options.out)


def _cases(folder: Path, n_sessions: int, duration: float) -> Iterator[tuple[str, Path]]:
    """Name and folder of each case."""
    long = _simulated(folder / "long", n_sessions, duration)
    for n in (n_sessions // 4, n_sessions // 2):
        yield f"{n} of {duration:g} s, dense", _saved_as(_Form.DENSE, long, folder / f"part_{n}", n)
    yield f"{n_sessions} of {duration:g} s, dense", long
    yield f"{n_sessions} of {duration:g} s, events", _saved_as(_Form.EVENTS, long, folder / "events", n_sessions)
    yield f"{n_sessions} of {duration / 3:g} s, dense", _simulated(folder / "short", n_sessions, duration / 3)


def _short_cases(folder: Path, n_sessions: int) -> Iterator[tuple[str, Path]]:
    """Name and folder of each case that plain NumPy analyses, too."""
    whole = _simulated(folder / "shortest", n_sessions, _SHORT)
    yield f"{n_sessions} of {_SHORT:g} s, {_Form.DENSE}", whole
    for form in (_Form.EVENTS, _Form.TIMES):
        yield f"{n_sessions} of {_SHORT:g} s, {form}", _saved_as(form, whole, folder / f"shortest_{form}", n_sessions)


def _simulated(folder: Path, n_sessions: int, duration: float) -> Path:
    overrides = [f"init_params.duration_sec={duration}", "settings.plot=false"]
    Repeater(_ROOT / _CONFIG, n_sessions, overrides=overrides).execute(folder, executor="thread", progress=True)
    return folder


def _saved_as(form: _Form, whole: Path, part: Path, n_sessions: int) -> Path:
    """A folder with the first sessions of another one and what describes them, but no manifest."""
    for name in (RUN, DATA):
        (part / name).parent.mkdir(parents=True, exist_ok=True)
    (part / DATA).mkdir()
    shutil.copy(whole / RUN, part / RUN)
    for index in range(n_sessions):
        file = part / repeat_spikes(index)
        if form is _Form.DENSE:
            file.symlink_to(whole / repeat_spikes(index))
            continue
        spikes = read_file(whole / repeat_spikes(index), Conventions()).spikes
        arrays = spike_arrays(spikes)
        if form is _Form.TIMES:
            arrays = {"times": spikes.times, "neurons": spikes.neurons, "duration": spikes.duration}
        np.savez(file.with_suffix(".npz"), **arrays)
    return part


def _compared(name: str, folder: Path) -> tuple[str, ...]:
    """Processor time of both, in turn."""
    files = sorted((folder / DATA).glob("spikes*"))
    analyzer = Analyzer(folder)
    labels, n_excitatory = analyzer.layout.of_each_neuron, len(analyzer.layout.state_labels)
    ours, plain = [], []
    for _ in range(_REPETITIONS):
        begin = time.process_time()
        analyzer = Analyzer(folder)
        n_states = len(analyzer.get_attractors_data())
        analyzer.survival()
        ours.append(time.process_time() - begin)
        begin = time.process_time()
        found = plain_analysis(files, labels, n_excitatory)
        plain.append(time.process_time() - begin)
    ratio = min(ours) / min(plain)
    return name, f"{min(ours):.2f}", f"{min(plain):.2f}", f"{ratio:.2f}", str(n_states), str(found.n_states)


def _row(name: str, folder: Path) -> tuple[str, ...]:
    size = sum(file.stat().st_size for file in (folder / DATA).glob("spikes*"))
    cost = _cost(folder)
    return (
        name,
        f"{cost.n_spikes / 1e6:.1f}",
        f"{size / 1e9:.2f} GB",
        f"{cost.wall_seconds:.1f}",
        f"{cost.peak_bytes / 1e6:.0f}",
        str(cost.n_states),
        str(cost.n_visits),
    )


def _cost(folder: Path) -> Cost:
    command = [sys.executable, "-m", "neuro_mod.cli.main", "analyze", str(folder), "--no-plot", "--json"]
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    if status:
        raise SystemExit(f"the analysis failed with status {status}")
    found = json.loads(said)
    return Cost(wall, usage.ru_maxrss * 1024, *(found[name] for name in ("n_spikes", "n_states", "n_visits")))


if __name__ == "__main__":
    main()
