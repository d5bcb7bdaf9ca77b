"""What follows from what a worker on a node saw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from neuro_mod.execution.cluster_check.node import PATIENCE, Seen, Simulated
from neuro_mod.execution.provenance import processor

if TYPE_CHECKING:
    from neuro_mod.config.cluster import Cluster

#: Packages whose versions are always named.
_NAMED = ("python", "neuro_mod", "numpy", "numba", "dask", "distributed")
#: Seconds by which clocks may differ.
_MAX_APART = 2.0


class Finding(NamedTuple):
    """One thing that a check found.

    Args:
        topic: What it is about.
        text: For the user.
        level: With an ``error``, a study would not work, or give other results.
    """

    topic: str
    text: str
    level: Literal["ok", "warning", "error"] = "ok"


def node_findings(cluster: Cluster, seen: Seen, n_workers: int) -> Iterator[Finding]:
    """Node, workers, cores and memory.

    Args:
        cluster: What was asked for.
        seen: What a worker saw.
        n_workers: How many workers the job had.
    """
    memory = f", {seen.memory * n_workers / 1e9:.1f} GB" if seen.memory else ""
    yield Finding("node", f"{seen.host}: workers {n_workers} of {cluster.cores}, cores {seen.cores}{memory}")
    if n_workers < cluster.cores:
        yield Finding("node", f"{cluster.cores - n_workers} workers of the job did not report", "warning")
    if seen.cores < cluster.cores:
        fewer = f"the workers share {seen.cores} of the {cluster.cores} cores that the file asks for"
        yield Finding("node", fewer, "warning")
    if 0 < seen.memory * n_workers < 0.95 * cluster.memory * n_workers / cluster.cores:
        yield Finding("node", f"the file asks for {cluster.memory_text}; the node has less", "warning")


def version_findings(there: dict[str, str | None], here: dict[str, str | None]) -> Iterator[Finding]:
    """Versions, and each that differs."""
    differing = [name for name in here if there.get(name) != here[name]]
    named = ", ".join(f"{name} {there.get(name)}" for name in _NAMED)
    yield Finding("versions", f"{named}; {'some differ from those here' if differing else 'all as here'}")
    for name in differing:
        text = f"{name} is {there.get(name) or 'missing'} there, {here[name] or 'missing'} here"
        yield Finding("versions", text, "error" if name == "neuro_mod" else "warning")


def folder_finding(folder: Path, word: str, seen: Seen, from_node: str | None) -> Finding:
    """Whether both sides see the same folder.

    Args:
        folder: The folder.
        word: What was written here, and asked to be written there.
        seen: What a worker saw.
        from_node: What came from there.
    """
    if seen.read != word:
        found = "does not see" if seen.read is None else "sees something else in"
        return Finding("folder", f"the node {found} {folder}", "error")
    if seen.not_written:
        return Finding("folder", f"the node cannot write in {folder}: {seen.not_written}", "error")
    if from_node != word:
        text = f"what the node writes in {folder} is not seen here within {PATIENCE:.0f} s"
        return Finding("folder", text, "error")
    return Finding("folder", f"the node reads and writes {folder}")


def kernel_finding(seen: Seen) -> Finding:
    """Where kernels are kept on the node, and whether they were there."""
    if seen.kernels_not_saved:
        hint = "each worker compiles its own; set NEURO_MOD_CACHE_DIR in the setup lines of the cluster file"
        return Finding("kernels", f"not saved in {seen.kernels}: {seen.kernels_not_saved}; {hint}", "warning")
    if n := seen.simulated.n_compiled:
        hint = f"NEURO_MOD_CACHE_DIR={seen.kernels} neuro-mod compile, on such a node, compiles all beforehand"
        return Finding("kernels", f"{n} compiled there, and saved in {seen.kernels}; {hint}")
    return Finding("kernels", f"loaded from {seen.kernels}")


def clock_finding(clock: float, earliest: float, latest: float) -> Finding:
    """How far the clock of the node is from the one here, given between which times here it was read."""
    apart = min(clock - earliest, 0.0) + max(clock - latest, 0.0)
    if abs(apart) <= _MAX_APART:
        return Finding("clock", f"differs by less than {_MAX_APART:.0f} s")
    return Finding("clock", f"{'ahead' if apart > 0 else 'behind'} by {abs(apart):.0f} s", "warning")


def simulation_finding(seen: Seen, here: Simulated) -> Finding:
    """Whether the same simulation has the same bytes on both sides."""
    there = seen.simulated
    took = f"{there.seconds:.1f} s{' with compilation' if there.n_compiled else ''}"
    if there.sha256 != here.sha256:
        text = f"other bytes than here ({took}); processors: {seen.processor} there, {processor()} here"
        return Finding("simulation", text, "error")
    return Finding("simulation", f"the same bytes as here, in {took}")
