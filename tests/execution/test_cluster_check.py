"""What a check of a cluster file concludes; the real thing is tested in tests/slurm."""

from __future__ import annotations

from pathlib import Path

import pytest

from neuro_mod.config.cluster import load_cluster
from neuro_mod.errors import ClusterLostError, InputError, NoWorkersError, StorageError
from neuro_mod.execution import cluster_check, executors
from neuro_mod.execution.cluster_check import check, findings, node
from neuro_mod.execution.cluster_check.node import Seen, Simulated, all_versions, look, simulate

CLUSTER = load_cluster({"scheduler": "slurm", "walltime": "1 h", "cores": 2, "memory": "4 GB"})
SIMULATED = Simulated("abc", 0.5, 0)


def seen(**changes):
    what = {
        "host": "n1", "executable": "python", "processor": "p", "versions": all_versions(), "cores": 2,
        "memory": 2 * 10**9, "job_seconds": 3.0, "clock": 100.0, "read": "word", "not_written": "",
        "kernels": "/kernels", "kernels_not_saved": "", "simulated": SIMULATED,
    }  # fmt: skip
    return Seen(**what | changes)


def levels(found):
    return [finding.level for finding in found]


@pytest.mark.parametrize(
    ("changes", "n_workers", "words"),
    [
        ({}, 2, "n1: workers 2 of 2, cores 2, 4.0 GB"),
        ({"memory": 0}, 2, "n1: workers 2 of 2, cores 2"),
        ({}, 1, "1 workers of the job did not report"),
        ({"cores": 1}, 2, "the workers share 1 of the 2 cores that the file asks for"),
        ({"memory": 10**9}, 2, "the file asks for 4 GB; the node has less"),
    ],
)
def test_a_node_that_has_less_is_a_warning(changes, n_workers, words):
    *_, last = found = list(findings.node_findings(CLUSTER, seen(**changes), n_workers))
    assert last.text == words and levels(found) == ["ok", "warning"][: len(found)]


def test_versions_that_differ_are_named_and_that_of_this_package_is_an_error():
    here = all_versions()
    (same,) = findings.version_findings(here, here)
    assert same.level == "ok" and same.text.endswith("; all as here") and f"numpy {here['numpy']}" in same.text
    _, *found = findings.version_findings(here | {"numpy": "1.0", "neuro_mod": "9.9", "scipy": None}, here)
    assert {finding.text: finding.level for finding in found} == {
        f"numpy is 1.0 there, {here['numpy']} here": "warning",
        f"neuro_mod is 9.9 there, {here['neuro_mod']} here": "error",
        f"scipy is missing there, {here['scipy']} here": "warning",
    }


@pytest.mark.parametrize(
    ("changes", "from_node", "words"),
    [
        ({"read": None}, None, "the node does not see /out"),
        ({"read": "other"}, "word", "the node sees something else in /out"),
        ({"not_written": "Read-only file system"}, None, "the node cannot write in /out: Read-only file system"),
        ({}, None, "what the node writes in /out is not seen here within 10 s"),
    ],
)
def test_a_folder_that_is_not_shared_is_an_error(changes, from_node, words):
    assert findings.folder_finding(Path("/out"), "word", seen(**changes), from_node) == ("folder", words, "error")
    assert findings.folder_finding(Path("/out"), "word", seen(), "word").level == "ok"


def test_kernels_that_are_compiled_there_are_said_with_how_to_do_it_beforehand():
    assert findings.kernel_finding(seen()) == ("kernels", "loaded from /kernels", "ok")
    found = findings.kernel_finding(seen(simulated=SIMULATED._replace(n_compiled=4)))
    assert found.level == "ok" and "NEURO_MOD_CACHE_DIR=/kernels neuro-mod compile" in found.text
    found = findings.kernel_finding(seen(kernels_not_saved="read-only"))
    assert found.level == "warning" and found.text.startswith("not saved in /kernels: read-only; ")


@pytest.mark.parametrize(
    ("clock", "text", "level"),
    [
        (100.0, "differs by less than 2 s", "ok"),
        (104.0, "differs by less than 2 s", "ok"),
        (98.5, "differs by less than 2 s", "ok"),
        (110.0, "ahead by 6 s", "warning"),
        (60.0, "behind by 39 s", "warning"),
    ],
)
def test_clocks_are_compared_given_when_the_node_was_asked_and_answered(clock, text, level):
    assert findings.clock_finding(clock, 99.0, 104.0) == ("clock", text, level)


def test_other_bytes_are_an_error():
    assert findings.simulation_finding(seen(), SIMULATED) == ("simulation", "the same bytes as here, in 0.5 s", "ok")
    found = findings.simulation_finding(seen(), Simulated("other", 0.5, 0))
    assert found.level == "error" and "processors: p there" in found.text


def test_the_tiny_simulation_has_the_same_bytes_each_time():
    assert simulate().sha256 == simulate().sha256


def test_a_file_that_does_not_come_is_given_up(monkeypatch, tmp_path):
    monkeypatch.setattr(node, "PATIENCE", 0.3)
    assert node.when_seen(tmp_path / "file") is None
    (tmp_path / "file").write_text("word")
    assert node.when_seen(tmp_path / "file") == "word"


@pytest.fixture
def here(monkeypatch):
    """Batch jobs are workers of this machine."""

    def start(name, *arguments, cluster, max_failed_jobs):
        assert (name, cluster.job_limits, max_failed_jobs) == ("slurm", (1, 1), 1)
        return executors.start_executor("dask", *arguments)

    monkeypatch.setattr(check, "start_executor", start)


def test_a_study_that_would_work(here, tmp_path):
    report = cluster_check.try_cluster(CLUSTER, tmp_path / "not" / "there", 60.0)
    assert report.works and report.n_workers == 2 and report.to_json()["failure"] is None
    assert [finding.topic for finding in report.findings if finding.level != "ok"] == []
    assert not list(tmp_path.iterdir())


def test_what_fails_on_the_node_is_said(here, monkeypatch, tmp_path):
    def fail(*_):
        raise ModuleNotFoundError("No module named 'numba'")

    monkeypatch.setattr(check, "look", fail)
    report = cluster_check.try_cluster(CLUSTER, tmp_path, 60.0)
    assert isinstance(report.failure, ClusterLostError) and not report.works
    assert "ModuleNotFoundError: No module named 'numba'" in report.to_json()["failure"]
    assert not list(tmp_path.iterdir())


def test_the_failure_of_a_job_is_kept_and_a_job_without_output_hints_at_the_folder(monkeypatch, tmp_path):
    def fail(error):
        def start(*_, **__):
            raise error

        monkeypatch.setattr(check, "start_executor", start)
        return cluster_check.try_cluster(CLUSTER, tmp_path, 60.0)

    for error in (InputError("refused"), NoWorkersError("pending")):
        report = fail(error)
        assert report.failure is error and report.to_json()["failure"] == str(error)
    report = fail(ClusterLostError("ended"))
    assert f"does the node see {tmp_path}" in report.to_json()["failure"]


def test_a_folder_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(check.tempfile, "mkdtemp", refuse)
    with pytest.raises(StorageError, match=f"cannot write {tmp_path}: Permission denied"):
        cluster_check.try_cluster(CLUSTER, tmp_path, None)


def test_what_looks_can_be_sent():
    executors.check_task("dask", look, (Path(), "word"))
