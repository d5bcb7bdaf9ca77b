"""Measure the time and memory of analysing many sessions of the default network.

Run ``python -m benchmarks.analysis`` from the root of the repository. It simulates the sessions first (dense files of
120 MB for each 30 s), then times ``neuro-mod analyze --no-plot`` on some of them, all of them, the same spikes saved as
events, and shorter ones.
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
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod.execution import Repeater
from neuro_mod.recordings.conventions import Conventions
from neuro_mod.recordings.files import read_file
from neuro_mod.recordings.saved import spike_arrays
from neuro_mod.storage.names import DATA, METADATA, repeat_spikes

_ROOT = Path(__file__).resolve().parents[1]
_CONFIG = "configs/default_snn_params.yaml"
_PACKAGES = ("numpy", "scipy", "pandas")


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
    header = ("sessions", "spikes, millions", "on disk", "wall s", "peak MB", "states", "visits")
    table = markdown_table(header, rows)
    publish(f"{table}\n\n- Machine: {machine}. {describe_versions(_PACKAGES)}.", options.out)


def _cases(folder: Path, n_sessions: int, duration: float) -> Iterator[tuple[str, Path]]:
    """Name and folder of each case; the dense files are gone once they have been saved as events."""
    long = _simulated(folder / "long", n_sessions, duration)
    for n in (n_sessions // 4, n_sessions // 2):
        yield f"{n} of {duration:g} s, dense", _part_of(long, folder / f"part_{n}", n)
    yield f"{n_sessions} of {duration:g} s, dense", long
    for index in range(n_sessions):
        _save_as_events(long / repeat_spikes(index))
    yield f"{n_sessions} of {duration:g} s, events", long
    yield f"{n_sessions} of {duration / 3:g} s, dense", _simulated(folder / "short", n_sessions, duration / 3)


def _simulated(folder: Path, n_sessions: int, duration: float) -> Path:
    overrides = [f"init_params.duration_sec={duration}", "settings.plot=false"]
    Repeater(_ROOT / _CONFIG, n_sessions, overrides=overrides).execute(folder, executor="thread", progress=True)
    return folder


def _part_of(whole: Path, part: Path, n_sessions: int) -> Path:
    """A folder with the first sessions of another one."""
    shutil.copytree(whole / METADATA, part / METADATA)
    (part / DATA).mkdir()
    for index in range(n_sessions):
        (part / repeat_spikes(index)).symlink_to(whole / repeat_spikes(index))
    return part


def _save_as_events(dense: Path) -> None:
    spikes = read_file(dense, Conventions()).spikes
    dense.unlink()
    np.savez(dense.with_suffix(".npz"), **spike_arrays(spikes))


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
