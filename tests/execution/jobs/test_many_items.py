from __future__ import annotations

import json
import logging
import time

import numpy as np
import pytest

from neuro_mod.execution.jobs import JobFolder
from tests.helpers.disturbing import drive, keys
from tests.helpers.folders import n_finished
from tests.helpers.tiny_job import TinyJob

_LOG = logging.getLogger(__name__)

#: Bytes by which the driver may grow for an item.
MEMORY = 1000
#: Seconds that an item may cost beside its calculation, which takes none here.
OVERHEAD = 0.02
#: Seconds in which 10,000 finished items are checked.
CHECK = 5.0


def gauges(tmp_path, executor, n_items):
    """Times, memory and open files of a driver in the course of many items, from the first quarter on."""
    gauge, folder = tmp_path / "gauge", tmp_path / "run"
    what = {"n_items": n_items, "gauge": str(gauge)}
    workers = None if executor == "serial" else 2
    code, said = drive(folder, what, executor=executor, max_workers=workers)
    assert code == 0, said
    assert n_finished(folder) == len(set(keys(folder))) == n_items
    return np.array([json.loads(line) for line in gauge.read_text().splitlines()])[10:].T


@pytest.mark.parametrize(
    ("executor", "n_items"),
    [
        ("serial", 500),
        *(pytest.param(name, 20_000, marks=pytest.mark.large) for name in ("thread", "process")),
        pytest.param("dask", 5000, marks=pytest.mark.large),
    ],
)
def test_many_items_need_no_memory_and_no_files(tmp_path, executor, n_items):
    seconds, memory, files = gauges(tmp_path, executor, n_items)
    n_between = 0.75 * n_items
    assert (memory[-1] - memory[0]) / n_between <= MEMORY
    assert np.ptp(files) <= 2  # one may be open just then
    if n_items < 5000:
        return
    overhead = (seconds[-1] - seconds[0]) / n_between
    begin = time.monotonic()
    folder = JobFolder(tmp_path / "run", TinyJob().identity)
    folder.scan()
    check = (time.monotonic() - begin) * 10_000 / n_items
    growth = (memory[-1] - memory[0]) / n_between
    _LOG.info("%s: %.0f bytes and %.4f s for each item, 10,000 checked in %.2f s", executor, growth, overhead, check)
    assert len(folder.done) == n_items and overhead <= OVERHEAD and check <= CHECK
