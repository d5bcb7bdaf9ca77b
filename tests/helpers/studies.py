"""Studies in batch jobs that tests start, and what they leave."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from neuro_mod.storage.names import LOG, WORKER_LOGS
from tests.helpers.processes import NEURO_MOD
from tests.helpers.shared import CONFIGS

OPTIONS = ("--no-analysis", "--plot", "none", "--spike-format", "events")

CLUSTER = {"scheduler": "slurm", "walltime": "00:10:00", "cores": 1, "memory": "1 GB", "jobs": 2}


def write_cluster(file: Path, **changes: Any) -> Path:
    """Write a cluster file; keys that are None are left out."""
    content = {key: value for key, value in (CLUSTER | changes).items() if value is not None}
    file.write_text(yaml.safe_dump(content))
    return file


def repeats(folder: Path, n: int, seconds: float = 1.0) -> tuple[object, ...]:
    """A command that repeats a small configuration."""
    what = ("repeat", CONFIGS / "snn_test_run.yaml", *OPTIONS)
    return (*NEURO_MOD, *what, "--n-repeats", n, "--duration", seconds, "--save-dir", folder)


def log(folder: Path) -> str:
    return (folder / LOG).read_text() if (folder / LOG).exists() else ""


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    """What a process printed, which ends with a code and without a traceback."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, out + err
    assert "Traceback" not in out + err, err
    return out + err


def left_behind(folder: Path) -> list[str]:
    """Folders with keys that are still there."""
    return [file.name for file in (folder / WORKER_LOGS).glob(".cluster-*")]
