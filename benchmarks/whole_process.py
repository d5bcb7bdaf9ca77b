"""Time whole commands from start to exit, with a cold and with a warm cache of compiled kernels.

Run ``python -m benchmarks.whole_process`` from the root of the repository. A cold run finds an empty
``NEURO_MOD_CACHE_DIR`` and compiles; the warm run after it finds what the cold one left.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.report import describe_machine, describe_versions, markdown_table, publish

_ROOT = Path(__file__).resolve().parents[1]
_CONFIG = "configs/default_snn_params.yaml"
_PACKAGES = ("numpy", "numba", "torch", "pydantic", "typer")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.whole_process", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--repeats", type=int, default=3, help="turns of each command (default 3)")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    options = parser.parse_args(arguments)
    machine = describe_machine()
    turns = [_take_turn() for _ in range(options.repeats)]
    rows = [(name, _summary([turn[name] for turn in turns])) for name in turns[0]]
    table = markdown_table(("command", "wall s, median (min to max)"), rows)
    publish(f"{table}\n\n- Machine: {machine}. {describe_versions(_PACKAGES)}. {options.repeats} turns.", options.out)


def _take_turn() -> dict[str, float | str]:
    with TemporaryDirectory() as folder:
        cache, out = Path(folder, "cache"), Path(folder, "out")
        run = "run", _CONFIG, "--out"
        return {
            "neuro-mod --help": _wall_time(["--help"], cache),
            f"neuro-mod validate {_CONFIG}": _wall_time(["validate", _CONFIG], cache),
            f"neuro-mod run {_CONFIG}, cold": _wall_time([*run, f"{out}_cold"], cache),
            f"neuro-mod run {_CONFIG}, warm": _wall_time([*run, f"{out}_warm"], cache),
        }


def _wall_time(arguments: list[str], cache: Path) -> float | str:
    """Seconds from start to exit; if the command fails, the last line of what it said."""
    command = [sys.executable, "-m", "neuro_mod.cli.main", *arguments]
    print("neuro-mod", *arguments, file=sys.stderr)
    environment = os.environ | {"NEURO_MOD_CACHE_DIR": str(cache)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    begin = time.perf_counter()
    done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    wall = time.perf_counter() - begin
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or [""]
        return f"failed with exit code {done.returncode}: {said[-1]}"
    return wall


def _summary(results: list[float | str]) -> str:
    times = [result for result in results if isinstance(result, float)]
    failures = [result for result in results if isinstance(result, str)]
    if failures:
        return failures[0]
    return f"{median(times):.2f} ({min(times):.2f} to {max(times):.2f})"


if __name__ == "__main__":
    main()
