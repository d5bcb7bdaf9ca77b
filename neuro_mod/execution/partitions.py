"""The partitions of the SLURM of this machine, as ``sinfo`` lists them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from neuro_mod.config.cluster_template import Partition

_COMMAND = ("sinfo", "-h", "-o", "%P|%a|%l|%c|%m")
#: Seconds to wait for an answer.
_TIMEOUT = 10
_LIMIT = re.compile(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)")


def slurm_partitions() -> list[Partition]:
    """The partitions; none if there is no SLURM on this machine or it does not answer."""
    try:
        done = subprocess.run(
            _COMMAND, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=_TIMEOUT
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return []
    partitions: dict[str, Partition] = {}
    for partition in _read(done.stdout):
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
                walltime=_seconds(limit),
                cores=int(cores.removesuffix("+")),
                memory=int(megabytes.removesuffix("+")) * 2**20,
            )


def _seconds(limit: str) -> int | None:
    """A time as SLURM shows it, ``1-12:00:00`` or ``30:00``; None for no limit."""
    if limit in {"infinite", "n/a"}:
        return None
    match = _LIMIT.fullmatch(limit)
    if match is None:
        raise ValueError(limit)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds
