"""The partitions of the SLURM of this machine, as ``sinfo`` lists them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from neuro_mod.config.cluster_template import Partition
from neuro_mod.execution.executors.batch.programs import ProgramError, output_of
from neuro_mod.execution.executors.batch.queue import seconds_of

_COMMAND = ("sinfo", "-h", "-o", "%P|%a|%l|%c|%m")
#: Seconds to wait for an answer.
_PATIENCE = 10.0


def slurm_partitions() -> list[Partition]:
    """The partitions; none if there is no SLURM on this machine or it does not answer."""
    try:
        answer = output_of(_COMMAND, _PATIENCE)
    except ProgramError:
        return []
    partitions: dict[str, Partition] = {}
    for partition in _read(answer):
        same = partitions.setdefault(partition.name, partition)  # one line for each kind of node
        cores, memory = min(same.cores, partition.cores), min(same.memory, partition.memory)
        partitions[partition.name] = replace(same, cores=cores, memory=memory)
    return list(partitions.values())


def _read(text: str) -> Iterator[Partition]:
    """The partitions of an answer; lines that cannot be read are left out."""
    for line in text.splitlines():
        with suppress(ValueError):
            name, available, limit, cores, megabytes = line.split("|")
            yield Partition(
                name=name.removesuffix("*"),
                default=name.endswith("*"),
                up=available == "up",
                walltime=_limit(limit),
                cores=int(cores.removesuffix("+")),
                memory=int(megabytes.removesuffix("+")) * 2**20,
            )


def _limit(text: str) -> int | None:
    """The time limit of a partition; None for none."""
    if text in {"infinite", "n/a"}:
        return None
    if (seconds := seconds_of(text)) is None:
        raise ValueError(text)
    return seconds
