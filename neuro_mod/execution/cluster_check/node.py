"""What a worker on a node sees, does, and says."""

from __future__ import annotations

import hashlib
import platform
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import neuro_mod
from neuro_mod.core.compilation import KERNELS_NOT_SAVED, cache_base
from neuro_mod.core.compilation_watch import compilation_watched
from neuro_mod.core.cores import n_cores
from neuro_mod.execution.progress import Progress
from neuro_mod.execution.provenance import processor, versions
from neuro_mod.execution.stagers import StageSNNSimulation

#: Files that the two sides write.
FROM_HERE, FROM_NODE = "from_here", "from_node"
#: Seconds until a file that one machine writes is seen by another, at most; file systems ask at intervals.
PATIENCE = 10.0

_SIMULATED_SECONDS = 0.1


class Simulated(NamedTuple):
    """A tiny simulation.

    Args:
        sha256: Of its spikes and of its last state.
        seconds: Wall-clock seconds, with compilation.
        n_compiled: How many kernels were compiled, and not loaded from the cache.
    """

    sha256: str
    seconds: float
    n_compiled: int


class Seen(NamedTuple):
    """What a machine has and does.

    Args:
        host: Its name.
        executable: The Python interpreter.
        processor: Its name.
        versions: Of Python and packages.
        cores: Cores that the process may use.
        memory: Bytes that one worker may use; 0 for any number.
        job_seconds: Seconds since the batch job began.
        clock: Seconds as `time.time` counts, at the beginning.
        read: The content of the file that was written elsewhere; None if there is none.
        not_written: Why no file could be written; empty if one could.
        kernels: Folder of the cache of kernels.
        kernels_not_saved: Why kernels could not be saved there; empty if they could.
        simulated: A tiny simulation.
    """

    host: str
    executable: str
    processor: str
    versions: dict[str, str | None]
    cores: int
    memory: int
    job_seconds: float
    clock: float
    read: str | None
    not_written: str
    kernels: str
    kernels_not_saved: str
    simulated: Simulated


def look(asked: tuple[Path, str], _: Progress) -> Seen:
    """The task of a check, in a worker.

    Args:
        asked: A folder that both sides should see, and what to write there.
    """
    from neuro_mod.execution.executors.dask_worker import this_place  # noqa: PLC0415 -- Dask is optional

    folder, word = asked
    clock, place = time.time(), this_place()
    read, not_written = when_seen(folder / FROM_HERE), ""
    try:
        (folder / FROM_NODE).write_text(word)
    except OSError as error:
        not_written = error.strerror or str(error)
    simulated = simulate()
    return Seen(
        host=platform.node(),
        executable=sys.executable,
        processor=processor(),
        versions=all_versions(),
        cores=n_cores(),
        memory=place.memory,
        job_seconds=place.job_seconds,
        clock=clock,
        read=read,
        not_written=not_written,
        kernels=str(cache_base()),
        kernels_not_saved=KERNELS_NOT_SAVED[-1] if KERNELS_NOT_SAVED else "",
        simulated=simulated,
    )


def all_versions() -> dict[str, str | None]:
    """Versions of Python and of the packages that matter, and of this one whether or not it is installed."""
    return versions() | {"neuro_mod": neuro_mod.__version__}


def when_seen(file: Path) -> str | None:
    """The content of a file that another machine writes, as soon as it is seen; None if it is not."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with suppress(OSError, ValueError):
            if content := file.read_text():
                return content
        if time.monotonic() > deadline:
            return None
        time.sleep(0.2)


def simulate() -> Simulated:
    """Simulate a moment of the default network."""
    names: list[Any] = []
    begin = time.perf_counter()
    with compilation_watched(lambda name: None if name is None else names.append(name)):
        outputs = StageSNNSimulation({}).run(duration_sec=_SIMULATED_SECONDS, record=("spikes",))
    seconds, spikes, end = time.perf_counter() - begin, outputs["spikes"], outputs.state
    digest = hashlib.sha256()
    for values in (spikes.times, spikes.neurons, end.voltage, end.current, end.refractory):
        digest.update(values.tobytes())
    return Simulated(digest.hexdigest(), seconds, len(names))
