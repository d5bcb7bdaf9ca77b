"""The microcircuit of Potjans & Diesmann (2014): rates in theory, in NNMT, and simulated.

Run ``python -m benchmarks.microcircuit`` from the root of the repository. Eight populations of four layers, 77,169
neurons. Simplified alike for theory and simulation: in-degrees are fixed, at the whole part of their mean; weights have
no spread; in the simulation spikes arrive with the next step, without the delays of the model. The published
rates are those of a simulation with binomial in-degrees, spread weights, and delays of 0.75 and 1.5 ms. Voltages are in
mV. NNMT comes with the extra ``peers``; without it its row is left out. Nothing here is asserted: the table reports.

References:
    Potjans & Diesmann 2014, Cereb. Cortex 24, 785. Published rates: the microcircuit example of NEST.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray

from benchmarks.nnmt_network import import_nnmt
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from benchmarks.spike_trains import Trains
from neuro_mod.choices import Closure, ResponseKind
from neuro_mod.core.clustering.adjacency import draw_adjacency
from neuro_mod.core.mean_field.core.lif_mean_field import LIFMeanField
from neuro_mod.core.neurons import NeuronParameters
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.state import initial_state
from neuro_mod.core.spiking_net.engine.trial import Recording, Trial
from neuro_mod.core.spiking_net.network import ExternalInput, SpikingNetwork, Synapses
from neuro_mod.populations import Populations

_Array = NDArray[np.float64]

NAMES = ("2/3E", "2/3I", "4E", "4I", "5E", "5I", "6E", "6I")
SIZES = np.array([20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948])
#: Probability that a pair has at least one synapse, [post, pre].
_CONNECTED = np.array(
    [
        [0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0],
        [0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0],
        [0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0],
        [0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0],
        [0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0],
        [0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0],
        [0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252],
        [0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443],
    ]
)
_EXTERNAL_IN_DEGREE = np.array([1600.0, 1500, 2100, 1900, 2000, 1900, 2900, 2100])
_EXTERNAL_RATE, _PSP, _INHIBITION, _DOUBLED = 8.0, 0.15, -4.0, (0, 2)  # Hz, mV, ratio, from 4E to 2/3E
_TAU_M, _TAU_S, _TAU_REF, _THRESHOLD = 10e-3, 0.5e-3, 2e-3, 15.0  # s, s, s, mV above rest and reset
_PUBLISHED = np.array([0.943, 3.026, 4.368, 5.882, 7.733, 8.664, 1.096, 7.851])
_DROPPED = 0.3  # s


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.microcircuit", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--duration", type=float, default=3.0, help="seconds to simulate (default 3)")
    parser.add_argument("--steps", type=float, nargs="+", default=[1e-4, 2.5e-5], help="in s (default 1e-4 2.5e-5)")
    parser.add_argument("--seed", type=int, default=1, help="of the network and its input (default 1)")
    parser.add_argument("--out", type=Path, help="write the report to this Markdown file too")
    chosen = parser.parse_args(arguments)
    notes = [f"Machine: {describe_machine()}. {describe_versions(('numpy', 'numba', 'nnmt'))}."]
    rows: list[tuple[str, _Array]] = []
    for response, closure in product(get_args(ResponseKind), get_args(Closure)):
        rows.append((f"theory: {response}, {closure}", theory(response, closure)))
    nnmt = import_nnmt()
    if nnmt is None:
        notes.append("NNMT skipped: it is not installed (extra `peers`).")
    else:
        rows.append(("NNMT (`lif.exp.firing_rates`)", nnmt_rates(nnmt)))
    network = draw(chosen.seed)
    found = {step: simulated(network, step, chosen.duration, chosen.seed) for step in chosen.steps}
    rows += [(f"simulated, steps of {1e3 * step:g} ms", rates) for step, (rates, _) in found.items()]
    rows.append(("published simulation", _PUBLISHED))
    rows += [(f"interval CV, simulated, {1e3 * step:g} ms", cvs) for step, (_, cvs) in found.items()]
    notes.append(
        f"Simulated: {network.n_neurons:,} neurons, {network.synapses.adjacency.n_synapses:,} synapses, all partners "
        f"distinct, spikes arrive with the next step; {chosen.duration:g} s after {_DROPPED:g} s. CV: of all "
        "intervals of a population, see `benchmarks.spike_trains`."
    )
    table = markdown_table(("Hz", *NAMES), [(name, *(f"{each:.3g}" for each in values)) for name, values in rows])
    title = "### The microcircuit of Potjans & Diesmann"
    publish("\n\n".join([title, table, "\n".join(f"- {note}" for note in notes)]), chosen.out)


def in_degrees() -> _Array:
    """Synapses of a neuron from each population, [post, pre]: whole numbers."""
    pairs = np.multiply.outer(SIZES, SIZES)
    return np.floor(np.log(1 - _CONNECTED) / np.log(1 - 1 / pairs) / SIZES[:, None])


def weights() -> _Array:
    """Voltage in mV that the charge of one spike adds, [post, pre]; a PSP of 0.15 mV peaks lower than that."""
    ratio = _TAU_S / _TAU_M
    peak = (ratio ** (ratio / (1 - ratio)) - ratio ** (1 / (1 - ratio))) / (1 - ratio)
    weight = np.tile([_PSP / peak, _INHIBITION * _PSP / peak], (len(SIZES), len(SIZES) // 2))
    weight[_DOUBLED] *= 2
    return weight


def theory(response: ResponseKind, closure: Closure) -> _Array:
    """Rates in Hz of the steady state that the rates relax to from near silence, shape ``(8,)``."""
    field = LIFMeanField(
        len(SIZES),
        in_degrees(),
        weights(),
        weights()[0, 0],
        _EXTERNAL_IN_DEGREE,
        _EXTERNAL_RATE,
        _TAU_M,
        _TAU_S,
        _THRESHOLD,
        0.0,
        _TAU_REF,
        response=response,
        closure=closure,
    )
    return field.solve_rates(np.ones(len(SIZES))).x


def nnmt_rates(nnmt: Any) -> _Array:
    """Rates in Hz as NNMT finds them."""
    network = nnmt.models.Plain(
        {
            "J": weights(),
            "K": in_degrees(),
            "J_ext": np.diag(np.full(len(SIZES), weights()[0, 0])),
            "K_ext": np.diag(_EXTERNAL_IN_DEGREE),
            "nu_ext": np.full(len(SIZES), _EXTERNAL_RATE),
            "V_0_rel": 0.0,
            "V_th_rel": _THRESHOLD,
            "tau_m": _TAU_M,
            "tau_r": _TAU_REF,
            "tau_s": _TAU_S,
        }
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "k=sqrt")
        return nnmt.lif.exp.firing_rates(network, nu_0=np.ones(len(SIZES)))


@dataclass(frozen=True)
class _Layout:
    """Populations of any sizes, as far as connections are drawn between them."""

    sizes: NDArray[np.int64]

    @property
    def total(self) -> int:
        return len(self.sizes)

    @property
    def n_neurons(self) -> int:
        return int(self.sizes.sum())

    @property
    def boundaries(self) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(self.sizes)])


def draw(seed: int) -> SpikingNetwork:
    """The spiking network."""
    p = len(SIZES)
    adjacency = draw_adjacency(cast(Populations, _Layout(SIZES)), in_degrees() / SIZES, seed)
    every = np.ones((1, p))
    return SpikingNetwork(
        sizes=SIZES,
        synapses=Synapses(adjacency, weights()),
        external=ExternalInput(
            weights()[0, 0] * every, _EXTERNAL_IN_DEGREE * every, _EXTERNAL_RATE * every, np.zeros(p), None
        ),
        neurons=NeuronParameters(
            tau_membrane=np.full(p, _TAU_M),
            tau_synaptic=np.full(p, _TAU_S),
            tau_refractory=np.full(p, _TAU_REF),
            threshold=np.full(p, _THRESHOLD),
            reset_voltage=np.zeros(p),
        ),
        names=NAMES,
    )


def simulated(network: SpikingNetwork, step: float, duration: float, seed: int) -> tuple[_Array, _Array]:
    """Rates in Hz and interval CVs of the populations, shape ``(8,)`` each."""
    start = Trial(
        network=network,
        state=initial_state(network, seed, "uniform"),
        n_steps=round(_DROPPED / step),
        delta_t=step,
        recording=Recording(spikes=False),
        allow_other_network=True,  # it is this one, and the fingerprint of so large a network takes a while
    )
    result = simulate(replace(start, state=simulate(start).end, n_steps=round(duration / step), recording=Recording()))
    assert result.events is not None
    trains = Trains.of(result.events)
    members = [np.flatnonzero(network.population == each) for each in range(network.n_populations)]
    rates = np.bincount(network.population, result.spike_counts) / (SIZES * duration)
    return rates, np.array([trains.cv_pooled(neurons) for neurons in members])


if __name__ == "__main__":
    main()
