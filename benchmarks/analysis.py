"""Time the analysis of many sessions of the default network, and take its memory.

Run ``python -m benchmarks.analysis`` from the root of the repository. It simulates the sessions first (dense files of
120 MB for each 30 s), then analyses and saves them in processes of their own: some of them, all of them, shorter ones,
and the same spikes saved as events.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod.core.spiking_net.analysis.sources.events import Conventions
from neuro_mod.core.spiking_net.analysis.sources.files import read_file
from neuro_mod.core.spiking_net.analysis.sources.saved import spike_arrays
from neuro_mod.execution import Repeater
from neuro_mod.storage.names import REPEATED_CLUSTERS, repeat_spikes

_ROOT = Path(__file__).resolve().parents[1]
_CONFIG = "configs/default_snn_params.yaml"
_PACKAGES = ("numpy", "scipy", "pandas")
_SCRIPT = """
import sys
from neuro_mod.core.spiking_net.analysis.analyzer import Analyzer
clusters, out, *files = sys.argv[1:]
analyzer = Analyzer(files, clusters=clusters, n_excitatory_clusters=18)
analyzer.save_analysis(out)
print(sum(session.n_spikes for session in analyzer.sessions), analyzer.get_num_states(), analyzer.get_occurrences())
"""


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
    parser.add_argument("--folder", type=Path, help="where there is room for the sessions [a temporary folder]")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    with TemporaryDirectory(dir=options.folder) as folder:
        rows = [_row(*case) for case in _cases(Path(folder), options.sessions, options.duration)]
    header = ("sessions", "spikes, millions", "on disk", "wall s", "s per 1e8 spikes", "peak MB", "states", "visits")
    table = markdown_table(header, rows)
    publish(f"{table}\n\n- Machine: {machine}. {describe_versions(_PACKAGES)}.", options.out)


def _cases(folder: Path, n_sessions: int, duration: float):
    """Name, files and clusters of each case; files of a case are removed before the next kind is made."""
    long = _simulated(folder / "long", n_sessions, duration)
    clusters = folder / "long" / REPEATED_CLUSTERS
    for n in (n_sessions // 4, n_sessions // 2, n_sessions):
        yield f"{n} of {duration:g} s, dense", long[:n], clusters
    events = [_as_events(file) for file in long]
    yield f"{n_sessions} of {duration:g} s, events", events, clusters
    short = _simulated(folder / "short", n_sessions, duration / 3)
    yield f"{n_sessions} of {duration / 3:g} s, dense", short, clusters


def _simulated(folder: Path, n_sessions: int, duration: float) -> list[Path]:
    overrides = [f"init_params.duration_sec={duration}", "settings.plot=false"]
    Repeater(_ROOT / _CONFIG, n_sessions, overrides=overrides).execute(folder, executor="thread", progress=True)
    return [folder / repeat_spikes(index) for index in range(n_sessions)]


def _as_events(dense: Path) -> Path:
    """The same spikes as events, instead of the dense file."""
    spikes = read_file(dense, Conventions()).spikes
    dense.unlink()
    np.savez(dense.with_suffix(".npz"), **spike_arrays(spikes))
    return dense.with_suffix(".npz")


def _row(name: str, files: list[Path], clusters: Path) -> tuple[str, ...]:
    size = sum(file.stat().st_size for file in files)
    cost = _cost(files, clusters)
    return (
        name,
        f"{cost.n_spikes / 1e6:.1f}",
        f"{size / 1e9:.2f} GB",
        f"{cost.wall_seconds:.1f}",
        f"{cost.wall_seconds / cost.n_spikes * 1e8:.1f}",
        f"{cost.peak_bytes / 1e6:.0f}",
        str(cost.n_states),
        str(cost.n_visits),
    )


def _cost(files: list[Path], clusters: Path) -> Cost:
    """Analyse and save in a process of its own."""
    out = clusters.parent / "analysis"
    command = [sys.executable, "-c", _SCRIPT, str(clusters), str(out), *map(str, files)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    if status:
        raise SystemExit(f"the analysis failed with status {status}")
    return Cost(wall, usage.ru_maxrss * 1024, *map(int, said.split()))


if __name__ == "__main__":
    main()
