from __future__ import annotations

import socket
import sys
import tempfile
from pathlib import Path

import pytest

from neuro_mod.config import InputError
from neuro_mod.execution.executors import dask_cluster, start_executor
from neuro_mod.execution.executors.dask_cluster import ClusterLostError
from neuro_mod.execution.executors.dask_local import LocalCluster


def _start(address=None):
    return start_executor("dask", lambda argument, _: argument, 2, None, lambda *_: None, address)


def _wait(executor):
    while not (outcomes := executor.wait(0.1)):
        pass
    return outcomes


def test_an_address_where_nobody_is_is_named(monkeypatch):
    monkeypatch.setattr(dask_cluster, "_CONNECTING", 0.5)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(InputError, match=f"no Dask scheduler answers at '{address}'"):
            _start(address)
    with pytest.raises(InputError, match="no such scheduler file"):
        _start("nowhere.json")


def test_without_dask_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r'executor is \'dask\': .*pip install "neuro_mod\[dask\]"'):
        _start()


def test_an_address_is_for_dask():
    with pytest.raises(InputError, match="the executor thread has none; choose dask"):
        start_executor("thread", lambda argument, _: argument, 2, None, lambda *_: None, "tcp://127.0.0.1:1")


def test_a_scheduler_is_found_by_its_file_and_its_loss_is_an_error(monkeypatch):
    cluster = LocalCluster(1)
    try:
        executor = _start(str(cluster._folder / "scheduler.json"))
        executor.submit(0, "here", "item")
        assert _wait(executor)[0].result == "here"
        cluster.close()
        with pytest.raises(ClusterLostError, match=r"connection to the Dask scheduler at .* is lost"):
            _wait(executor)
        assert executor.stop() == executor.stop() == []
    finally:
        cluster.close()


def test_a_cluster_without_workers_is_an_error(monkeypatch):
    monkeypatch.setattr(dask_cluster, "_FIRST_WORKER", 0.5)
    cluster = LocalCluster(0)
    try:
        with pytest.raises(InputError, match="no worker came to the Dask scheduler at tcp://"):
            _start(cluster.address)
    finally:
        cluster.close()


def test_a_cluster_of_this_machine_leaves_no_file():
    before = set(Path(tempfile.gettempdir()).glob("neuro_mod-dask-*"))
    cluster = LocalCluster(1)
    assert len(set(Path(tempfile.gettempdir()).glob("neuro_mod-dask-*")) - before) == 1
    cluster.close()
    assert set(Path(tempfile.gettempdir()).glob("neuro_mod-dask-*")) <= before
