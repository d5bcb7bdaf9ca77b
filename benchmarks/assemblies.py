"""How long recordings of a network of 18 clusters must be for its clusters to be found without labels.

Run ``python -m benchmarks.assemblies`` from the root of the repository; docs/how_to/assemblies.md shows the table. The
numbers depend on the seeds, and on the kind of machine where it rounds otherwise.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from benchmarks.report import markdown_table, publish
from neuro_mod import Analyzer, SpikeEvents, StageSNNSimulation
from neuro_mod.core.spiking_net.analysis.assemblies.assemblies import find_assemblies

_DURATIONS = (10.0, 20.0, 30.0, 60.0, 120.0)  # s
_BINS = (50e-3, 100e-3)  # s
_HEADER = ("session, bins", "assemblies found", "adjusted Rand index", "neurons in clusters only")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.assemblies", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--networks", type=int, default=6, help="networks, with the seeds 1, 2, ... (default 6)")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    options = parser.parse_args(arguments)
    networks = [simulated(seed) for seed in range(1, options.networks + 1)]
    rows = [
        row(f"{duration:g} s, {width * 1e3:g} ms", [compared(*network, duration, width) for network in networks])
        for width in _BINS
        for duration in _DURATIONS
    ]
    about = (
        f"{options.networks} networks of `published`, seeds from 1, one session each, least to most: number of "
        "assemblies, and adjusted Rand index with the clusters and the background (18 clusters of 80 E and 20 I "
        "neurons, 200 neurons of the background):"
    )
    publish(f"{about}\n\n{markdown_table(_HEADER, rows)}", options.out)


def simulated(seed: int) -> tuple[SpikeEvents, NDArray[np.int64]]:
    """The spikes of a network, and the true cluster of each neuron, -1 for the background."""
    outputs = StageSNNSimulation("published", seed).run(max(_DURATIONS), record=("spikes",))
    layout = Analyzer(outputs).layout
    n_excitatory = len(layout.labels) // 2  # E clusters and their background; I clusters follow in the same order
    cluster = layout.of_neuron % n_excitatory
    return outputs["spikes"], np.where(cluster == n_excitatory - 1, -1, cluster)


def compared(
    spikes: SpikeEvents, true: NDArray[np.int64], duration: float, bin_width: float
) -> tuple[int, float, float]:
    """Number of assemblies in the first seconds, and their agreement with the clusters, of all neurons and of these."""
    n_steps = round(duration / spikes.delta_t)
    early = spikes.steps < n_steps
    part = SpikeEvents(spikes.steps[early], spikes.neurons[early], n_steps, spikes.n_neurons, spikes.delta_t)
    found, inside = find_assemblies([part], bin_width, n_resamples=0), true >= 0
    of_all = adjusted_rand_score(true, found.labels)
    return found.n_assemblies, of_all, adjusted_rand_score(true[inside], found.labels[inside])


def row(name: str, found: Sequence[tuple[int, float, float]]) -> tuple[str, ...]:
    """A row for `_HEADER`."""
    numbers, *indices = (sorted(each) for each in zip(*found, strict=True))
    return name, _range(numbers[0], numbers[-1]), *(_range(f"{each[0]:.3f}", f"{each[-1]:.3f}") for each in indices)


def _range(least: object, most: object) -> str:
    return str(least) if least == most else f"{least} to {most}"


if __name__ == "__main__":
    main()
