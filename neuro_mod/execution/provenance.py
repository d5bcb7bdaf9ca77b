"""Where a result comes from: versions, machine, command, git state."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = ("neuro_mod", "numpy", "scipy", "numba", "llvmlite", "torch", "pydantic", "matplotlib")


def provenance(config_text: str) -> dict[str, Any]:
    """Describe the circumstances of a run.

    Args:
        config_text: The resolved configuration.

    Returns:
        A mapping that JSON can hold.
    """
    return {
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "config_sha256": hashlib.sha256(config_text.encode()).hexdigest(),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in _PACKAGES},
        "git": git_state(),
        "machine": {
            "host": platform.node(),
            "system": f"{platform.system()} {platform.machine()}",
            "processor": processor(),
            "logical_cores": os.cpu_count(),
        },
    }


def git_state() -> dict[str, Any] | None:
    """Commit of the current folder and whether files differ from it, or None outside a git repository."""
    try:
        commit = _git("rev-parse", "HEAD")
        return {"commit": commit, "modified": bool(_git("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True, timeout=10).stdout.strip()


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
