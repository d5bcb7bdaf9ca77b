from __future__ import annotations

import pytest

from neuro_mod.execution import jobs
from neuro_mod.execution.jobs import Execution
from neuro_mod.execution.jobs.ledger import Ledger
from neuro_mod.storage.names import FINISHED
from tests.helpers.disturbing import keys
from tests.helpers.folders import data_in
from tests.helpers.tiny_job import TinyJob

N_ITEMS = 8
WORK = TinyJob(N_ITEMS, fates=dict.fromkeys(range(0, N_ITEMS, 2), "multiplies"))
WAYS = [
    *(("thread", n_workers) for n_workers in (1, 2, 4)),
    ("process", 2),
    *(pytest.param("process", n_workers, marks=pytest.mark.large) for n_workers in (1, 4)),
    ("dask", 2),
]


def in_ledger(folder):
    return {entry.key: entry for entry in Ledger(folder / FINISHED)}


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial")
    jobs.run(WORK, folder)
    return folder


@pytest.mark.parametrize(("executor", "n_workers"), WAYS)
def test_executors_and_numbers_of_workers_give_the_same_bytes(tmp_path, serial, executor, n_workers):
    about = jobs.run(WORK, tmp_path, Execution(executor, n_workers))
    assert (about["executor"], about["max_workers"]) == (executor, n_workers)
    assert data_in(tmp_path) == data_in(serial)
    assert in_ledger(tmp_path) == in_ledger(serial) and len(keys(tmp_path)) == N_ITEMS
