"""The text of a new cluster file: every key with its meaning, and what this computing cluster offers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

from neuro_mod.choices import BatchSystem
from neuro_mod.config.cluster import MIN_BYTES, MIN_WALLTIME, Cluster, clock_text, size_text
from neuro_mod.config.plain import flow
from neuro_mod.config.schema import expected, json_schema

#: Length of lines of comments.
_WIDTH = 118
#: Values of a new file where nothing is known: a job of a few cores that most computing clusters can start soon.
_WALLTIME, _CORES, _BYTES_PER_CORE = 4 * 3600, 8, 2 * 2**30

_HEADING = """\
# Cluster file: what each job asks the batch system for, and how many jobs there are.
# Adapt it and start a study with:  --executor {scheduler} --cluster FILE
# Keys that are commented out may be left out."""

_DIRECTIVES: dict[BatchSystem, tuple[str, ...]] = {
    "slurm": ("--requeue", "--constraint=zen3"),
    "pbs": ("-r y",),
    "lsf": ("-r",),
    "sge": ("-r y",),
    "htcondor": ("+WantFlocking = true",),
}


@dataclass(frozen=True)
class Partition:
    """A partition of the SLURM of this machine.

    Args:
        name: Its name.
        default: Whether jobs that name no partition go there.
        up: Whether it starts jobs.
        walltime: Time limit of jobs in seconds; None for none.
        cores: Cores of a node, of the smallest one if they differ.
        memory: Bytes of memory of a node, of the smallest one if they differ.
    """

    name: str
    default: bool
    up: bool
    walltime: int | None
    cores: int
    memory: int

    def __str__(self) -> str:
        marks = ", ".join([*["default"] * self.default, *["down"] * (not self.up)])
        limit = "no time limit" if self.walltime is None else f"walltime up to {clock_text(self.walltime)}"
        nodes = f"nodes of {self.cores} core{'s' * (self.cores != 1)} and {size_text(self.memory)}"
        return f"{self.name}{f' ({marks})' if marks else ''}: {limit}, {nodes}"


def cluster_template(scheduler: BatchSystem, partitions: Sequence[Partition] = ()) -> str:
    """Text of a cluster file that is valid as it is.

    Args:
        scheduler: The batch system.
        partitions: Those of this machine, if they are known; the default one gives the values.
    """
    values, examples = _values(scheduler, partitions)
    root = json_schema(Cluster)
    parts = [_HEADING.format(scheduler=scheduler)]
    for key, about in root["properties"].items():
        if key not in values | examples:
            continue
        lines = list(_comment(f"{about['description']} [{expected(about, root)}]"))
        if key == "queue" and partitions:
            lines += ["# partitions here:", *(f"#   {partition}" for partition in partitions)]
        code = f"{key}: {flow(values.get(key, examples.get(key)))}"
        parts.append("\n".join([*lines, code if key in values else f"# {code}"]))
    return "\n\n".join(parts) + "\n"


def _values(scheduler: BatchSystem, partitions: Sequence[Partition]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values of a new file, and examples for keys that may be left out."""
    default = next((partition for partition in partitions if partition.default), None)
    cores = max(1, min(_CORES, default.cores)) if default else _CORES
    values: dict[str, Any] = {
        "scheduler": scheduler,
        "walltime": clock_text(_WALLTIME),
        "cores": cores,
        "memory": size_text(cores * _BYTES_PER_CORE),
        "jobs": 1,
    }
    examples: dict[str, Any] = {
        "queue": next((partition.name for partition in partitions if partition.up), "normal"),
        "account": "my_project",
        "min_jobs": 1,
        "max_jobs": 20,
        "directives": _DIRECTIVES[scheduler],
        "setup": ("module load python", "source venv/bin/activate"),
        "python": "venv/bin/python",
        "interface": "ib0",
    }
    if default:
        values["queue"] = default.name
        values["walltime"] = clock_text(max(MIN_WALLTIME, min(_WALLTIME, default.walltime or _WALLTIME)))
        share = _whole_units(default.memory * cores // max(1, default.cores))
        if share >= MIN_BYTES:  # SLURM shows 1 MB where nobody has configured the memory
            values["memory"] = size_text(min(cores * _BYTES_PER_CORE, share))
    if scheduler == "htcondor":
        del examples["queue"], examples["account"]
        values["disk"] = "1 GB"
    return values, examples


def _whole_units(n_bytes: int) -> int:
    """As many whole GiB, or MiB below 1 GiB: SLURM is asked for whole ones, rounded up."""
    unit = 2**30 if n_bytes >= 2**30 else 2**20
    return n_bytes // unit * unit


def _comment(text: str) -> Iterator[str]:
    return (f"# {line}" for line in wrap(text, _WIDTH - 2, break_on_hyphens=False))
