"""Simulate an hour of the default network, saved and drawn as its configuration says, and report time and memory.

Run ``python -m benchmarks.long_run`` from the root of the repository. The run has a process of its own, whose largest
resident memory is reported. The folder it writes to is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.report import describe_machine, describe_versions, markdown_table, publish

_ROOT = Path(__file__).resolve().parents[1]
_CONFIG = "configs/default_snn_params.yaml"
_PACKAGES = ("numpy", "numba", "llvmlite")
_MAX_PEAK = 1e9  # bytes
_RUN = """
import sys
from neuro_mod.execution.stagers import StageSNNSimulation

stager = StageSNNSimulation(sys.argv[1], overrides=[f"init_params.duration_sec={sys.argv[2]}"])
stager.execute(out=sys.argv[3], plot_arg=sys.argv[4])
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.long_run", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--duration", type=float, default=3600.0, help="seconds to simulate (default 3600)")
    parser.add_argument("--plots", default="all", help="pictures to draw, as for `execute` (default all)")
    parser.add_argument("--folder", type=Path, help="where there is room for the files (default: for temporary ones)")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    with TemporaryDirectory(dir=options.folder) as folder:
        command = [sys.executable, "-c", _RUN, _CONFIG, str(options.duration), folder, options.plots]
        begin = time.perf_counter()
        subprocess.run(command, cwd=_ROOT, check=True)
        wall = time.perf_counter() - begin
        files = {file.relative_to(folder): file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()}
        metadata = json.loads(Path(folder, "metadata", "run.json").read_text(encoding="utf-8"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    phases = metadata["wall_seconds"]
    rest = wall - sum(phases.values())
    largest = ", ".join(f"{name} {size / 1e6:.3g}" for name, size in sorted(files.items(), key=lambda f: -f[1])[:3])
    rows = [
        ("simulated", f"{metadata['duration_sec']:g} s"),
        ("spikes", f"{metadata['n_spikes']:,}"),
        ("wall time of the process", f"{wall:.1f} s"),
        *((f"... {phase}", f"{seconds:.1f} s") for phase, seconds in phases.items()),
        ("... importing, saving and drawing", f"{rest:.1f} s"),
        ("simulated s per wall s", f"{metadata['duration_sec'] / wall:.3g}"),
        ("... in the simulation alone", f"{metadata['real_time_factor']:.3g}"),
        ("peak resident memory", f"{peak / 1e6:.0f} MB"),
        ("files", f"{sum(files.values()) / 1e6:.0f} MB ({largest})"),
    ]
    notes = [
        f"Machine: {machine}. {describe_versions(_PACKAGES)}.",
        f"`StageSNNSimulation.execute` of {_CONFIG}, float32, spikes and rates saved, and the voltages of one neuron "
        "of each type in every step; 1 thread.",
        f"The peak is {'below' if peak < _MAX_PEAK else 'NOT BELOW'} {_MAX_PEAK / 1e6:g} MB.",
    ]
    publish(markdown_table(("", "one run"), rows) + "\n\n" + "\n".join(f"- {note}" for note in notes), options.out)


if __name__ == "__main__":
    main()
