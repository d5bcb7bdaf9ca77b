from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from neuro_mod import __version__
from neuro_mod.errors import InputError
from neuro_mod.execution.executors import WorkerDied, choose_workers, dask_cluster, dask_local, start_executor
from neuro_mod.execution.executors.base import Completion
from neuro_mod.execution.executors.dask_cluster import ClusterLostError
from neuro_mod.execution.executors.dask_local import LocalCluster
from tests.helpers.processes import start_python, wait_until
from tests.helpers.shared import ROOT


def _start(address=None, n_workers=2) -> Any:
    return start_executor("dask", lambda argument, _: argument, n_workers, None, lambda *_: None, address)


def _start_worker(address, *options, **environment):
    where = (address, "--nthreads", "1", "--no-dashboard")
    return start_python("-m", "distributed.cli.dask_worker", *where, *options, **environment)


def _wait(executor):
    completions = []
    wait_until(lambda: bool(completions.extend(executor.wait(0.1)) or completions))
    return completions


def test_an_address_where_nobody_is_is_named(monkeypatch):
    monkeypatch.setattr(dask_cluster, "_CONNECTING", 0.5)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(InputError, match=f"no Dask scheduler answers at '{address}'"):
            _start(address)
    with pytest.raises(InputError, match="expected an existing scheduler file"):
        _start("nowhere.json")


def test_without_dask_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r'executor: .*pip install "neuro_mod\[dask\]"'):
        _start()


def test_an_address_is_for_dask():
    with pytest.raises(InputError, match="expected none with the executor thread; choose dask"):
        choose_workers("thread", 2, 10, "tcp://127.0.0.1:1")


def test_a_scheduler_is_found_by_its_file_and_its_loss_is_an_error(monkeypatch):
    cluster = LocalCluster(1)
    try:
        executor = _start(str(cluster._folder / "scheduler.json"))
        executor.submit(0, "here", "item")
        assert _wait(executor)[0].result == "here"
        for index in (1, 2):
            executor.submit(index, "never done", "item")
        cluster.close()
        with pytest.raises(ClusterLostError, match=r"connection to the Dask scheduler at .* is lost"):
            while True:
                _wait(executor)
        executor._arrived.put(lambda: Completion(3, "behind lost ones"))
        assert "behind lost ones" in [completion.result for completion in executor.stop()]
        assert executor.stop() == []
    finally:
        cluster.close()


def test_a_cluster_whose_workers_come_later_is_waited_for(caplog):
    cluster = LocalCluster(0)
    worker = None
    try:
        with caplog.at_level("INFO", logger="neuro_mod"):
            executor = _start(cluster.address)
        assert executor.capacity == 0 and "has no workers yet" in caplog.text
        worker = _start_worker(cluster.address, "--no-nanny")
        wait_until(lambda: executor.wait(0.1) == [] and executor.capacity > 0)
        executor.submit(0, "late", "item")
        assert _wait(executor)[0].result == "late"
        executor.stop()
    finally:
        if worker is not None:
            worker.kill()
            worker.communicate()
        cluster.close()


@pytest.fixture
def other_version(tmp_path):
    """Environment of a Python with another version of this package."""
    (tmp_path / "sitecustomize.py").write_text("import neuro_mod\nneuro_mod.__version__ = '9.9'")
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}


def test_workers_with_another_version_are_refused_and_left_alone(other_version):
    cluster = LocalCluster(0)
    worker = _start_worker(cluster.address, "--no-nanny", **other_version)
    try:
        with Client(cluster.address) as client:
            client.wait_for_workers(1, timeout=60)
        with pytest.raises(InputError, match=rf'neuro_mod of a worker on .*: "9.9" found; expected {__version__}'):
            _start(cluster.address)
        assert worker.poll() is None
    finally:
        worker.kill()
        worker.communicate()
        cluster.close()


@pytest.mark.large
@pytest.mark.parametrize("options", [[], ["--no-nanny"]])
def test_workers_with_another_version_that_come_later_end_themselves(other_version, options, caplog):
    cluster = LocalCluster(0)
    executor = _start(cluster.address)
    worker = _start_worker(cluster.address, *options, **other_version)
    right = None
    try:
        _, said = worker.communicate(timeout=60)
        found = f'"9.9" found; expected {__version__}, the version that submits the items'
        assert found in said
        wait_until(lambda: found in caplog.text and found in executor.waits_for)
        right = _start_worker(cluster.address, *options)
        wait_until(lambda: executor.capacity > 0)
        executor.submit(0, "late", "item")
        assert _wait(executor)[0].result == "late"
    finally:
        executor.stop()
        for process in filter(None, (worker, right)):
            process.terminate()
            process.communicate()
        cluster.close()


def test_a_cluster_of_this_machine_leaves_no_file():
    before = set(Path(tempfile.gettempdir()).glob("neuro_mod-dask-*"))
    cluster = LocalCluster(1)
    assert len(set(Path(tempfile.gettempdir()).glob("neuro_mod-dask-*")) - before) == 1
    cluster.close()
    assert set(Path(tempfile.gettempdir()).glob("neuro_mod-dask-*")) <= before


def test_workers_that_do_not_start_are_given_up_with_what_they_say(monkeypatch):
    start = LocalCluster._start

    def start_badly(self, what, *arguments, log):
        return start(self, what, *arguments, *(["--no-such-option"] if what == "worker" else []), log=log)

    monkeypatch.setattr(LocalCluster, "_start", start_badly)
    monkeypatch.setattr(dask_local, "_FIRST_PAUSE", 0.0)
    monkeypatch.setattr(dask_local, "_MAX_QUICK_DEATHS", 2)
    with pytest.raises(ClusterLostError, match="workers of this machine do not start: Error: Unknown argument"):
        _start(n_workers=1)


def test_a_cluster_that_cannot_start_leaves_no_file(monkeypatch, tmp_path):
    def cannot(*_, **__):
        raise OSError("no memory")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(subprocess, "Popen", cannot)
    with pytest.raises(OSError, match="no memory"):
        LocalCluster(1)
    assert list(tmp_path.iterdir()) == []


def test_a_result_that_does_not_arrive_is_a_death_of_its_worker(monkeypatch):
    class Lost:
        def result(self, timeout):
            raise TimeoutError

        def cancel(self, force):
            self.cancelled = force

    cluster, lost = LocalCluster(0), Lost()
    try:
        executor = _start(cluster.address)
        completion = executor._outcome(lost, 0, 0.0)
        executor.stop()
        assert completion.index == 0 and isinstance(completion.error, WorkerDied) and lost.cancelled
    finally:
        cluster.close()
