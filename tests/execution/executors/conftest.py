from __future__ import annotations

import pytest

from neuro_mod.execution.executors import choose_workers, start_executor
from neuro_mod.execution.executors.dask_local import LocalCluster


@pytest.fixture(scope="module")
def cluster():
    """Of a module: its processes take some per cent of a core also when they have nothing to do."""
    with_two_workers = LocalCluster(2)
    yield with_two_workers
    with_two_workers.close()


@pytest.fixture
def started(request):
    """Starts executors by name, with two workers where there can be; Dask on a cluster that tests share, or alone."""
    executors = []

    def start(name, task, logs=None, progress=lambda _index, _seconds: None, alone=False):
        n_workers = choose_workers(name, None if name == "serial" else 2, 100)
        address = request.getfixturevalue("cluster").address if name == "dask" and not alone else None
        executors.append(start_executor(name, task, n_workers, logs, progress, address))
        return executors[-1]

    yield start
    for executor in executors:
        executor.stop()


@pytest.fixture
def drive(started):
    """Does items and gives their completions in the order in which they were submitted."""

    def do(name, task, arguments, **how):
        executor = started(name, task, **how)
        left, under_way, completions = list(enumerate(arguments)), 0, []
        while left or under_way:
            while left and under_way < executor.capacity:
                index, argument = left.pop(0)
                executor.submit(index, argument, f"item {index}")
                under_way += 1
            come = executor.wait(0.1)
            under_way -= len(come)
            completions += come
        assert executor.stop() == executor.stop() == []
        return sorted(completions, key=lambda completion: completion.index)

    return do
