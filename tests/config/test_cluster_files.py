"""The keys of cluster files, and the messages about invalid ones."""

from __future__ import annotations

from functools import partial

import pytest
from dask.utils import parse_bytes
from pydantic import ValidationError

import neuro_mod.config.cluster as cluster_module
from neuro_mod.config.cluster import load_cluster, size_text
from neuro_mod.config.cluster_template import Partition, cluster_template
from neuro_mod.config.document import read_document
from neuro_mod.errors import ConfigError
from tests.helpers.problems import problems_of

messages = partial(problems_of, load_cluster)

BASE = {"scheduler": "slurm", "walltime": "04:00:00", "cores": 16, "memory": "32 GB"}
CONDOR = {**BASE, "scheduler": "htcondor", "disk": "1 GB"}
FULL = """\
scheduler: slurm
queue: normal
account: my_project
walltime: 04:00:00
cores: 16
memory: 32 GB
min_jobs: 2
max_jobs: 20
directives: [--requeue, --constraint=zen3]
setup:
  - module load python
  - source "venv/bin/activate"
python: venv/bin/python
interface: ib0
"""


def test_all_keys_of_a_file(tmp_path):
    (file := tmp_path / "cluster.yaml").write_text(FULL)
    cluster = load_cluster(file)
    assert (cluster.queue, cluster.account, cluster.interface) == ("normal", "my_project", "ib0")
    assert (cluster.walltime, cluster.walltime_text) == (4 * 3600, "4:00:00")
    assert (cluster.cores, cluster.memory, cluster.job_limits) == (16, 32 * 10**9, (2, 20))
    assert cluster.directives == ("--requeue", "--constraint=zen3")
    assert cluster.setup == ("module load python", 'source "venv/bin/activate"')
    assert load_cluster(str(file)) == load_cluster(read_document(FULL).data) == cluster
    with pytest.raises(ValidationError, match="frozen"):
        cluster.cores = 1


def test_keys_that_are_left_out():
    cluster = load_cluster(BASE)
    assert cluster.job_limits == (1, 1)
    assert load_cluster({**BASE, "jobs": 3}).job_limits == (3, 3)
    left_out = (cluster.queue, cluster.account, cluster.python, cluster.interface, cluster.directives, cluster.setup)
    assert left_out == (None, None, None, None, (), ())


@pytest.mark.parametrize(
    ("written", "seconds", "text"),
    [
        ("04:00:00", 14400, "4:00:00"),
        ("4:00:00", 14400, "4:00:00"),
        ("00:10:30", 630, "0:10:30"),
        ("100:00:00", 360_000, "100:00:00"),
        ("1-12:00:00", 129_600, "36:00:00"),
        ("90 min", 5400, "1:30:00"),
        ("0.1 h", 360, "0:06:00"),
        ("2 d", 172_800, "48:00:00"),
        ("90s", 90, "0:01:30"),
        ("60", 60, "0:01:00"),
        ("3600", 3600, "1:00:00"),
        ("3.6e3", 3600, "1:00:00"),
        ("61.9 s", 61, "0:01:01"),
    ],
)
def test_walltimes_as_a_file_has_them(tmp_path, written, seconds, text):
    (file := tmp_path / "cluster.yaml").write_text(FULL.replace("04:00:00", written))
    cluster = load_cluster(file)
    assert (cluster.walltime, cluster.walltime_text) == (seconds, text)


@pytest.mark.parametrize(("walltime", "text"), [("04:00:00", "4:00"), ("00:01:01", "0:02"), ("1-00:59:59", "25:00")])
def test_lsf_reads_hours_and_minutes(walltime, text):
    assert load_cluster({**BASE, "scheduler": "lsf", "walltime": walltime}).walltime_text == text


@pytest.mark.parametrize("walltime", ["04:00:00", "14:30:00", "10:30"])
def test_files_of_yaml_1_1_are_never_read_as_another_time(tmp_path, walltime):
    """YAML 1.1 has numbers to the base 60, in which 10:30 is 630."""
    (file := tmp_path / "cluster.yaml").write_text("%YAML 1.1\n---\n" + FULL.replace("04:00:00", walltime))
    try:
        assert load_cluster(file).walltime_text == walltime.removeprefix("0")
    except ConfigError as error:
        assert f'{file}:6: walltime: cannot read "{walltime}" as int; text like this is in quotes' in str(error)


@pytest.mark.parametrize(
    ("walltime", "hint"),
    [
        ("10:30", "hours and minutes are 10:30:00, minutes and seconds are 00:10:30"),
        ("5:00", "hours and minutes are 5:00:00, minutes and seconds are 00:05:00"),
        (59, "a number without a unit is in seconds"),
        (4, "a number without a unit is in seconds"),
        (float("nan"), "a number without a unit is in seconds"),
        ("4 hours", "units are s, min, h, d"),
        ("5 m", "units are s, min, h, d"),
        ("04:60:00", "at most 59 minutes and 59 seconds, and 23 hours beside days"),
        ("1-24:00:00", "at most 59 minutes and 59 seconds, and 23 hours beside days"),
        *((value, "") for value in ("366 d", "1e300 h", "-1 h", "59.9 s", "00:00:59", "soon", "", True, None, [60])),
    ],
)
def test_walltimes_that_cannot_be(walltime, hint):
    (said,) = messages({**BASE, "walltime": walltime})
    expected = "a time such as 04:00:00, 1-12:00:00 (a day and 12 hours), 90 min or 4 h, or seconds"
    assert said.startswith("walltime: ") and f"; expected {expected}; from 1 minute to 365 days" in said
    assert said.endswith(hint or "days")


@pytest.mark.parametrize(
    ("written", "size", "text"),
    [
        ("4GB", 4 * 10**9, "4 GB"),
        ("500 MB", 5 * 10**8, "500 MB"),
        ("8 GiB", 8 * 2**30, "8 GiB"),
        ("8000 MiB", 8000 * 2**20, "8000 MiB"),
        ("1.5 gb", 15 * 10**8, "1500 MB"),
        ("1024 MiB", 2**30, "1 GiB"),
        ("123456789 B", 123_456_789, "123456789 B"),
        ("1 TiB", 2**40, "1 TiB"),
    ],
)
def test_memory_as_dask_reads_it(written, size, text):
    cluster = load_cluster({**BASE, "memory": written})
    assert (cluster.memory, cluster.memory_text) == (size, text)
    assert parse_bytes(written) == parse_bytes(size_text(size)) == size


@pytest.mark.parametrize(
    ("memory", "hint"),
    [
        *(
            (value, "a number without a unit is bytes for some programs and megabytes for others")
            for value in (4, "4000")
        ),
        ("4G", "G is GB for some programs and GiB for others"),
        ("500 m", "m is MB for some programs and MiB for others"),
        *(
            (value, "")
            for value in ("4 KB", "99 MB", "2e9 GB", "1e999 GB", "-4 GB", "4 GBit", "much", "", None, ["4 GB"])
        ),
    ],
)
def test_memory_that_cannot_be(memory, hint):
    (said,) = messages({**BASE, "memory": memory})
    expected = "a size such as 4 GB (billions of bytes) or 8 GiB (of 2^30 bytes), at least 100 MB"
    assert said.startswith("memory: ") and f"; expected {expected}" in said
    assert said.endswith(hint or "at least 100 MB")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scheduler": "slrum"}, 'scheduler: "slrum" found; expected one of slurm, pbs, lsf, sge, htcondor'),
        ({"cores": 0}, "cores: 0 found; expected a whole number >= 1"),
        ({"cores": 2.5}, "cores: 2.5 found; expected a whole number >= 1"),
        ({"jobs": 10**9}, "jobs: 1000000000 found; expected a whole number >= 1 and <= 10000"),
        ({"jobs": None}, "jobs: missing value; expected a whole number >= 1 and <= 10000"),
        ({"jobs": 2, "min_jobs": 1}, "min_jobs: found beside jobs; either jobs, or min_jobs and max_jobs"),
        ({"min_jobs": 3, "max_jobs": 2}, "min_jobs: 3 found; expected at most max_jobs, 2"),
        ({"max_jobs": 2}, "min_jobs: missing; expected a whole number, as max_jobs is set; a fixed number is jobs"),
        ({"min_jobs": 2}, "max_jobs: missing; expected a whole number, as min_jobs is set; a fixed number is jobs"),
        ({"min_jobs": 0, "max_jobs": 2}, "min_jobs: 0 found; expected a whole number >= 1 and <= 10000"),
        ({"queue": "a b"}, 'queue: "a b" found; expected a name without spaces'),
        ({"queue": "--mem=3"}, 'queue: "--mem=3" found; expected a name without spaces'),
        ({"account": 3}, "account: 3 found; expected a name without spaces; put it in quotes"),
        ({"que": "a"}, "que: unknown key; did you mean queue? (valid: scheduler, queue, "),
        ({"directives": "--requeue"}, 'directives: "--requeue" found; expected a list of lines such as --requeue'),
        ({"directives": ["--a\n--b"]}, 'directives[0]: "--a --b" found; expected one line of text'),
        (
            {"directives": ["#SBATCH -x a"]},
            'directives[0]: "#SBATCH -x a" found; expected one line of text; '
            "leave out #SBATCH, which is written before each of these lines",
        ),
        ({"setup": ["a\nb"]}, 'setup[0]: "a b" found; expected one line of text'),
        ({"setup": [" "]}, 'setup[0]: "" found; expected one line of text'),
        ({"python": ""}, 'python: "" found; expected the path of an interpreter'),
        ({"disk": "4 GB"}, "disk: has no effect; only htcondor uses it"),
        ({"scheduler": "htcondor"}, "disk: missing; expected a size such as 4 GB"),
        ({**CONDOR, "queue": "a"}, "queue: has no effect; htcondor has no queues"),
        ({**CONDOR, "account": "a"}, "account: has no effect; htcondor reads accounting_group = NAME"),
        ({**CONDOR, "directives": ["x"]}, 'directives[0]: "x" found; expected a line such as +WantFlocking = true'),
    ],
)
def test_what_is_refused(changes, said):
    (message,) = messages({**BASE, **changes})
    assert message.startswith(said)


@pytest.mark.parametrize(
    ("scheduler", "line", "key"),
    [
        ("slurm", "--time=10", "walltime"),
        ("slurm", "--time 10", "walltime"),
        ("slurm", "-pshort", "queue"),
        ("slurm", "-p short", "queue"),
        ("slurm", "--mem=4G", "memory"),
        ("pbs", "-q short", "queue"),
        ("lsf", "-W 10", "walltime"),
        ("sge", "-t 1-3", "jobs"),
    ],
)
def test_directives_cannot_set_what_keys_set(scheduler, line, key):
    (said,) = messages({**BASE, "scheduler": scheduler, "directives": ["-x", line]})
    assert said.startswith(f'directives[1]: "{line}" found; the key {key} sets -')


@pytest.mark.parametrize(
    ("scheduler", "line"),
    [("slurm", "--tmp=3G"), ("slurm", "--exclude=n1"), ("slurm", "-w n1"), ("sge", "-tc 3"), ("lsf", "-We 5")],
)
def test_other_directives_are_passed_on(scheduler, line):
    assert load_cluster({**BASE, "scheduler": scheduler, "directives": [line]}).directives == (line,)


def test_all_problems_of_a_file_are_reported_with_their_lines(tmp_path):
    (file := tmp_path / "cluster.yaml").write_text("scheduler: slurm\nwalltime: 4\ncore: 2\nmemory: 4G\n")
    said = messages(file)
    assert [line.split(": ")[:2] for line in said] == [
        [str(file), "cores"],
        [f"{file}:2", "walltime"],
        [f"{file}:3", "core"],
        [f"{file}:4", "memory"],
    ]
    assert "core: unknown key; did you mean cores?" in said[2]


def test_the_batch_system_that_was_asked_for(tmp_path):
    (file := tmp_path / "cluster.yaml").write_text(FULL)
    assert load_cluster(file, "slurm").scheduler == "slurm"
    (said,) = messages(file, "pbs")
    assert said == f'{file}:1: scheduler: "slurm" found; expected pbs; that is the batch system that was asked for'


@pytest.mark.parametrize("source", [3, None, b"scheduler: slurm"])
def test_what_is_no_source(source):
    (said,) = messages(source)
    assert said.endswith(" found; expected the path of a cluster file, or a mapping of its keys")


def test_a_file_that_is_not_there(tmp_path):
    (said,) = messages(tmp_path / "cluster.yaml")
    assert said == f"{tmp_path / 'cluster.yaml'}: no such file"


@pytest.mark.parametrize("scheduler", ["slurm", "pbs", "lsf", "sge", "htcondor"])
def test_new_files_are_valid_also_with_their_examples(scheduler):
    text = cluster_template(scheduler)
    assert load_cluster(read_document(text).data).scheduler == scheduler
    lines = [line.removeprefix("# ") if ": " in line.split("[")[0] else line for line in text.splitlines()]
    lines = [line for line in lines if line[:1] != "#" and line.split(":")[0] in cluster_module.Cluster.model_fields]
    examples = read_document("\n".join(line for line in lines if line.split(":")[0] != "jobs")).data
    assert load_cluster(examples).job_limits == (1, 20)
    others = {"queue", "account"} if scheduler == "htcondor" else {"disk"}
    assert examples.keys() == cluster_module.Cluster.model_fields.keys() - others - {"jobs"}


@pytest.mark.parametrize(
    ("partition", "found"),
    [
        (Partition("big", True, True, 86400, 64, 256 * 2**30), (4 * 3600, 8, "16 GiB")),
        (Partition("small", True, True, 600, 4, 4 * 2**30), (600, 4, "4 GiB")),
        (Partition("odd", True, True, None, 3, 4000 * 2**20), (4 * 3600, 3, "3 GiB")),
        (Partition("many cores", True, True, None, 16, 1000 * 2**20), (4 * 3600, 8, "500 MiB")),
        (Partition("unknown memory", True, True, 30, 0, 2**20), (60, 1, "2 GiB")),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_new_file_asks_for_no_more_than_a_node_has(partition, found):
    partition = Partition(**{**vars(partition), "name": partition.name.replace(" ", "_")})
    cluster = load_cluster(read_document(cluster_template("slurm", [partition])).data)
    assert (cluster.walltime, cluster.cores, cluster.memory_text) == found
    assert cluster.queue == partition.name
