from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.helpers import slurm as one_machine
from tests.helpers.studies import write_cluster


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
    return lambda **changes: write_cluster(tmp_path / "cluster.yaml", **changes)
