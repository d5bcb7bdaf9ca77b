import json
from pathlib import Path

import pytest

from neuro_mod.config.cluster import load_cluster
from neuro_mod.errors import InputError, NoWorkersError
from neuro_mod.execution import cluster_check
from neuro_mod.execution.cluster_check import Finding
from neuro_mod.execution.executors.batch import partitions
from tests.helpers.platforms import POSIX_ONLY, make_pipe


@pytest.fixture
def sinfo(tmp_path_factory, monkeypatch):
    """Makes the only program that can be found a ``sinfo``."""
    folder = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", str(folder))

    def write(script: str) -> None:
        (folder / "sinfo").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "sinfo").chmod(0o755)

    return write


PARTITIONS = """\
[ "$*" = "-h -o %P|%a|%l|%c|%m" ] || exit 1
echo 'short|up|30:00|48|191000'
echo 'normal*|up|1-12:00:00|16+|64000+'
echo 'normal*|up|1-12:00:00|4|8000'
echo 'a line of another kind'
echo 'old|drain|infinite|1|2000'"""


def test_a_new_file_is_valid_and_shows_what_slurm_offers(neuro_mod, sinfo, tmp_path) -> None:
    sinfo(PARTITIONS)
    code, out, err = neuro_mod("cluster", "init", "slurm", cwd=tmp_path)
    assert (code, out, err) == (0, "cluster.yaml: written; partitions here: short, normal, old\n", "")
    cluster = load_cluster(tmp_path / "cluster.yaml")
    assert (cluster.scheduler, cluster.queue, cluster.walltime_text) == ("slurm", "normal", "4:00:00")
    assert (cluster.cores, cluster.memory_text, cluster.job_limits) == (4, "7 GiB", (1, 1))
    text = (tmp_path / "cluster.yaml").read_text()
    assert (
        """\
# partitions here:
#   short: walltime up to 0:30:00, nodes of 48 cores and 191000 MiB
#   normal (default): walltime up to 36:00:00, nodes of 4 cores and 8000 MiB
#   old (down): no time limit, nodes of 1 core and 2000 MiB
queue: normal
"""
        in text
    )
    assert max(map(len, text.splitlines())) <= 118
    code, out, err = neuro_mod("validate", "cluster.yaml", cwd=tmp_path)
    assert (code, out, err) == (0, "cluster.yaml: valid (jobs of 4 cores, 7 GiB, 4:00:00)\n", "")


def test_without_a_default_partition_one_has_to_be_chosen(neuro_mod, sinfo, tmp_path) -> None:
    sinfo("echo 'a|inact|1:00|2|8000'\necho 'b|up|1:00|2|8000'")
    assert neuro_mod("cluster", "init", "slurm", cwd=tmp_path).returncode == 0
    text = (tmp_path / "cluster.yaml").read_text()
    assert "#   a (down): walltime up to 0:01:00, nodes of 2 cores and 8000 MiB\n" in text and "\n# queue: b\n" in text


@pytest.mark.parametrize(
    "script",
    ["", "exit 1", "echo 'slurm_load_partitions: Unable to contact' >&2; exit 1", "/bin/sleep 60", "printf '\\377'"],
)
def test_a_sinfo_that_says_nothing_is_ignored(neuro_mod, sinfo, tmp_path, monkeypatch, script) -> None:
    monkeypatch.setattr(partitions, "_PATIENCE", 0.5)
    sinfo(script)
    code, out, err = neuro_mod("cluster", "init", "slurm", cwd=tmp_path)
    assert (code, out, err) == (0, "cluster.yaml: written\n", "")
    assert load_cluster(tmp_path / "cluster.yaml").queue is None


@pytest.mark.parametrize("scheduler", ["slurm", "pbs", "lsf", "sge", "htcondor"])
def test_any_batch_system_where_there_is_none(neuro_mod, tmp_path, monkeypatch, scheduler) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    code, out, err = neuro_mod("cluster", "init", scheduler, "mine.yaml", cwd=tmp_path)
    assert (code, out, err) == (0, "mine.yaml: written\n", "")
    assert load_cluster(tmp_path / "mine.yaml").scheduler == scheduler


def test_a_file_is_replaced_only_with_force(neuro_mod, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (file := tmp_path / "cluster.yaml").write_text("mine")
    code, out, err = neuro_mod("cluster", "init", "pbs", cwd=tmp_path)
    said = 'FILE: "cluster.yaml" found; expected the name of a new file; --force replaces this one\n'
    assert (code, out, err) == (2, "", said) and file.read_text() == "mine"
    assert neuro_mod("cluster", "init", "pbs", "--force", cwd=tmp_path).returncode == 0
    assert load_cluster(file).scheduler == "pbs"


@pytest.mark.parametrize(
    "make", [make_pipe, Path.mkdir, lambda path: path.symlink_to("x")], ids=["pipe", "folder", "link"]
)
@POSIX_ONLY
def test_only_regular_files_are_replaced(neuro_mod, tmp_path, make) -> None:
    make(tmp_path / "new")
    code, out, err = neuro_mod("cluster", "init", "pbs", "new", "--force", cwd=tmp_path)
    assert (code, out) == (2, "") and '"new" found; expected the name of a new file or of a regular one' in err


def test_unknown_batch_systems_are_refused(neuro_mod, tmp_path) -> None:
    code, out, err = neuro_mod("cluster", "init", "slrum", cwd=tmp_path)
    assert (code, out) == (2, "") and "'slurm', 'pbs', 'lsf', 'sge', 'htcondor'" in err
    assert not list(tmp_path.iterdir())


def test_validate_reports_problems_of_cluster_files(neuro_mod, tmp_path) -> None:
    (file := tmp_path / "mine.yaml").write_text("scheduler: slurm\nwalltime: 10:30\ncores: 2\nmemory: 4 GB\n")
    code, out, err = neuro_mod("validate", file)
    assert (code, out) == (2, "") and err.startswith(f'{file}:2: walltime: "10:30" found; expected a time such as ')


@pytest.fixture
def report(monkeypatch, tmp_path):
    """Makes the report of a check."""
    (tmp_path / "cluster.yaml").write_text("scheduler: slurm\nwalltime: 1 h\ncores: 2\nmemory: 4 GB\n")

    def give(**content) -> None:
        def try_cluster(cluster, out, wait_for_workers, *, progress):
            assert (cluster.cores, out, wait_for_workers, progress) == (2, Path(), 120.0, True)
            return cluster_check.Report(**content)

        monkeypatch.setattr(cluster_check, "try_cluster", try_cluster)

    return give


def test_a_check_prints_what_it_found(neuro_mod, report, tmp_path) -> None:
    found = [Finding("job", "accepted"), Finding("versions", "numpy differs", "warning")]
    report(findings=found)
    code, out, err = neuro_mod("cluster", "check", "cluster.yaml", cwd=tmp_path)
    assert (code, err) == (0, "")
    assert out == "job       accepted\nversions  warning: numpy differs\na study would work\n"
    report(findings=[*found, Finding("folder", "not seen", "error")])
    code, out, err = neuro_mod("cluster", "check", "cluster.yaml", cwd=tmp_path)
    assert code == 2 and out.endswith("folder    error: not seen\n")
    assert err == "cluster.yaml: a study would not work (folder)\n"


@pytest.mark.parametrize(("error", "exit_code"), [(InputError("refused"), 2), (NoWorkersError("pending"), 4)])
def test_a_check_that_gets_no_further_ends_with_the_code_of_its_failure(
    neuro_mod, report, tmp_path, error, exit_code
) -> None:
    report(failure=error)
    assert neuro_mod("cluster", "check", "cluster.yaml", cwd=tmp_path) == (exit_code, "", f"{error}\n")
    code, out, err = neuro_mod("cluster", "check", "cluster.yaml", "--json", cwd=tmp_path)
    assert (code, err) == (exit_code, f"{error}\n") and json.loads(out)["failure"] == str(error)


def test_a_check_of_an_invalid_file_submits_nothing(neuro_mod, tmp_path) -> None:
    code, out, err = neuro_mod("cluster", "check", tmp_path / "none.yaml")
    assert (code, out) == (2, "") and "none.yaml" in err
