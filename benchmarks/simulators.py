"""Time the default network in this package, in `LIFNet` and in NEST, on one thread and the same weight matrix.

Run ``python -m benchmarks.simulators`` from the root of the repository. The simulators take turns, so that a machine
that slows down slows all of them; the ratios are medians over the turns. NEST comes with the extra ``peers``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.nest_network import import_nest
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish

if TYPE_CHECKING:
    from benchmarks.contenders import Contender
    from neuro_mod.core.spiking_net.network import SpikingNetwork

_CONFIG = Path(__file__).resolve().parents[1] / "configs" / "default_snn_params.yaml"
_PACKAGES = ("numpy", "numba", "llvmlite", "torch", "nest-simulator")
_REFERENCE_DURATION = 0.5  # s; LIFNet is slow, and keeps the voltage of every step
_LARGEST_DIFFERENCE = 0.05


@dataclass
class Turns:
    """What the turns of one contender measured: seconds to prepare, simulated seconds per second, E and I rates."""

    preparation: list[float] = field(default_factory=list)
    speed: list[float] = field(default_factory=list)
    rates: list[tuple[float, float]] = field(default_factory=list)

    @property
    def mean_rates(self) -> tuple[float, float]:
        """Mean E and I rate over the turns."""
        excitatory, inhibitory = np.mean(self.rates, axis=0)
        return float(excitatory), float(inhibitory)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    options = _parse(arguments)
    machine = describe_machine()
    with TemporaryDirectory() as cache:
        os.environ["NEURO_MOD_CACHE_DIR"] = cache  # before the engine is imported: its compilation shall be measured
        from benchmarks.contenders import timed
        from neuro_mod.config import load_experiment
        from neuro_mod.core.spiking_net.network import draw_network
        from neuro_mod.execution.assembly import build_circuit

        experiment = load_experiment(_CONFIG)
        seed, delta_t = experiment.settings.random_seed, experiment.init_params.delta_t
        drawing, network = timed(lambda: draw_network(build_circuit(experiment), seed))
        contenders, skipped = _contenders(network, options.duration, delta_t, seed)
        turns = _take_turns(contenders, options.repeats, experiment.architecture.network.n_excitatory)
    n_synapses = len(network.synapses.adjacency.targets)
    notes = [
        f"Machine: {machine}. {describe_versions(_PACKAGES)}.",
        f"Network: {_CONFIG.name}, {network.n_neurons} neurons, {n_synapses} synapses (drawn in {drawing:.2f} s), "
        f"h = {delta_t * 1e3:g} ms, spikes recorded, 1 thread, {options.repeats} turns.",
        *(f"{contender.name}: {contender.remark}." for contender in contenders if contender.remark),
        *skipped,
        *_agreement(turns),
    ]
    publish(_table(contenders, turns) + "\n\n" + "\n".join(f"- {note}" for note in notes), options.out)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulators", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--duration", type=float, default=10.0, help="seconds to simulate (default 10)")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each simulator (default 3)")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    return parser.parse_args(arguments)


def _contenders(
    network: SpikingNetwork, duration: float, delta_t: float, seed: int
) -> tuple[list[Contender], list[str]]:
    """Who takes part, and why others do not; the first is the one all are compared with."""
    from benchmarks.contenders import engine, nest_simulator, reference_module, with_equal_rates

    contenders = [engine(network, duration, delta_t, seed, dtype) for dtype in ("float32", "float64")]
    contenders.append(reference_module(network, min(duration, _REFERENCE_DURATION), delta_t, seed))
    nest = import_nest()
    if nest is None:
        return contenders, ["NEST skipped: it is not installed (extra `peers`)."]
    contenders.append(nest_simulator(nest, network, duration, delta_t, seed))
    contenders.append(
        nest_simulator(
            nest,
            with_equal_rates(network),
            duration,
            delta_t,
            seed,
            name="NEST, every neuron at the mean external rate",
        )
    )
    return contenders, []


def _take_turns(contenders: list[Contender], repeats: int, n_excitatory: int) -> dict[str, Turns]:
    from benchmarks.contenders import timed

    turns = {contender.name: Turns() for contender in contenders}
    for repeat in range(repeats):
        for contender in contenders:
            print(f"{contender.name}: turn {repeat + 1} of {repeats}", file=sys.stderr)
            preparation, simulate = timed(partial(contender.prepare, repeat))
            wall, counts = timed(simulate)
            rate = counts / contender.duration
            turn = turns[contender.name]
            turn.preparation.append(preparation)
            turn.speed.append(contender.duration / wall)
            turn.rates.append((float(rate[:n_excitatory].mean()), float(rate[n_excitatory:].mean())))
    return turns


def _table(contenders: list[Contender], turns: dict[str, Turns]) -> str:
    ours = turns[contenders[0].name].speed
    rows = []
    for contender in contenders:
        turn = turns[contender.name]
        ratios = [mine / other for mine, other in zip(ours, turn.speed, strict=True)]
        excitatory, inhibitory = turn.mean_rates
        rows.append(
            (
                contender.name,
                f"{contender.duration:g}",
                f"{contender.compilation:.1f}" if contender.compilation else "",
                f"{median(turn.preparation):.2f}",
                f"{median(turn.speed):.3g} ({min(turn.speed):.3g} to {max(turn.speed):.3g})",
                f"{median(ratios):.3g}",
                f"{excitatory:.2f}, {inhibitory:.2f}",
            )
        )
    header = (
        "simulator",
        "simulated s",
        "compile s",
        "prepare s",
        "simulated s per wall s",
        f"times slower than {contenders[0].name}",
        "E, I rate (Hz)",
    )
    return markdown_table(header, rows)


def _agreement(turns: dict[str, Turns]) -> list[str]:
    """How far NEST's mean rates are from ours: the check that its parameters are the right ones."""
    if "NEST" not in turns:
        return []
    ours, theirs = next(iter(turns.values())).mean_rates, turns["NEST"].mean_rates
    differences = [their / our - 1 for our, their in zip(ours, theirs, strict=True)]
    verdict = "agree" if max(map(abs, differences)) <= _LARGEST_DIFFERENCE else "DO NOT AGREE"
    shown = ", ".join(f"{kind} {difference:+.1%}" for kind, difference in zip("EI", differences, strict=True))
    return [f"NEST's mean rates {verdict} with ours within {_LARGEST_DIFFERENCE:.0%}: {shown}."]


if __name__ == "__main__":
    main()
