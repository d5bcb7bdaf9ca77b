"""Where a result comes from: versions, machine, command, git state."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import subprocess
import sys
import time
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from neuro_mod.core.cores import n_cores

_PACKAGES = (
    "neuro_mod",
    "numpy",
    "pandas",
    "pyarrow",
    "threadpoolctl",
    "cloudpickle",
    "dask",
    "scipy",
    "numba",
    "llvmlite",
    "torch",
    "pydantic",
    "matplotlib",
    "loky",
    "distributed",
)
#: Variables that say how many threads libraries use.
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
#: Variables of the SLURM job, if it is one.
_SLURM = re.compile("SLURM_(JOB_ID|JOB_NAME|JOB_NODELIST|NODELIST|ARRAY_JOB_ID|ARRAY_TASK_ID|CLUSTER_NAME|PROCID)")
#: The line of ``git status`` that has the commit.
_COMMIT, _HASH = "# branch.oid ", re.compile("[0-9a-f]+")
#: Roughly when this process began.
_PROCESS_START = time.time()


def provenance(config_text: str, started: float | None = None) -> dict[str, Any]:
    """Describe the circumstances of a run that ends now.

    Args:
        config_text: The resolved configuration.
        started: When it began, in seconds as `time.time` counts; None for the start of the process.

    Returns:
        A mapping that JSON can hold.
    """
    return {
        "started": _in_utc(_PROCESS_START if started is None else started),
        "ended": now_in_utc(),
        "command": sys.argv,
        "config_sha256": hashlib.sha256(config_text.encode()).hexdigest(),
        "versions": versions(),
        "git": git_state(Path(__file__).parent),
        "git_of_current_folder": git_state(Path()),
        "machine": {
            "host": platform.node(),
            "system": f"{platform.system()} {platform.machine()}",
            "processor": processor(),
            "logical_cores": os.cpu_count(),
            "usable_cores": n_cores(),
            "threads": {name: os.environ[name] for name in _THREADS if name in os.environ},
        },
        "slurm": {name: value for name, value in sorted(os.environ.items()) if _SLURM.fullmatch(name)} or None,
    }


def versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that matter, None for those that are not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES}


def now_in_utc() -> str:
    """The time, to the second."""
    return _in_utc(time.time())


def _in_utc(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit of a folder and whether files differ from it, or None outside a git repository."""
    try:
        command = ["git", "-C", str(folder), "status", "--porcelain=v2", "--branch"]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.splitlines()
    except (OSError, subprocess.SubprocessError):
        return None
    commits = [line.removeprefix(_COMMIT) for line in answer if line.startswith(_COMMIT)]
    if not commits or not _HASH.fullmatch(commits[0]):  # nothing is committed yet
        return None
    return {"commit": commits[0], "modified": any(not line.startswith("#") for line in answer)}


@cache
def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def processor() -> str:
    """Name of the processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
