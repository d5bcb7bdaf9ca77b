"""Time the default network here, in `LIFNet`, in NEST and in Brian2, on one thread and the same weight matrix.

Run ``make bench``, or ``python -m benchmarks.simulators`` from the root of the repository. The simulators take turns,
so that a machine that slows down slows all of them; the ratios are medians over the turns. NEST comes with the extra
``peers``; Brian2, which needs an older NumPy, has an environment of its own.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from operator import truediv
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
_MAX_DIFFERENCE = 0.05
_OURS = "float32", "float64"
_EQUAL_RATES = "every neuron at the mean external rate"


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
    with TemporaryDirectory() as cache, ExitStack() as stack:
        os.environ["NEURO_MOD_CACHE_DIR"] = cache  # before the engine is imported: its compilation shall be measured
        from benchmarks.default_network import timed
        from neuro_mod.config import load_experiment
        from neuro_mod.core.spiking_net.network import draw_network
        from neuro_mod.execution.stagers.assembly import build_circuit

        experiment = load_experiment(_CONFIG)
        seed, delta_t = experiment.settings.random_seed, experiment.init_params.delta_t
        drawing, network = timed(lambda: draw_network(build_circuit(experiment), seed))
        contenders, remarks = _contenders(network, options.duration, delta_t, seed, stack)
        turns = _take_turns(contenders, options.repeats, experiment.architecture.network.n_excitatory)
    n_synapses = network.synapses.adjacency.n_synapses
    notes = [
        f"Machine: {machine}. {describe_versions(_PACKAGES)}.",
        f"Network: {_CONFIG.name}, {network.n_neurons} neurons, {n_synapses} synapses (drawn in {drawing:.2f} s), "
        f"h = {delta_t * 1e3:g} ms, spikes recorded, 1 thread, {options.repeats} turns.",
        *(f"{contender.name}: {contender.remark}." for contender in contenders if contender.remark),
        *remarks,
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
    network: SpikingNetwork, duration: float, delta_t: float, seed: int, stack: ExitStack
) -> tuple[list[Contender], list[str]]:
    """Who takes part, and what to say of the others' versions or absence; all are compared with the first ones."""
    from benchmarks.brian2_network import Brian2Network, why_brian2_is_missing
    from benchmarks.contenders import brian2_simulator, engine, nest_simulator, reference_module
    from benchmarks.default_network import timed
    from benchmarks.plain_network import plain

    contenders = [engine(network, duration, delta_t, seed, dtype) for dtype in _OURS]
    contenders.append(reference_module(network, min(duration, _REFERENCE_DURATION), delta_t, seed))
    remarks = []
    exact = plain(network)
    equal = exact.with_equal_rates()
    nest = import_nest()
    if nest is None:
        remarks.append("NEST skipped: it is not installed (extra `peers`).")
    else:
        contenders.append(nest_simulator("NEST", nest, exact, duration, delta_t, seed))
        contenders.append(nest_simulator(f"NEST, {_EQUAL_RATES}", nest, equal, duration, delta_t, seed))
    missing = why_brian2_is_missing()
    if missing:
        return contenders, [*remarks, f"Brian2 skipped: {missing}."]
    for name, given, dtype in (
        ("Brian2", exact, "float64"),
        (f"Brian2, {_EQUAL_RATES}", equal, "float64"),
        (f"Brian2, float32, {_EQUAL_RATES}", equal, "float32"),
    ):
        print(f"{name}: compiling", file=sys.stderr)
        build = partial(Brian2Network, given, round(duration / delta_t), delta_t, dtype=dtype)
        compilation, built = timed(lambda build=build: stack.enter_context(build()))
        contenders.append(brian2_simulator(name, built, duration, compilation, seed))
        versions = ", ".join(f"{package} {version}" for package, version in built.versions.items())
    remarks.append(
        f"Brian2: C++ standalone, with {versions}; loading the network and saving the spikes are not timed. At the "
        "mean external rate the input is one `PoissonInput`; otherwise each neuron's is drawn by `poisson()`."
    )
    return contenders, remarks


def _take_turns(contenders: list[Contender], repeats: int, n_excitatory: int) -> dict[str, Turns]:
    from benchmarks.default_network import timed

    turns = {contender.name: Turns() for contender in contenders}
    for repeat in range(repeats):
        for contender in contenders:
            print(f"{contender.name}: turn {repeat + 1} of {repeats}", file=sys.stderr)
            preparation, simulate = timed(partial(contender.prepare, repeat))
            wall, counts = simulate()
            rate = counts / contender.duration
            turn = turns[contender.name]
            turn.preparation.append(preparation)
            turn.speed.append(contender.duration / wall)
            turn.rates.append((float(rate[:n_excitatory].mean()), float(rate[n_excitatory:].mean())))
    return turns


def _table(contenders: list[Contender], turns: dict[str, Turns]) -> str:
    ours = [contender.name for contender in contenders[: len(_OURS)]]
    rows = []
    for contender in contenders:
        turn = turns[contender.name]
        ratios = [median(map(truediv, turns[mine].speed, turn.speed)) for mine in ours]
        excitatory, inhibitory = turn.mean_rates
        rows.append(
            (
                contender.name,
                f"{contender.duration:g}",
                f"{contender.compilation:.1f}" if contender.compilation else "",
                f"{median(turn.preparation):.2f}",
                f"{median(turn.speed):.3g} ({min(turn.speed):.3g} to {max(turn.speed):.3g})",
                *(f"{ratio:.3g}" for ratio in ratios),
                f"{excitatory:.2f}, {inhibitory:.2f}",
            )
        )
    header = (
        "simulator",
        "simulated s",
        "compile s",
        "prepare s",
        "simulated s per wall s",
        *(f"times slower than {mine}" for mine in ours),
        "E, I rate (Hz)",
    )
    return markdown_table(header, rows)


def _agreement(turns: dict[str, Turns]) -> list[str]:
    """How far the others' mean rates are from ours: the check that their parameters are the right ones."""
    ours = next(iter(turns.values())).mean_rates
    return [_comparison(name, ours, turns[name].mean_rates) for name in ("NEST", "Brian2") if name in turns]


def _comparison(name: str, ours: tuple[float, float], theirs: tuple[float, float]) -> str:
    differences = [their / our - 1 for our, their in zip(ours, theirs, strict=True)]
    verdict = "agree" if max(map(abs, differences)) <= _MAX_DIFFERENCE else "DO NOT AGREE"
    shown = ", ".join(f"{kind} {difference:+.1%}" for kind, difference in zip("EI", differences, strict=True))
    return f"{name}'s mean rates {verdict} with ours within {_MAX_DIFFERENCE:.0%}: {shown}."


if __name__ == "__main__":
    main()
