"""Run a spiking network in the compiled loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from neuro_mod.core.choices import Mechanism, Precision, check_choice
from neuro_mod.core.spiking_net.engine import kernel
from neuro_mod.core.spiking_net.external.poisson import count_tables, external_stream
from neuro_mod.core.spiking_net.external.stimulus import Stimulus
from neuro_mod.core.spiking_net.network import ExternalInput, SpikingNetwork, Synapses
from neuro_mod.core.spiking_net.propagators import propagators
from neuro_mod.core.spiking_net.spikes import MOST_STEPS, SpikeEvents
from neuro_mod.core.spiking_net.state import State

#: Neuron updates between two looks at the clock, the keyboard and the spike buffer: some milliseconds.
_UPDATES_PER_CALL = 2_000_000
_MIN_SPIKE_CAPACITY = 2**16
#: From this density on, going through a whole row of the adjacency matrix beats going through a list of targets.
_DENSE = 1 / 16


@dataclass(frozen=True)
class Traces:
    """Which voltages and currents are recorded; spikes always are.

    Args:
        voltage: Neurons whose voltage is recorded.
        current: Neurons whose synaptic current is recorded.
        every: Record after steps ``0, every, 2 every, ...`` of the run.
    """

    voltage: ArrayLike = ()
    current: ArrayLike = ()
    every: int = 1


@dataclass(frozen=True)
class Simulation:
    """What a simulation leaves behind.

    Args:
        spikes: All spikes.
        voltage: V after the recorded steps, shape ``(n_recorded_steps, n_recorded_neurons)``.
        current: I after the recorded steps, likewise.
        state: State after the last step, to continue from.
    """

    spikes: SpikeEvents
    voltage: NDArray[np.floating]
    current: NDArray[np.floating]
    state: State


class SimulationInterrupted(KeyboardInterrupt):
    """Ctrl-C during a simulation; ``finished`` holds the part that was done."""

    def __init__(self, finished: Simulation):
        super().__init__(finished)
        self.finished = finished

    def __str__(self) -> str:
        return f"interrupted after {self.finished.spikes.duration:g} simulated seconds"


def simulate(
    network: SpikingNetwork,
    state: State,
    n_steps: int,
    *,
    delta_t: float,
    seed: int,
    stimulus: Stimulus | None = None,
    mechanism: Mechanism = "analytic",
    dtype: DTypeLike = np.float32,
    traces: Traces | None = None,
    progress: Callable[[int], None] | None = None,
) -> Simulation:
    """Simulate a network from a state, event by event and step by step in the compiled loop.

    The Poisson input is drawn inside the loop; memory is that of the network, the spikes and the asked-for traces.

    Args:
        network: The network.
        state: Where to start; it is not changed.
        n_steps: Number of steps.
        delta_t: Time step h in seconds.
        seed: Root seed of the external input.
        stimulus: Deterministic stimulus with a course of ``n_steps`` entries.
        mechanism: ``analytic`` (exact integration) or ``euler``.
        dtype: float32 or float64.
        traces: Voltages and currents to record.
        progress: Called with 0 when the kernel is compiled, then now and then with the number of steps done.

    Returns:
        Spikes, traces and the state after the last step.

    Raises:
        ValueError: An argument is out of bounds.
        FloatingPointError: The state became infinite or NaN; the message says when and where.
        SimulationInterrupted: On Ctrl-C, with the finished part.
    """
    run = _Run(network, state, n_steps, delta_t, seed, stimulus, mechanism, np.dtype(dtype), traces or Traces())
    report = progress or (lambda _: None)
    try:
        run.advance(0)
        report(0)
        while run.done < n_steps:
            run.advance(_UPDATES_PER_CALL // max(network.n_neurons, 1) + 1)
            report(run.done)
    except KeyboardInterrupt:
        raise SimulationInterrupted(run.result()) from None
    return run.result()


class _Run:
    """A simulation on its way."""

    def __init__(
        self,
        network: SpikingNetwork,
        state: State,
        n_steps: int,
        delta_t: float,
        seed: int,
        stimulus: Stimulus | None,
        mechanism: Mechanism,
        dtype: np.dtype,
        traces: Traces,
    ):
        _check(network, state, n_steps, delta_t, stimulus, dtype, traces)
        self._n_steps, self._delta_t, self._first_step = n_steps, delta_t, state.step
        start = State(
            state.voltage.astype(dtype), state.current.astype(dtype), state.refractory.astype(np.int32), state.step
        )
        self._progress: tuple[State, _Chunk | None] = (start, None)
        self._neurons, voltage_per_drive = _neurons(network, mechanism, delta_t, dtype)
        self._noise = _noise(network.external, 1 / network.tau_synaptic, seed, delta_t, dtype)
        self._drive = _drive(stimulus, voltage_per_drive, dtype)
        self._wiring = _wiring(network, dtype)
        self._traces = _traces(traces, network.n_neurons, n_steps, dtype)
        capacity = max(_MIN_SPIKE_CAPACITY, 2 * network.n_neurons)
        self._buffer = np.empty(capacity, np.int32), np.empty(capacity, np.int32)

    def advance(self, n_steps: int) -> None:
        """Simulate up to so many steps.

        The loop works on copies, and what it did is taken over in one assignment at the end: wherever Ctrl-C strikes,
        state and spikes belong together.
        """
        state, chunks = self._progress
        voltage, current, refractory = state.voltage.copy(), state.current.copy(), state.refractory.copy()
        done, n_spikes = kernel.advance(
            self.done,
            min(n_steps, self._n_steps - self.done),
            self._first_step,
            voltage,
            current,
            refractory,
            self._neurons,
            self._noise,
            self._drive,
            self._wiring,
            self._traces,
            *self._buffer,
        )
        steps, neurons = (buffer[:n_spikes].copy() for buffer in self._buffer)
        advanced = State(voltage, current, refractory, state.step + done, self._delta_t)
        _check_finite(advanced)
        self._progress = advanced, _Chunk(steps, neurons, chunks)

    @property
    def done(self) -> int:
        """Steps done so far."""
        return self._progress[0].step - self._first_step

    def result(self) -> Simulation:
        """What there is so far."""
        state, chunk = self._progress
        done = state.step - self._first_step
        steps, neurons = [np.empty(0, np.int32)], [np.empty(0, np.int32)]
        while chunk is not None:
            steps.append(chunk.steps)
            neurons.append(chunk.neurons)
            chunk = chunk.earlier
        samples = -(-done // self._traces.every)
        return Simulation(
            SpikeEvents(
                np.concatenate(steps[::-1]), np.concatenate(neurons[::-1]), done, len(state.voltage), self._delta_t
            ),
            self._traces.voltage[:samples],
            self._traces.current[:samples],
            state,
        )


class _Chunk(NamedTuple):
    """Spikes of one call of the kernel, and those before."""

    steps: NDArray[np.int32]
    neurons: NDArray[np.int32]
    earlier: _Chunk | None


def _check_finite(state: State) -> None:
    bad = np.flatnonzero(~(np.isfinite(state.voltage) & np.isfinite(state.current)))
    if len(bad):
        raise FloatingPointError(
            f"the state of {len(bad)} neurons (first: neuron {bad[0]}) is no longer finite by step {state.step}; "
            "a smaller delta_t, or weaker weights and inputs, may help"
        )


def _check(
    network: SpikingNetwork,
    state: State,
    n_steps: int,
    delta_t: float,
    stimulus: Stimulus | None,
    dtype: np.dtype,
    traces: Traces,
) -> None:
    n = network.n_neurons
    check_choice("dtype", dtype.name, Precision)
    if not 0 <= n_steps <= MOST_STEPS:
        raise ValueError(f"n_steps is {n_steps}; valid: 0 to {MOST_STEPS}")
    if not delta_t > 0:
        raise ValueError(f"delta_t is {delta_t}; it must be positive")
    for name in ("voltage", "current", "refractory"):
        if np.shape(getattr(state, name)) != (n,):
            raise ValueError(f"the state's {name} has shape {np.shape(getattr(state, name))}, the network {n} neurons")
    if state.step < 0 or state.delta_t not in (None, delta_t):
        raise ValueError(
            f"the state stands at step {state.step} of {state.delta_t} s; expected a step of {delta_t} s, not below 0"
        )
    if stimulus is not None and (stimulus.gain.shape != (n,) or stimulus.course.shape != (n_steps,)):
        raise ValueError(
            f"the stimulus has {stimulus.gain.shape} neurons and {stimulus.course.shape} steps; "
            f"expected ({n},) and ({n_steps},)"
        )
    if traces.every < 1:
        raise ValueError(f"every is {traces.every}; record at least every step (1)")
    for neurons in map(np.asarray, (traces.voltage, traces.current)):
        if neurons.size and not 0 <= neurons.min() <= neurons.max() < n:
            raise ValueError(f"recorded neurons must lie in 0..{n - 1}, found {neurons.min()}..{neurons.max()}")


def _neurons(
    network: SpikingNetwork, mechanism: Mechanism, delta_t: float, dtype: np.dtype
) -> tuple[kernel.Neurons, NDArray[np.float64]]:
    """Coefficients for the kernel, and the voltage that a stimulus of 1 adds in one step."""
    step = propagators(np, mechanism, network.tau_membrane, network.tau_synaptic, delta_t)
    values = step.a, step.b, step.d, network.threshold, network.reset_voltage
    a, b, d, threshold, reset_voltage = (value.astype(dtype) for value in values)
    refractory_steps = np.minimum(np.rint(network.tau_refractory / delta_t), MOST_STEPS).astype(np.int32)
    return kernel.Neurons(a, b, d, threshold, reset_voltage, refractory_steps), step.c


def _noise(
    external: ExternalInput, current_per_weight: NDArray[np.float64], seed: int, delta_t: float, dtype: np.dtype
) -> kernel.Noise:
    n = len(current_per_weight)
    tables = count_tables(external, delta_t)
    shape = len(tables), max((len(t.first) for t in tables), default=1)
    length = max((t.quantiles.shape[1] for t in tables), default=kernel.N_FRONT)
    key = np.array([external_stream(seed, source).key for source in range(len(tables))], np.uint64).reshape(-1, 2)
    first = np.zeros(shape, np.int32)
    quantiles = np.full((*shape, max(length, kernel.N_FRONT)), 2**32 - 1, np.uint32)
    row = np.zeros((len(tables), n), np.int32)
    for source, table in enumerate(tables):
        row[source] = table.row
        first[source, : len(table.first)] = table.first
        quantiles[source, : len(table.first), : table.quantiles.shape[1]] = table.quantiles
    front = np.array([q[r, : kernel.N_FRONT].T for q, r in zip(quantiles, row, strict=True)], np.uint32)
    flipped = (front ^ np.uint32(kernel.SIGN_BIT)).view(np.int32).reshape(len(tables), kernel.N_FRONT, n)
    weight = (external.weight * current_per_weight).astype(dtype)
    return kernel.Noise(key, weight, np.ascontiguousarray(flipped), row, first.any(axis=1), first, quantiles)


def _drive(stimulus: Stimulus | None, voltage_per_drive: NDArray[np.float64], dtype: np.dtype) -> kernel.Drive:
    if stimulus is None:
        return kernel.Drive(np.zeros(len(voltage_per_drive), dtype), np.zeros(1, dtype))
    return kernel.Drive((stimulus.gain * voltage_per_drive).astype(dtype), stimulus.course.astype(dtype))


def _wiring(network: SpikingNetwork, dtype: np.dtype) -> kernel.Wiring:
    synapses, adjacency = network.synapses, network.synapses.adjacency
    n = network.n_neurons
    if isinstance(synapses, Synapses):
        row = synapses.population.astype(np.int32)
        rows = synapses.block_weights[synapses.population].T / network.tau_synaptic
        each = np.empty(0)
        mask = adjacency.dense().T if len(adjacency.targets) > _DENSE * n**2 else np.empty((0, n))
    else:
        row, rows, mask = np.zeros(n, np.int32), np.empty((0, n)), np.empty((0, n))
        each = synapses.weights / network.tau_synaptic[adjacency.targets]
    return kernel.Wiring(
        adjacency.offsets,
        adjacency.targets,
        row,
        np.ascontiguousarray(rows, dtype),
        each.astype(dtype),
        np.ascontiguousarray(mask, np.uint8),
    )


def _traces(traces: Traces, n_neurons: int, n_steps: int, dtype: np.dtype) -> kernel.Traces:
    samples = -(-n_steps // traces.every)
    chosen: Sequence[NDArray[np.int64]] = [
        np.asarray(neurons, np.int64).reshape(-1) for neurons in (traces.voltage, traces.current)
    ]
    voltage, current = (np.empty((samples, len(neurons)), dtype) for neurons in chosen)
    return kernel.Traces(traces.every, chosen[0], voltage, chosen[1], current)
