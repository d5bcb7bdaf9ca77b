"""Time the default network with block weights and with general ones, and with parameters that vary in space or time.

Run ``python -m benchmarks.weights`` from the root of the repository. All cases take turns; slow-downs are medians over
the turns. The variations are small, so that all cases have about the same spikes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from statistics import median

import numpy as np
from numpy.typing import NDArray

from benchmarks.default_network import (
    PACKAGES,
    Turn,
    draw,
    load_default,
    new_trial,
    options,
    take_turns,
    timed,
    warmed_up,
)
from benchmarks.report import describe_machine, describe_versions, markdown_table, publish
from neuro_mod.core.course import Course
from neuro_mod.core.spiking_net.engine.simulate import simulate
from neuro_mod.core.spiking_net.engine.trial import Trial
from neuro_mod.core.spiking_net.network import GeneralSynapses

_WARM_UP = 0.5  # s
_PERIOD = 0.5  # s
_HAT = 1.02  # factor on the rate
_WAVE = 0.01  # amplitude of what varies, relative
_SPREAD = 0.002
_FIRST, _GENERAL = "block weights, no course", "general weights"
_MAX = 2.0  # times slower that general weights may be


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark."""
    chosen = options("weights", __doc__, duration=2.0, repeats=5).parse_args(arguments)
    machine = describe_machine()
    experiment = load_default()
    trial = warmed_up(new_trial(draw(experiment), experiment, chosen.duration), _WARM_UP)
    cases = {name: timed(make) for name, make in _cases(trial).items()}
    actions = {}
    for name, (_, case) in cases.items():
        empty = replace(case, n_steps=0)
        simulate(case)  # compiles, and lays out the synapses
        actions |= {name: partial(simulate, case), _set_up(name): partial(simulate, empty)}
    turns = take_turns(actions, chosen.repeats)
    n_excitatory = experiment.architecture.network.n_excitatory
    rows = [_row(name, case, turns, making, n_excitatory) for name, (making, case) in cases.items()]
    header = (
        "network",
        "us per step, median (least)",
        "times slower",
        "set-up s",
        "making the case s",
        "E, I rate (Hz)",
    )
    slow_down = _slow_down(turns, _GENERAL)
    notes = [
        f"Machine: {machine}. {describe_versions(PACKAGES)}.",
        f"Default network, {chosen.duration:g} s after {_WARM_UP:g} s, float32, spikes recorded, 1 thread, "
        f"{chosen.repeats} turns. Steps are without set-up, which is what `simulate` does before the first one for a "
        "network it has met.",
        f"General weights take {slow_down:.2f} times as long as block weights, which is "
        f"{'within' if slow_down <= _MAX else 'NOT WITHIN'} the {_MAX:g} times they may take.",
        f"Courses are sines of {_WAVE:.0%}, at another phase in each (receiving) population, so that none has the "
        f"parameters of another; the hat is a rate {_HAT - 1:.0%} higher in the middle third, of all populations.",
    ]
    publish(markdown_table(header, rows) + "\n\n" + "\n".join(f"- {note}" for note in notes), chosen.out)


def _cases(trial: Trial) -> dict[str, Callable[[], Trial]]:
    """What is compared; the first is what all are compared with."""
    network, n_steps = trial.network, trial.n_steps
    rate, threshold = network.external.rate, network.threshold
    weights = trial.parameters["block_weights"].values[0]

    def general() -> Trial:
        synapses = GeneralSynapses.from_matrix(network.dense_weights())
        return replace(trial, network=replace(network, synapses=synapses))

    def all_differ() -> Trial:
        factor = np.linspace(1 - _SPREAD, 1 + _SPREAD, network.n_populations)
        return replace(trial, network=replace(network, neurons=replace(network.neurons, threshold=threshold * factor)))

    def hat() -> Trial:
        values = rate * np.array([1.0, _HAT, 1.0])[:, None, None]
        return replace(trial, courses={"external_rate": Course(np.arange(3) * (n_steps // 3), values)})

    def course(name: str, make: Callable[[NDArray[np.float64]], NDArray[np.float64]], every: int) -> Trial:
        return replace(trial, courses={name: Course.sampled(make(_waves(trial, every)), every)})

    def of_rates(every: int) -> Trial:
        return course("external_rate", lambda wave: rate * wave[:, None], every)

    def of_weights(every: int) -> Trial:
        return course("block_weights", lambda wave: weights * wave[:, :, None], every)

    return {
        _FIRST: lambda: trial,
        _GENERAL: general,
        f"{network.n_populations} different thresholds": all_differ,
        "external_rate: hat, 3 pieces": hat,
        "external_rate: sine, every step": partial(of_rates, 1),
        "external_rate: sine, every 10 steps": partial(of_rates, 10),
        "threshold: sine, every step": lambda: course("threshold", lambda wave: threshold * wave, 1),
        "block_weights: sine, every step": partial(of_weights, 1),
        "block_weights: sine, every 10 steps": partial(of_weights, 10),
    }


def _waves(trial: Trial, every: int) -> NDArray[np.float64]:
    """Factors about 1, a wave for each (receiving) population, shape ``(K, P)``."""
    time = np.arange(0, trial.n_steps, every) * trial.delta_t
    phase = np.arange(trial.network.n_populations) / trial.network.n_populations
    return 1 + _WAVE * np.sin(2 * np.pi * (time[:, None] / _PERIOD + phase))


def _set_up(name: str) -> str:
    return f"{name}, set-up"


def _row(name: str, trial: Trial, turns: Mapping[str, list[Turn]], making: float, n_excitatory: int) -> tuple[str, ...]:
    """One case beside the first one."""
    step = _steps(turns, name) / trial.n_steps * 1e6
    rates = turns[name][0].result.spike_counts / trial.duration
    return (
        name,
        f"{median(step):.1f} ({min(step):.1f})",
        f"{_slow_down(turns, name):.2f}",
        f"{median(turn.wall for turn in turns[_set_up(name)]):.3f}",
        f"{making:.2f}",
        f"{rates[:n_excitatory].mean():.2f}, {rates[n_excitatory:].mean():.2f}",
    )


def _slow_down(turns: Mapping[str, list[Turn]], name: str) -> float:
    return median(_steps(turns, name) / _steps(turns, _FIRST))


def _steps(turns: Mapping[str, list[Turn]], name: str) -> NDArray[np.float64]:
    """Seconds of the steps of each turn."""
    return np.array([turn.wall - empty.wall for turn, empty in zip(turns[name], turns[_set_up(name)], strict=True)])


if __name__ == "__main__":
    main()
