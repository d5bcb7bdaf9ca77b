from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
import yaml

from tests.helpers import slurm as one_machine


@pytest.fixture(scope="session")
def running_slurm():
    if reason := one_machine.missing():
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))  # the path of a socket is short
    slurm = one_machine.Slurm(folder)
    yield slurm
    slurm.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def slurm(running_slurm):
    yield running_slurm
    running_slurm.ask("scancel", "--user=root", check=False)


@pytest.fixture
def cluster_file(tmp_path):
    def write(**changes):
        content = {"scheduler": "slurm", "walltime": "00:10:00", "cores": 1, "memory": "1 GB", "jobs": 2} | changes
        file = tmp_path / "cluster.yaml"
        file.write_text(yaml.safe_dump({key: value for key, value in content.items() if value is not None}))
        return file

    return write
